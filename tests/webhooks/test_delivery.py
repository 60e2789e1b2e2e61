"""What is read out of a delivery's bytes, in whatever shape they come; none of it is believed here."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import Mark, Resolution, WebhookRefusedError
from paymentoptions_async.ledger import Intent, Record
from paymentoptions_async.models.outcome import Outcome, State
from paymentoptions_async.webhooks.delivery import LONGEST, Delivery, is_known, read_delivery

from ..helpers import APPROVED
from .cases import SAMPLE, payload


def changed(**changes: Any) -> bytes:
    """The vendor's own payload with other members; what is `None` is left out."""
    told = {**orjson.loads(SAMPLE), **changes}
    return orjson.dumps({name: value for name, value in told.items() if value is not None})


def anybody(_: str) -> bool:
    """Every token fits."""
    return True


def read(body: bytes) -> Delivery:
    delivery = read_delivery(body, anybody)
    assert isinstance(delivery, Delivery)
    return delivery


def refused(body: bytes) -> int:
    refusal = read_delivery(body, anybody)
    assert isinstance(refusal, WebhookRefusedError)
    assert (refusal.merchant_txn_ref, refusal.__traceback__) == (None, None)
    return refusal.status


# --- the shapes that gateway/API.md tells of ---

IN_TRANSACTION: Final = {"id": "t1", "merchant_txn_ref": "qwe"}
SHAPES: Final = {
    "the sample": SAMPLE,
    "amounts as text": changed(payment_details={"amount": "1000.00", "response_code": "0", "currency": "JPY"}),
    "the risk block in its other spelling": changed(**{"risk-details": None, "risk_details": {"risk_score": 7}}),
    "no device, no addresses": changed(device_details=None, return_url_details=None),
    "the reference in the transaction only": changed(merchant_details=None),
    "the reference in the merchant's details only": changed(transaction_details={"id": "t1"}),
    "members that nobody has told of": changed(new={"deep": [1, None, "x"]}),
    "a failure": changed(success=False, transaction_type="PRE_AUTH"),
    "a byte order mark": b"\xef\xbb\xbf" + SAMPLE,
    "white space around": b" \n" + SAMPLE + b"\r\n",
    "members told twice": SAMPLE[:-2] + b',"success":true}',
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_read(name: str) -> None:
    delivery = read(SHAPES[name])
    assert delivery.merchant_txn_ref == "qwe"
    assert delivery.transaction_id in ("t1", "ab8444e7-fec0-40dd-994d-0ad813785f74")
    assert delivery.says_success is (name != "a failure")


def test_ids_may_be_numbers() -> None:
    delivery = read(payload(74797, 17))
    assert (delivery.transaction_id, delivery.merchant_txn_ref) == ("74797", "17")


def test_of_members_that_are_told_twice_the_last_one_counts() -> None:
    told = b'{"transaction_details":{"id":"t1","merchant_txn_ref":"one"},'
    told += b'"transaction_details":{"id":"t2","merchant_txn_ref":"two"}}'
    assert read(told)[:2] == ("two", "t2")


def test_the_card_number_in_it_is_masked() -> None:
    card = {"number": APPROVED, "cvc": "739", "security_code": 739}
    delivery = read(changed(payment_details={"card": card}, note=f"paid by {APPROVED}, cvc: 739"))
    assert APPROVED not in repr(delivery)
    assert "739" not in repr(delivery)
    assert "520000******1005" in repr(delivery)


# --- what is refused ---


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"null", b"[]", b"7", b"{", SAMPLE.rstrip()[:-1], b"<html></html>", b"success=true", b"\x00",
        b"\xff\xfe" + SAMPLE, SAMPLE.decode().encode("utf-16"), b'{"transaction_details":NaN}',
        b'{"a":1e999}', b"[" * 10_000, b'{"a":' * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"transaction_details":{"id":"\\ud800","merchant_txn_ref":"qwe"}}',
        b'{"transaction_details":{"id":"t1","merchant_txn_ref":"\xff"}}',
    ],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    assert refused(body) == 400


UNREADABLE: Final = [b"null", b'""', b"true", b"false", b"1.5", b"1" * 30, b"[]", b"{}", b'["t1"]', b'{"id":"t1"}']


