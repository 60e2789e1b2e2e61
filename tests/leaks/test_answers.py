"""Answers of a gateway that repeats the card where nobody would look for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import pytest

from paymentoptions_async import Secret
from paymentoptions_async.redaction import in_flight
from paymentoptions_async.transport.reply import Reply
from paymentoptions_async.verdict import Asked, judge

from .numbers import CVC, NUMBERS
from .search import leaks
from .shop import MARK
from .test_lines import WRITTEN

PLACES: Final[dict[str, Callable[[str], dict[str, Any]]]] = {
    "message": lambda told: {"message": f"card {told} with cvc {CVC} refused", "success": False},
    "the gateway's message": lambda told: {"gateway_response": {"message": f"card {told}", "code": "ERR3001"}},
    "card": lambda told: {"payment_details": {"response_code": 0, "card": {"number": told, "cvc": CVC}}},
    "unknown member": lambda told: {"new": {"deep": [{"thing": told, "cvv": CVC}]}},
    "name of a member": lambda told: {told: 1},
    "authorisation code": lambda told: {"payment_details": {"response_code": 0, "auth_code": told}},
    "redirect": lambda told: {"redirect_url": f"https://bank.test/?pan={told}&cvc={CVC}"},
    "id": lambda told: {"transaction_details": {"id": told}},
    "part of an id": lambda told: {"transaction_details": {"id": f"t-{told}"}},
    "reference": lambda told: {"transaction_details": {"merchant_txn_ref": told}},
    "code": lambda told: {"messageCode": f"ERR{told}", "success": False},
    "JSON within": lambda told: {"raw": json.dumps({"number": told, "cvc": CVC})},
    "currency": lambda told: {"payment_details": {"response_code": 0, "currency": told}},
}


@pytest.mark.parametrize("place", PLACES)
def test_no_outcome_shows_a_card_wherever_the_answer_repeats_it(place: str) -> None:
    found = []
    for number in NUMBERS:
        card, cvc = Secret(number.reveal()), Secret(CVC)
        for spelling, spell in WRITTEN.items():
            answer = {"success": True, "of": MARK, **PLACES[place](spell(number.reveal()))}
            with in_flight(card):
                judged = judge(Reply(201, json.dumps(answer).encode()), Asked(MARK, Decimal(900), "JPY", card, cvc))
            told = f"{judged.answer} {judged.outcome}"
            assert MARK in told
            found += [(spelling, leaked) for leaked in leaks(told, number)]
    assert found == []


def test_no_outcome_shows_a_card_that_the_answer_repeats_as_a_number_or_in_escapes() -> None:
    for number in NUMBERS:
        card = Secret(number.reveal())
        escaped = "".join(f"\\u{ord(digit):04x}" for digit in number.reveal())
        for body in (f'{{"of": {number.reveal()}, "{MARK}": 1}}', f'{{"of": "{escaped}", "{MARK}": 1}}'):
            with in_flight(card):
                judged = judge(Reply(201, body.encode()), Asked(MARK, Decimal(900), "JPY", card, Secret(CVC)))
            assert leaks(f"{judged}", number) == []
