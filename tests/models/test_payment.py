from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import attrs
import orjson
import pytest

from paymentoptions_async import Challenge, Payment, Secret
from paymentoptions_async.delivery import Landing, deliver
from paymentoptions_async.ledger import Intent
from paymentoptions_async.transport.reply import Reply
from paymentoptions_async.verdict import Asked, judge

from ..helpers import APPROVED, CHALLENGED, PAID

ASKED: Final = Asked("qwe", Decimal(1000), "JPY", Secret(APPROVED))
MASKED: Final = "520000******1005"


def delivered(answer: dict[str, Any], status: int = 201) -> Payment | Challenge:
    judged = judge(Reply(status, orjson.dumps(answer)), ASKED)
    made: Payment | Challenge = deliver(Landing(judged.outcome), Intent("qwe", b"", "payment", "1000", "JPY", MASKED))
    return made


def payment(**changes: Any) -> Payment:
    made = delivered({**copy.deepcopy(PAID), **changes})
    assert isinstance(made, Payment)
    return made


def test_the_vendors_answer_becomes_a_payment() -> None:
    made = payment()
    assert made.transaction_id == "ab8444e7-fec0-40dd-994d-0ad813785f74"
    assert (made.merchant_txn_ref, made.amount, made.currency) == ("qwe", Decimal(1000), "JPY")
    assert (made.auth_code, made.scheme, made.masked_card) == ("917290", "MASTERCARD", MASKED)
    assert made.stored_payment_method_id is None
    assert made.timestamp == datetime(2024, 11, 25, 7, 22, 48, tzinfo=UTC)
    assert made.gateway is not None
    assert (made.gateway.message, made.gateway.code) == ("Payment Successful.", "INFO0000")
    assert (made.replayed, made.attempts) == (False, 1)


def test_raw_is_the_whole_answer_with_the_number_masked() -> None:
    expected = copy.deepcopy(PAID)
    expected["payment_details"]["card"]["number"] = MASKED
    assert payment().raw == expected


@pytest.mark.parametrize(
    "unknown", [{"new": {"deep": [1, None, {"a": "b"}]}}, {"新しい": True}, {"risk_details": {"x": 1}}]
)
def test_a_member_that_nobody_knows_survives_in_raw(unknown: dict[str, Any]) -> None:
    made = payment(**unknown)
    assert unknown.items() <= dict(made.raw).items()
    assert made.answer.success is True


@pytest.mark.parametrize("echo", [APPROVED, " ".join(APPROVED[at : at + 4] for at in range(0, 16, 4)), int(APPROVED)])
@pytest.mark.parametrize("place", ["new", "message", "card"])
def test_a_number_that_the_gateway_echoes_anywhere_is_masked(place: str, echo: object) -> None:
    made = payment(**{place: {"any": [echo, f"card {echo}"]}})
    for shown in (repr(made), str(made.raw), str(attrs.asdict(made)), str(made.answer)):
        assert str(echo) not in shown
        assert APPROVED not in shown


def test_answer_is_raw_member_by_member() -> None:
    made = payment()
    assert made.answer.payment_details is not None
    assert made.answer.payment_details.card is not None
    assert made.answer.payment_details.card.number == MASKED
    assert made.answer.payment_details.amount == made.amount
    assert made.answer.risk_details is not None


def test_the_answer_of_a_payment_that_holds_none_is_empty() -> None:
    bare = Payment(transaction_id="t", merchant_txn_ref="qwe", amount=Decimal(1), currency="JPY")
    assert set(attrs.astuple(bare.answer)) == {None}


def test_repr_leaves_out_raw() -> None:
    assert "raw" not in repr(payment())
    assert "MASTERCARD" in repr(payment())


def test_a_payment_pickles_and_copies_whole() -> None:
    made = payment(new=["member"])
    for again in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
        assert again == made
        assert again.raw == made.raw


def test_a_payment_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        payment().amount = Decimal(1)  # type: ignore[misc]


@pytest.mark.parametrize("timestamp", [None, 5, "", "yesterday", [], {}, "2024-13-45T00:00:00Z"])
def test_a_timestamp_that_cannot_be_read_is_none_and_stays_in_raw(timestamp: object) -> None:
    made = payment(transaction_details={**PAID["transaction_details"], "timestamp": timestamp})
    assert made.timestamp is None
    assert made.raw["transaction_details"]["timestamp"] == timestamp


@pytest.mark.parametrize("silent", ["amount", "currency", "card"])
def test_what_the_answer_leaves_out_is_told_as_it_was_asked(silent: str) -> None:
    details = {name: value for name, value in PAID["payment_details"].items() if name != silent}
    made = payment(payment_details=details)
    assert (made.amount, made.currency, made.masked_card) == (Decimal(1000), "JPY", MASKED)


def test_a_challenge_says_where_the_payer_must_go() -> None:
    assert delivered(CHALLENGED, 200) == Challenge(redirect_url=CHALLENGED["redirect_url"], merchant_txn_ref="qwe")