@pytest.mark.parametrize("what", UNREADABLE)
def test_without_a_transaction_id_or_a_reference_that_can_be_read_it_is_refused(what: bytes) -> None:
    assert refused(payload("WHAT").replace(b'"WHAT"', what)) == 400
    assert refused(payload("t1", "WHAT").replace(b'"WHAT"', what)) == 400


@pytest.mark.parametrize("wrong", [".", "..", "list", "x" * 129, "two\nlines", "\x00"])
def test_an_id_that_would_lead_to_another_path_is_refused(wrong: str) -> None:
    assert refused(payload(wrong)) == 400


@pytest.mark.parametrize("part", ["transaction_details", "merchant_details", "payment_details", "gateway_response"])
@pytest.mark.parametrize("what", [None, [], "text", 7, True])
def test_parts_may_be_of_any_kind(part: str, what: Any) -> None:
    body = orjson.dumps({**orjson.loads(payload("t1")), part: what})
    if part == "transaction_details":
        assert refused(body) == 400
    else:
        assert read(body).transaction_id == "t1"


def test_64_kib_are_read_and_no_byte_more() -> None:
    whole = SAMPLE + b" " * (LONGEST - len(SAMPLE))
    assert read(whole).merchant_txn_ref == "qwe"
    assert refused(whole + b" ") == 413


json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
parts = st.dictionaries(
    st.sampled_from(["id", "merchant_txn_ref", "code", "amount", "card", "number"]), json, max_size=4
)
payloads = st.dictionaries(
    st.sampled_from([
        "transaction_details", "merchant_details", "gateway_response", "payment_details", "success", "transaction_type",
        "url", "id",
    ]),
    parts | json,
    max_size=6,
)  # fmt: skip


@given(st.binary(max_size=200) | payloads.map(orjson.dumps))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    delivery = read_delivery(body, anybody)
    if isinstance(delivery, WebhookRefusedError):
        assert delivery.status == 400
        return
    for record in (stored(State.UNKNOWN), stored(State.PAID, "t1")):
        assert isinstance(is_known(delivery, record), bool)


# --- what it is held against ---


def stored(state: State, transaction_id: str | None = None, mark: Mark | None = None) -> Record:
    answer = orjson.dumps({"transaction_details": {"id": transaction_id}}) if transaction_id else None
    return Record(Intent("ref", b"print"), "t", 9.0, 0.0, 0.0, Outcome(state, answer=answer), mark)


@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize("mark", [None, *Mark])
@pytest.mark.parametrize("transaction_id", ["t1", "t2", None])
@pytest.mark.parametrize("state", list(State))
def test_it_is_known_where_the_record_says_the_same_of_the_same_transaction(
    state: State, transaction_id: str | None, mark: Mark | None, success: bool
) -> None:
    same = state in (State.PAID, State.PARTIAL) if success else state is State.DECLINED
    record = stored(state, transaction_id, mark)
    is_so = same and transaction_id == "t1" and mark is not Mark.CONTRADICTED
    assert is_known(read(payload("t1", success=success)), record) is is_so


@pytest.mark.parametrize("state", [State.UNKNOWN, State.CHALLENGED, State.DECLINED])
def test_it_is_not_known_by_an_id_that_nobody_has_confirmed(state: State) -> None:
    record = stored(state, "t1")
    note = Resolution.named("t1", "t").outcome.answer
    noted = record._replace(outcome=record.outcome._replace(answer=note))
    for success in (True, False):
        assert not is_known(read(payload("t1", success=success)), noted)


# --- whose token does not fit ---


def test_a_token_is_asked_about_the_reference_that_the_payload_names() -> None:
    asked: list[str] = []

    def fits(reference: str) -> bool:
        asked.append(reference)
        return False

    refusal = read_delivery(payload("t1", "order-17"), fits)
    assert isinstance(refusal, WebhookRefusedError)
    assert (refusal.status, asked) == (403, ["order-17"])


def test_who_has_no_token_gets_nothing_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    def mask(payload: object) -> Any:
        raise AssertionError("masked for a stranger")

    monkeypatch.setattr("paymentoptions_async.webhooks.delivery.masked", mask)
    for body in (SAMPLE, payload("t1", note="number:" + " " * 30_000), b"[]", SAMPLE + b" " * LONGEST):
        assert isinstance(read_delivery(body, lambda _: False), WebhookRefusedError)
    with pytest.raises(AssertionError, match="for a stranger"):
        read_delivery(SAMPLE, anybody)
