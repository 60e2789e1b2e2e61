"""The rules that a request's fields keep, written beside the fields and checked all at once.

A constructor never refuses: an error raised there would show the card number among the locals of its frame. The
rules are asked right before sending, and by `from_json`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, Final

import attrs

from ..errors import Problem
from ..redaction import Secret

__all__ = ["Check", "amount", "digits", "find_problems", "flag", "ip_address", "model", "number", "text"]

Check = Callable[[Any], str | None]
"""Takes a field's value and gives the rule that it breaks, or `None`. It never tells the value."""

_RULE: Final = "rule"


def text(longest: int | None = None, **kwargs: Any) -> Any:
    """A text field of 1 to so many characters. Further arguments go to `attrs.field`."""
    limit = longest or _UNPUBLISHED
    rule = f"a text of 1 to {limit} characters"

    def check(value: object) -> str | None:
        if not isinstance(value, str) or not 0 < len(value) <= limit:
            return rule
        return None if _encodable(value) else "text that UTF-8 can carry"

    return _field(check, kwargs, plain_limit=limit)


# For what the vendor tells no limit of.
_UNPUBLISHED: Final = 4096


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def letters(count: int, rule: str, **kwargs: Any) -> Any:
    """A field of exactly so many capital letters, such as an ISO code."""

    def check(value: object) -> str | None:
        if isinstance(value, str) and len(value) == count and value.isascii():
            return None if value.isalpha() and value.isupper() else rule
        return rule

    return _field(check, kwargs)


def digits(shortest: int, longest: int, *, within: range | None = None, **kwargs: Any) -> Any:
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

    return _field(check, kwargs)


def number(within: range, **kwargs: Any) -> Any:
    """A whole number within a range."""
    rule = f"a whole number from {within.start} to {within.stop - 1}"

    def check(value: object) -> str | None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole and value in within else rule

    return _field(check, kwargs)


def flag(**kwargs: Any) -> Any:
    """A truth value."""
    return _field(lambda value: None if isinstance(value, bool) else "true or false", kwargs)


def ip_address(**kwargs: Any) -> Any:
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

    return _field(check, kwargs)


_AMOUNT_RULE: Final = (
    "a number that is not negative, in at most 10 characters, given as str, int or Decimal (never float)"
)


def amount(**kwargs: Any) -> Any:
    """An amount of money. The gateway has not published its unit for two-decimal currencies: sent as given."""
    return _field(_check_amount, kwargs)


def _check_amount(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return _AMOUNT_RULE
    sent = amount_text(value)
    if not 0 < len(sent) <= 10 or not sent.isascii():
        return _AMOUNT_RULE
    whole, dot, rest = sent.partition(".")
    fraction_fits = rest.isdecimal() if dot else True
    return None if whole.isdecimal() and fraction_fits else _AMOUNT_RULE


def amount_text(value: str | int | Decimal) -> str:
    """The amount, digit for digit as it was given, without an exponent."""
    if isinstance(value, str):
        return value
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def model(kind: type, **kwargs: Any) -> Any:
    """A nested object whose own fields keep rules of their own."""
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    rule = f"{article} {kind.__name__}"
    return _field(lambda value: None if isinstance(value, kind) else rule, kwargs, nested=True)


@attrs.frozen
class _Rule:
    """Beside each field.

    Attributes:
        check: Asks the rule.
        nested: Whether the value's own fields have rules.
        plain_limit: An ASCII text of 1 to so many characters keeps the rule. Nearly all values are such, and to
            know it without a call for each makes the whole check twice as fast.
    """

    check: Check
    nested: bool
    plain_limit: int


def _field(
    check: Check, kwargs: dict[str, Any], *, nested: bool = False, plain_limit: int = 0
) -> Any:
    return attrs.field(metadata={_RULE: _Rule(check, nested, plain_limit)}, **kwargs)


@cache
def _plan(kind: type) -> tuple[Callable[[object], tuple[Any, ...]], tuple[tuple[str, _Rule, int, bool], ...]]:
    """How to take all values of a class at once, and what to ask of each."""
    fields = attrs.fields(kind)
    rules = tuple(
        (field.name, rule := field.metadata[_RULE], rule.plain_limit, field.default is attrs.NOTHING)
        for field in fields
    )
    return attrgetter(*(field.name for field in fields)), rules


def find_problems(request: object, path: str = "") -> list[Problem]:
    """Every field that breaks its rule, by its path, in the order of the fields.

    Args:
        request: An instance of a class whose every field was made by this module.
        path: What stands before the fields' names, with a dot at its end.
    """
    found: list[Problem] = []
    values, rules = _plan(type(request))
    for value, (name, rule, plain_limit, required) in zip(values(request), rules, strict=True):
        if type(value) is str and 0 < len(value) <= plain_limit and value.isascii():
            continue
        if value is None:
            if required:
                found.append(Problem(path + name, "required"))
        elif (broken := rule.check(value)) is not None:
            found.append(Problem(path + name, broken))
        elif rule.nested:
            found += find_problems(value, f"{path}{name}.")
    return found
