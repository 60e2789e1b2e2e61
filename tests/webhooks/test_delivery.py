"""What is read out of a delivery's bytes, in whatever shape they come; none of it is believed here."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import Mark, WebhookRefusedError
from paymentoptions_async.ledger import Intent, Record
from paymentoptions_async.models.outcome import Outcome, State
from paymentoptions_async.webhooks.delivery import (
    LONGEST,
    Delivery,
    is_about_another_operation,
    is_known,
    read_delivery,
)

from ..helpers import APPROVED
from .cases import SAMPLE, payload


def changed(**changes: Any) -> bytes:
    """The vendor's own payload with other members; what is `None` is left out."""
    told = {**orjson.loads(SAMPLE), **changes}
    return orjson.dumps({name: value for name, value in told.items() if value is not None})


def refused(body: bytes) -> int:
    with pytest.raises(WebhookRefusedError) as caught:
        read_delivery(body)
    assert caught.value.merchant_txn_ref is None
    return caught.value.status


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
    delivery = read_delivery(SHAPES[name])
    assert delivery.merchant_txn_ref == "qwe"
    assert delivery.transaction_id in ("t1", "ab8444e7-fec0-40dd-994d-0ad813785f74")
    assert delivery.says_success is (name != "a failure")


def test_ids_may_be_numbers() -> None:
    delivery = read_delivery(payload(74797, 17))
    assert (delivery.transaction_id, delivery.merchant_txn_ref) == ("74797", "17")


def test_of_members_that_are_told_twice_the_last_one_counts() -> None:
    told = b'{"transaction_details":{"id":"t1","merchant_txn_ref":"one"},'
    told += b'"transaction_details":{"id":"t2","merchant_txn_ref":"two"}}'
    assert read_delivery(told)[:2] == ("two", "t2")


def test_the_card_number_in_it_is_masked() -> None:
    card = {"number": APPROVED, "cvc": "739", "security_code": 739}
    delivery = read_delivery(changed(payment_details={"card": card}, note=f"paid by {APPROVED}, cvc: 739"))
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
        assert read_delivery(body).transaction_id == "t1"


def test_64_kib_are_read_and_no_byte_more() -> None:
    whole = SAMPLE + b" " * (LONGEST - len(SAMPLE))
    assert read_delivery(whole).merchant_txn_ref == "qwe"
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
    try:
        delivery = read_delivery(body)
    except WebhookRefusedError:
        return
    for record in (stored(State.UNKNOWN), stored(State.PAID, "t1")):
        assert isinstance(is_known(delivery, record), bool)
        assert isinstance(is_about_another_operation(delivery, record), bool)


# --- what it is held against ---


def stored(
    state: State, transaction_id: str | None = None, *, operation: str = "payment", mark: Mark | None = None
) -> Record:
    answer = orjson.dumps({"transaction_details": {"id": transaction_id}}) if transaction_id else None
    return Record(Intent("ref", b"print", operation), "t", 9.0, 0.0, 0.0, Outcome(state, answer=answer), mark)


def about(
    transaction_id: str = "t1", *, success: bool = True, code: Any = "INFO0000", kind: Any = "CAPTURE"
) -> Delivery:
    return read_delivery(
        payload(transaction_id, success=success, gateway_response={"code": code}, transaction_type=kind)
    )


@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize("mark", [None, *Mark])
@pytest.mark.parametrize("transaction_id", ["t1", "t2", None])
@pytest.mark.parametrize("state", list(State))
def test_it_is_known_where_the_record_says_the_same_of_the_same_transaction(
    state: State, transaction_id: str | None, mark: Mark | None, success: bool
) -> None:
    same = state in (State.PAID, State.PARTIAL) if success else state is State.DECLINED
    record = stored(state, transaction_id, mark=mark)
    is_so = same and transaction_id == "t1" and mark is not Mark.CONTRADICTED
    assert is_known(about(success=success), record) is is_so


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize(
    "later",
    [
        *({"code": code} for code in ("INFO0001", "INFO0002", "INFO0003", "info0002")),
        {"kind": "REFUND"}, {"kind": "VOID"},
    ],
)  # fmt: skip
def test_what_was_done_to_a_charge_is_never_the_charge(later: dict[str, Any], state: State) -> None:
    for transaction_id in ("t1", "t2"):
        assert is_about_another_operation(about(transaction_id, **later), stored(state, "t1"))


@pytest.mark.parametrize("odd", [None, [], {}, 7, ["REFUND"], {"code": "INFO0002"}, "", "capture"])
def test_a_code_or_type_of_any_other_kind_is_none_of_these(odd: Any) -> None:
    assert not is_about_another_operation(about(code=odd, kind=odd), stored(State.UNKNOWN))


# The operation of a record that is paid by t1, whether t2 succeeded, and whether that is another operation.
LATER: Final = [
    ("payment", True, False),
    ("payment", False, True),
    ("paymentv2", True, False),
    ("hpp/generate/link", True, False),
    ("authorization", True, True),
    ("authorizationv2", False, True),
    ("subscription/payment", True, True),
    ("subscription/payment", False, True),
]


@pytest.mark.parametrize(("operation", "success", "is_another"), LATER)
def test_another_transaction_after_a_payment_is_a_later_step_or_a_second_payment(
    operation: str, success: bool, is_another: bool
) -> None:
    for state in (State.PAID, State.PARTIAL):
        record = stored(state, "t1", operation=operation)
        assert is_about_another_operation(about("t2", success=success), record) is is_another
        assert not is_about_another_operation(about("t1", success=success), record)
    for state in (State.UNKNOWN, State.CHALLENGED, State.SENDING, State.DECLINED, State.REFUSED):
        assert not is_about_another_operation(about("t2", success=success), stored(state, "t1", operation=operation))
