"""The rules that a request's fields keep, written beside the fields and checked all at once.

Each has two forms that say the same: a check, and the JSON Schema of what keeps it.

A constructor never refuses: an error raised there would show the card number among the locals of its frame. The
rules are asked right before sending, and by `from_json`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import attrs

from ..errors import Problem
from ..redaction import Secret

__all__ = [
    "Check", "amount", "amount_text", "digits", "find_problems", "flag", "ip_address", "is_sound", "json_schema",
    "letters", "model", "number", "text",
]  # fmt: skip

Check = Callable[[Any], str | None]
"""Takes a field's value and gives the rule that it breaks, or `None`. It never tells the value."""

JsonSchema = dict[str, Any]

Metadata = dict[str, Any]
"""For `attrs.field(metadata=...)`: the rule stands there."""

_RULE: Final = "rule"


def text(longest: int | None = None) -> Metadata:
    """A text field of 1 to so many characters."""
    limit = longest or _UNPUBLISHED
    rule = f"a text of 1 to {limit} characters"

    def check(value: object) -> str | None:
        if not isinstance(value, str) or not 0 < len(value) <= limit:
            return rule
        return None if _encodable(value) else "text that UTF-8 can carry"

    schema = {"type": "string", "minLength": 1, "maxLength": limit}
    return {_RULE: _Rule(check, schema, plain_limit=limit)}


# For what the vendor tells no limit of.
_UNPUBLISHED: Final = 4096


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def letters(count: int, rule: str) -> Metadata:
    """A field of exactly so many capital letters, such as an ISO code."""

    def check(value: object) -> str | None:
        if isinstance(value, str) and len(value) == count and value.isascii():
            return None if value.isalpha() and value.isupper() else rule
        return rule

    return {_RULE: _Rule(check, _matching("[A-Z]", count, count))}


def _matching(char: str, shortest: int, longest: int) -> JsonSchema:
    # The length is told again: to some readers of patterns `$` is also before a line feed at the end.
    pattern = f"^{char}{{{shortest},{longest}}}$"
    return {"type": "string", "pattern": pattern, "minLength": shortest, "maxLength": longest}


def digits(shortest: int, longest: int, *, within: range | None = None) -> Metadata:
    """A field of so many digits, given as text or as a `Secret`, perhaps within a range of numbers."""
    count = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    rule = f"{count} digits, given as text"
    if within is not None:
        rule += f", from {within.start:02} to {within.stop - 1:02}"

    def check(value: object) -> str | None:
        plain = value.reveal() if type(value) is Secret else value
        if not isinstance(plain, str) or not shortest <= len(plain) <= longest:
            return rule
        if not (plain.isdecimal() and plain.isascii()):
            return rule
        return rule if within is not None and int(plain) not in within else None

    schema = _matching("[0-9]", shortest, longest)
    if within is not None:
        schema["enum"] = [f"{number:0{shortest}}" for number in within]
    return {_RULE: _Rule(check, schema)}


def number(within: range) -> Metadata:
    """A whole number within a range."""
    rule = f"a whole number from {within.start} to {within.stop - 1}"

    def check(value: object) -> str | None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole and value in within else rule

    schema = {"type": "integer", "minimum": within.start, "maximum": within.stop - 1}
    return {_RULE: _Rule(check, schema)}


def flag() -> Metadata:
    """A truth value."""
    return {_RULE: _Rule(lambda value: None if isinstance(value, bool) else "true or false", {"type": "boolean"})}


def ip_address() -> Metadata:
    """An IPv4 or IPv6 address in its text form."""

    def check(value: object) -> str | None:
        rule = "an IPv4 or IPv6 address"
        if not isinstance(value, str):
            return rule
        try:
            socket.inet_pton(socket.AF_INET6 if ":" in value else socket.AF_INET, value)
        except (OSError, ValueError):
            return rule
        return None

    return {_RULE: _Rule(check, {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]})}


_AMOUNT: Final = re.compile(r"(?=.{1,10}\Z)[0-9]+(?:\.[0-9]+)?")
_AMOUNT_RULE: Final = (
    "a number that is not negative, in at most 10 characters, given as str, int or Decimal (never float)"
)
_AMOUNT_FORMS: Final[list[JsonSchema]] = [
    {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "maxLength": 10},
    {"type": "number", "minimum": 0, "maximum": 9_999_999_999},
]


