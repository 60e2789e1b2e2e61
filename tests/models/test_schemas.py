from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any, Final

import attrs
import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from jsonschema_rs import Draft202012Validator

from paymentoptions_async.models.rules import find_problems, json_schema
from paymentoptions_async.sandbox.schemas import REQUESTS

LEAVES: Final[dict[str, attrs.Attribute[Any]]] = {
    f"{kind.__name__}.{field.name}": field
    for kind in REQUESTS
    for field in attrs.fields(kind)
    if "$ref" not in json_schema(field)
}
# One field for each schema that there is.
DIFFERENT: Final = {orjson.dumps(json_schema(field)): name for name, field in LEAVES.items()}

# Just within and just beyond every limit that there is.
LENGTHS: Final = {
    length + beyond for length in (1, 2, 3, 4, 10, 12, 16, 20, 45, 65, 128, 199, 255, 4096) for beyond in (-1, 0, 1)
}
EDGES: Final[list[object]] = [
    *(char * length for length in sorted(LENGTHS) for char in "7Xx٢"),
    *(f"{number:02}" for number in range(101)),
    *(number + beyond for number in (0, 100, 1 << 31, 10**10) for beyond in (-1, 0, 1)),
    0.5, -0.5, "1.", ".1", "1.1", "1.1\n", "1e1", "+1", "-1", "JP\n", "12\n", "127.0.0.1", "127.1", "::1", "1::2::3",
    "::g", None, True, False, [], {},
]  # fmt: skip

# One that is whole is an integer to JSON Schema, and to nobody who reads its digits.
_fractions = st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer())
_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-1, 101)
    | _fractions
    | st.text()
    | st.text("0123456789", max_size=18)
    | st.text("09.:-+ \nAZaz٢", max_size=12)
    | st.integers(-1, 100).map("{:02}".format)
    | st.ip_addresses().map(str)
)
anything = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2), max_leaves=3
)


@cache
def with_one(name: str) -> type[Any]:
    """A class whose only field is this one, required."""
    return attrs.make_class("One", {"it": attrs.field(metadata=LEAVES[name].metadata)})


def keeps_rule(name: str, value: object) -> bool:
    return find_problems(with_one(name)(Decimal(str(value)) if isinstance(value, float) else value)) == []


def keeping(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema, validate_formats=True)


@pytest.mark.parametrize("name", DIFFERENT.values())
@settings(max_examples=40)
@given(data=st.data())
def test_what_keeps_a_rule_keeps_its_schema_and_the_other_way_round(name: str, data: st.DataObject) -> None:
    schema = json_schema(LEAVES[name])
    value = data.draw(from_schema(schema) | anything)
    if isinstance(value, float):
        # JSON Schema cannot say how many characters a number takes.
        assume(not value.is_integer() and len(f"{Decimal(str(value)):f}") <= 10)
    assert keeps_rule(name, value) is keeping(schema).is_valid(value)


@pytest.mark.parametrize("name", LEAVES)
def test_rule_and_schema_have_the_same_limits(name: str) -> None:
    schema = keeping(json_schema(LEAVES[name]))
    assert [value for value in EDGES if keeps_rule(name, value) is not schema.is_valid(value)] == []


def test_every_kind_of_rule_is_held_against_its_schema() -> None:
    assert len(DIFFERENT) >= 15
