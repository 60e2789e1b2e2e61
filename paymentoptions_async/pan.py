"""What a card number looks like, and how much of one may be shown.

Told by the prefix of its issuer, its length and its check digit. Digits that stand alone are looked at, or in groups
parted by a sign that people and forms part them by; not those that touch a letter, a sign, a dot or a hyphen, which are
identifiers, international phone numbers, fractions and UUIDs.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Final

__all__ = ["MASK", "luhn", "mask_pan", "masked_known", "masked_numbers", "may_hold_card_number", "without_numbers"]

MASK: Final = "***"


# Issuer prefix and length of the public schemes (ISO/IEC 7812, the schemes' own published BIN ranges).
@cache
def _schemes() -> re.Pattern[str]:
    return re.compile(
        r"""
          4(?:\d{12}|\d{15}|\d{18})                                                  # Visa
        | (?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}          # Mastercard
        | 3[47]\d{13}                                                                # American Express
        | 3(?:0[0-5]|[689]\d)\d{11}(?:\d{2}){0,1}                                    # Diners Club
        | 3(?:0[89]\d|5(?:2[89]|[3-8]\d))\d{12}(?:\d{3})?                             # JCB
        | (?:6011|64[4-9]\d|65\d{2})\d{12}(?:\d{3})?                                 # Discover, RuPay, Elo, Troy
        | 62\d{14,17}                                                                # UnionPay
        | (?:5[0678]|6[037]|81|82)\d{11,17}                                          # Maestro, RuPay, Elo, Verve, Hiper
        | 220[0-4]\d{12,15}                                                          # Mir
        | 9792\d{12}                                                                 # Troy
        """,
        re.VERBOSE,
    )


# A blank (also one that does not break), a hyphen or a dot; a blank as forms, addresses, JSON and Python write it.
_BETWEEN: Final = r"(?:[ \-.+\u00a0\u2009\u2010\u2011\u202f]|%20|%C2%A0|\\xa0|\\u00a0)"
# Where a number may begin, every way of writing one is tried: other digits may stand a blank away. A letter or a digit
# may be the end of what is quoted or escaped, and no part of it.
_START: Final = re.compile(
    r"\d(?:(?<![\w+.\-]\d)|(?<=%[0-9A-Fa-f]{2}\d)|(?<=\\[nrt]\d)|(?<=\\x[0-9a-f]{2}\d)|(?<=\\u[0-9a-f]{4}\d))"
    r"(?=[\d \-.+%CAxua\\\u00a0\u2009\u2010\u2011\u202f]{12})"
)
_WRITTEN: Final = tuple(
    re.compile(rf"{digits}(?![\w\-]|\.\d)")
    for digits in (
        r"\d{13,19}",
        rf"\d{{4}}({_BETWEEN})\d{{4}}\1\d{{4}}\1\d{{4}}\1\d{{1,3}}",
        rf"\d{{4}}({_BETWEEN})\d{{4}}\1\d{{4}}\1\d{{1,7}}",
        rf"\d{{4}}({_BETWEEN})\d{{6}}\1\d{{4,5}}",
    )
)
_DIGITS: Final = re.compile(rf"\d{{12}}|\d{{4}}{_BETWEEN}\d{{4}}")
_PARTING: Final = re.compile(_BETWEEN)
_RUN: Final = re.compile(rf"\d(?:{_BETWEEN}?\d){{11,}}")


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def mask_pan(number: str) -> str:
    """The first six and the last four digits, the rest starred; nothing at all of a number under 13 digits."""
    if len(number) < 13:
        return MASK
    return f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}"


def masked_numbers(text: str) -> str:
    """The text with every card number in it masked."""
    if _DIGITS.search(text) is None:
        return text
    masked, done, place = [], 0, 0
    while start := _START.search(text, place):
        place = start.start() + 1
        for written in _WRITTEN:
            if (match := written.match(text, start.start())) is None:
                continue
            digits = _PARTING.sub("", match.group())
            if _schemes().fullmatch(digits) and luhn(digits):
                masked += [text[done : match.start()], mask_pan(digits)]
                done = place = match.end()
                break
    return "".join([*masked, text[done:]]) if masked else text


_LONG_NUMBER: Final = re.compile(r"\d(?:[ -]?\d){11,}")


def without_numbers(text: str) -> str:
    """The text with every long number hidden, whatever stands beside it: for names, which need none."""
    return _LONG_NUMBER.sub(MASK, text)


def masked_known(text: str, numbers: Collection[str]) -> str:
    """The text with these very numbers masked, be they in groups, and whatever they touch.

    Args:
        text: Any.
        numbers: Of 12 digits or more.
    """

    def masked(run: re.Match[str]) -> str:
        digits = _PARTING.sub("", run[0])
        known = [number for number in numbers if number in digits]
        for number in known:
            digits = digits.replace(number, mask_pan(number))
        return digits if known else run[0]

    return _RUN.sub(masked, text)


# Digits become 0, and what may part them falls out: then one search finds any long run of digits.
_ZEROES: Final = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))
_PARTED: Final = b" -.+%" + "\u00a0\u2009\u2010\u2011\u202f".encode()


def may_hold_card_number(text: bytes) -> bool:
    """A quick look: `False` means that no run of digits is long enough for a card number, escapes of JSON aside."""
    return b"000000000000" in text.translate(_ZEROES, _PARTED)
