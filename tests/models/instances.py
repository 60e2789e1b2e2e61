"""Random instances of the models: of requests by their fields' schemas, of answers by their fields' types."""

from __future__ import annotations

from decimal import Decimal
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

import attrs
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema

from paymentoptions_async.models.rules import json_schema
from paymentoptions_async.models.wire import wire_names
from paymentoptions_async.sandbox.schemas import REQUESTS

_CLASSES: Final = {kind.__name__: kind for kind in REQUESTS}
_TEXT: Final = st.text(max_size=20)
_MEMBERS: Final[dict[type, st.SearchStrategy[Any]]] = {
    str: _TEXT,
    int: st.integers(-(10**9), 10**9),
    Decimal: st.decimals(0, 10**9, places=2),
    bool: st.booleans(),
}


def requests(kind: type[Any]) -> st.SearchStrategy[Any]:
    """A request, or a part of one, that keeps its rules."""
    if kind not in _made:
        _made[kind] = st.builds(kind, **{field.name: _kept(field) for field in attrs.fields(kind)})
    return _made[kind]


# It takes long to make one.
_made: Final[dict[type[Any], st.SearchStrategy[Any]]] = {}


def _kept(field: attrs.Attribute[Any]) -> st.SearchStrategy[Any]:
    schema = json_schema(field)
    nested = _CLASSES.get(schema.get("$ref", "").rpartition("/")[2])
    # A float is no amount to the models: what is read from JSON is text, digit for digit.
    kept = requests(nested) if nested else from_schema(schema).filter(lambda value: not isinstance(value, float))
    return kept | st.none() if field.default is None else kept


def answers(kind: type[Any]) -> st.SearchStrategy[Any]:
    """An answer or a part of one, as far as it is read off the wire."""
    types = get_type_hints(kind)
    members = {field.name: _member(types[field.name]) for field in attrs.fields(kind) if field.name != "raw"}
    return st.builds(kind, **members)


def _member(hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) is tuple:
        return st.lists(answers(get_args(hint)[0]), max_size=3).map(tuple)
    kinds = [part for part in get_args(hint) if part is not NoneType]
    told = _MEMBERS[kinds[0]] if kinds and kinds[0] in _MEMBERS else answers(kinds[0]) if kinds else _TEXT
    return st.none() | told if kinds else told


def written(value: Any, spelling: int = 0) -> Any:
    """An answer as JSON holds it; `spelling` chooses where the vendor spells a member in two ways."""
    if isinstance(value, tuple):
        return [written(one, spelling) for one in value]
    if attrs.has(type(value)):
        members = [field.name for field in attrs.fields(type(value)) if field.name != "raw"]
        return {wire_names(name)[-spelling]: written(getattr(value, name), spelling) for name in members}
    return str(value) if isinstance(value, Decimal) else value
