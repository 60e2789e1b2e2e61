"""What can be made of a request, a card and a payment by somebody who means to show, keep or send them."""

from __future__ import annotations

import copy
import inspect
import io
import json
import pickle
import pprint
import reprlib
import traceback
from collections.abc import Callable
from string import Template
from typing import Any, Final

import attrs
import cattrs
import msgspec
import orjson
import rich
import rich.console
import rich.pretty
from fastapi.encoders import jsonable_encoder

__all__ = ["RENDERINGS"]

Rendering = Callable[[Any], str]


def _console(show: Callable[[rich.console.Console], None]) -> str:
    written = io.StringIO()
    show(rich.console.Console(file=written, width=200, color_system=None))
    return written.getvalue()


def _told(render: Rendering) -> Rendering:
    """What it gives, or the error that it ends in, with its frames: not everything can be done with everything."""

    def told(thing: Any) -> str:
        try:
            return render(thing)
        except Exception as error:  # noqa: BLE001  # whatever a library raises
            frames = traceback.TracebackException.from_exception(error, capture_locals=True)
            return "".join(frames.format())

    return told


def _states(thing: Any) -> str:
    return "".join(_told(lambda it: str(getattr(it, name)()))(thing) for name in ("__getstate__", "__reduce__"))  # noqa: B023


_RENDERINGS: Final[dict[str, Rendering]] = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "format": format,
    "f-string": lambda it: f"{it} {it!r} {it!s} {it!a}",
    "percent": lambda it: "%s %r %a" % (it, it, it),  # noqa: UP031
    "str.format": "{0} {0!r}".format,
    "template": lambda it: Template("$it").substitute(it=it),
    "in a container": lambda it: f"{[it]} {(it,)} { {'it': it} }",
    "reprlib": reprlib.repr,
    "pprint": pprint.pformat,
    "rich.pretty": rich.pretty.pretty_repr,
    "rich.print": lambda it: _console(lambda console: console.print(it)),
    "asdict": lambda it: str(attrs.asdict(it)),
    "asdict, members": lambda it: str(attrs.asdict(it, value_serializer=lambda _, __, value: str(value))),
    "astuple": lambda it: str(attrs.astuple(it)),
    "asdict as JSON": lambda it: json.dumps(attrs.asdict(it), default=str),
    "JSON by str": lambda it: json.dumps(it, default=str),
    "JSON by repr": lambda it: json.dumps(it, default=repr),
    "JSON by vars": lambda it: json.dumps(it, default=vars),
    "orjson by str": lambda it: orjson.dumps(it, default=str).decode(),
    "cattrs": lambda it: str(cattrs.Converter().unstructure(it)),
    "msgspec": lambda it: str(msgspec.to_builtins(it, enc_hook=str)),
    "msgspec JSON": lambda it: msgspec.json.encode(it, enc_hook=str).decode(),
    "FastAPI": lambda it: str(jsonable_encoder(it)),
    "vars": lambda it: str(vars(it)),
    "public members": lambda it: str([pair for pair in inspect.getmembers(it) if not pair[0].startswith("_")]),
    "copy": lambda it: repr(copy.copy(it)),
    "deepcopy": lambda it: repr(copy.deepcopy(it)),
    "pickle": lambda it: str(pickle.dumps(it)),
    "state": _states,
    "comparison": lambda it: str((it == "x", it != it, hash(type(it)))),
}

RENDERINGS: Final = {name: _told(render) for name, render in _RENDERINGS.items()}