def amount(*, may_be_empty: bool = False) -> Metadata:
    """An amount of money. The gateway has not published its unit for two-decimal currencies: sent as given."""
    if may_be_empty:
        schema = {"anyOf": [{"const": ""}, *_AMOUNT_FORMS]}
        return {_RULE: _Rule(lambda value: None if value == "" else _check_amount(value), schema)}
    return {_RULE: _Rule(_check_amount, {"anyOf": _AMOUNT_FORMS})}


def _check_amount(value: object) -> str | None:
    # Written as a tuple: `str | int | Decimal` would make a union anew at each call.
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return _AMOUNT_RULE
    # Before any text is made of it: that of a monstrous number would fill the memory.
    if isinstance(value, int) and not 0 <= value < 10**10:
        return _AMOUNT_RULE
    if isinstance(value, Decimal) and not (value.is_finite() and _exponent(value) > -10 and value.adjusted() < 10):
        return _AMOUNT_RULE
    return None if _AMOUNT.fullmatch(amount_text(value)) else _AMOUNT_RULE


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def amount_text(value: str | int | Decimal) -> str:
    """The amount, digit for digit as it was given, without an exponent."""
    if isinstance(value, str):
        return value
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def model(kind: type[Any]) -> Metadata:
    """A nested object whose own fields keep rules of their own."""
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    rule = f"{article} {kind.__name__}"
    schema = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {_RULE: _Rule(lambda value: None if isinstance(value, kind) else rule, schema, nested=kind)}


@attrs.frozen
class _Rule:
    """Beside each field.

    Attributes:
        check: Asks the rule.
        schema: The JSON Schema of what keeps it, as it is written on the wire.
        nested: The class of the value, where its own fields have rules.
        plain_limit: An ASCII text of 1 to so many characters keeps the rule.
    """

    check: Check
    schema: JsonSchema
    nested: type[Any] | None = None
    plain_limit: int | None = None


def json_schema(field: attrs.Attribute[Any]) -> JsonSchema:
    """What keeps a field's rule. As far as JSON Schema can say it: not how many characters a number takes.

    Args:
        field: Made by this module. A nested object is a reference to the OpenAPI component of its class's name.
    """
    rule: _Rule = field.metadata[_RULE]
    return rule.schema


# --- asking the rules -------------------------------------------------------------------------------------


def _rules(kind: type[Any]) -> tuple[tuple[str, _Rule, bool], ...]:
    return tuple((field.name, field.metadata[_RULE], field.default is attrs.NOTHING) for field in attrs.fields(kind))


def find_problems(request: object, path: str = "") -> list[Problem]:
    """Every field that breaks its rule, by its path, in the order of the fields.

    Args:
        request: An instance of a class whose every field was made by this module.
        path: What stands before the fields' names, with a dot at its end.
    """
    found: list[Problem] = []
    for name, rule, required in _rules(type(request)):
        value = getattr(request, name)
        if value is None:
            if required:
                found.append(Problem(path + name, "required"))
        elif (broken := rule.check(value)) is not None:
            found.append(Problem(path + name, broken))
        elif rule.nested:
            found += find_problems(value, f"{path}{name}.")
    return found


def is_sound(request: object) -> bool:
    """Whether `find_problems` would find nothing.

    Asked before every charge, and nearly always true: so it is one function written for the class, which is several
    times faster than to walk the rules.
    """
    kind = type(request)
    if kind not in _written:
        _written[kind] = _write_sound(kind)
    return _written[kind](request)


_written: Final[dict[type[Any], Callable[[object], bool]]] = {}


def _write_sound(kind: type[Any]) -> Callable[[object], bool]:
    names: dict[str, Any] = {}
    lines = ["def sound(request):"]
    for name, rule, required in _rules(kind):
        keeps = _condition(name, rule, names)
        lines.append(f"    value = request.{name}")
        lines.append(f"    if not ({keeps if required else f'value is None or {keeps}'}): return False")
    exec("\n".join([*lines, "    return True"]), names)  # noqa: S102  # only names and limits from this package
    sound: Callable[[object], bool] = names["sound"]
    return sound


def _condition(name: str, rule: _Rule, names: dict[str, Any]) -> str:
    if rule.plain_limit is not None:
        return f"value.__class__ is str and 0 < len(value) <= {rule.plain_limit} and value.isascii()"
    if rule.nested is not None:
        names[f"kind_{name}"], names[f"sound_{name}"] = rule.nested, _write_sound(rule.nested)
        return f"value.__class__ is kind_{name} and sound_{name}(value)"
    names[f"check_{name}"] = rule.check
    return f"check_{name}(value) is None"
