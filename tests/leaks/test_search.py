"""The instrument itself: it finds what is there, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import pytest

from paymentoptions_async.redaction import luhn, mask_pan

from .numbers import CVC, NUMBERS
from .search import is_telling, leaks


def fours(digits: str, between: str) -> str:
    return between.join(digits[at : at + 4] for at in range(0, len(digits), 4))


SPELLED: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "in blanks": lambda digits: fours(digits, " "),
    "in hyphens": lambda digits: fours(digits, "-"),
    "in dots": lambda digits: fours(digits, "."),
    "in blanks that do not break": lambda digits: fours(digits, "\u00a0"),
    "of a form": lambda digits: fours(digits, "+"),
    "of an address": lambda digits: quote(fours(digits, " ")),
    "every digit quoted": lambda digits: "".join(f"%{ord(digit):x}" for digit in digits),
    "escaped": lambda digits: "".join(f"\\u{ord(digit):04x}" for digit in digits),
    "a float": lambda digits: f"{float(digits):.16e}",
    "hexadecimal": lambda digits: f"x{digits}".encode().hex(),
    "base64": lambda digits: base64.b64encode(f'"{digits}"'.encode()).decode(),
    "a hash": lambda digits: hashlib.sha256(digits.encode()).hexdigest(),
    "cut off": lambda digits: digits[:9],
    "cut off in front": lambda digits: digits[-9:],
    "a mask that shows seven": lambda digits: f"{digits[:7]}*****{digits[-4:]}",
    "a mask that shows five": lambda digits: f"{digits[:6]}*****{digits[-5:]}",
}


@pytest.mark.parametrize("spell", SPELLED.values(), ids=SPELLED)
def test_a_number_is_found_however_it_is_spelled(spell: Callable[[str], str]) -> None:
    for number in NUMBERS:
        spelled = spell(number.reveal())
        if is_telling(spelled):
            assert leaks(f"before <{spelled}> after", number), spelled


@pytest.mark.parametrize(
    "told", ["cvc={}", '"cvc": "{}"', "{{'cvv': {}}}", "the code is {}.", "{}", "card[cvc]={}&a=1", "card%5Bcvc%5D={}"]
)
def test_a_cvc_is_found(told: str) -> None:
    assert leaks(told.format(CVC)) == ["the CVC"]


def test_a_cvc_is_found_in_an_encoded_body() -> None:
    assert leaks(base64.b64encode(f' {{"cvc":"{CVC}"}}'.encode())) == ["the CVC"]


def test_what_may_be_shown_is_not_found() -> None:
    for number in NUMBERS:
        digits = number.reveal()
        told = f"{mask_pan(digits)}, {digits[:6]}, {digits[-4:]}, 0073-1, 550e8400-e29b-0731-a716-446655440000, 12.0731"
        assert leaks(json.dumps({"card": told}), *NUMBERS) == []


def test_the_table_is_wide() -> None:
    digits = [number.reveal() for number in NUMBERS]
    assert len(set(digits)) == len(digits) >= 60
    assert {len(one) for one in digits} >= set(range(13, 20))
    assert len({number.scheme for number in NUMBERS}) >= 20
    for number in NUMBERS:
        assert luhn(number.reveal()) is number.has_check_digit, number
