"""Flags that several commands have are written once: as the fields of an attrs class in a command's signature."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from inspect import Parameter
from typing import Any, get_type_hints

import attrs

__all__ = ["spread"]


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command as Typer has to see it: a parameter of an attrs class is one parameter for each of its fields.

    Args:
        command: It takes those parameters by keyword only. Every field of them has a default.
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and attrs.has(hint)}

    @functools.wraps(command)
    def spread_out(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in attrs.fields(group)})
        command(**given)

    signature = inspect.signature(command)
    parameters = [
        part
        for parameter in signature.parameters.values()
        for part in _parts(parameter.replace(annotation=hints[parameter.name]), groups.get(parameter.name))
    ]
    spread_out.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    spread_out.__annotations__ = {part.name: part.annotation for part in parameters}
    return spread_out


def _parts(parameter: Parameter, group: type[attrs.AttrsInstance] | None) -> Iterator[Parameter]:
    if group is None:
        yield parameter
        return
    hints = get_type_hints(group, include_extras=True)
    for field in attrs.fields(group):
        yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
