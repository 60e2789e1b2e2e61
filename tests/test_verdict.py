from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import Reason, Secret
from paymentoptions_async import verdict as verdicts
from paymentoptions_async.ledger.rows import detail_of
from paymentoptions_async.models.codes import response_codes
from paymentoptions_async.models.outcome import Outcome, Refusal, State
from paymentoptions_async.transport.reply import Fault, Reply
from paymentoptions_async.verdict import Asked, Judged, judge, judge_word, masked, names_another, read_object, settle

from .helpers import APPROVED, CHALLENGED, PAID, SAMPLES

ASKED = Asked("qwe", Decimal(1000), "JPY", Secret(APPROVED), Secret("739"))


def answer(**changes: Any) -> dict[str, Any]:
    """The vendor's answer to a purchase, with members changed by `part__name`."""
    changed: dict[str, Any] = copy.deepcopy(PAID)
    for path, value in changes.items():
        part, _, name = path.partition("__")
        if name:
            changed[part][name] = value
        else:
            changed[part] = value
    return changed


def named(reference: str) -> dict[str, Any]:
    """The members by which an answer names its charge."""
    return {f"{part}__merchant_txn_ref": reference for part in ("transaction_details", "merchant_details")}


def verdict(body: object, status: int = 201, *, asked: Asked = ASKED, **reply: Any) -> Outcome:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return judge(Reply(status, raw, **reply), asked).outcome


def test_the_vendors_own_answer_is_paid() -> None:
    assert verdict(answer()).state is State.PAID


def test_transaction_type_decides_nothing() -> None:
    assert verdict(answer(transaction_type="REFUND")).state is State.PAID


def test_a_redirect_is_a_challenge_though_it_says_success() -> None:
    assert CHALLENGED["success"] is True
    assert verdict(CHALLENGED, 200).state is State.CHALLENGED


@pytest.mark.parametrize("url", ["javascript:alert(1)", 5, ["https://x"], {"a": 1}])
def test_a_redirect_that_cannot_be_followed_is_unknown(url: object) -> None:
    assert verdict({**CHALLENGED, "redirect_url": url}, 200).state is State.UNKNOWN


@pytest.mark.parametrize("changes", [{}, {"success": False}, {"payment_details__response_code": 51}])
def test_a_redirect_with_a_transaction_that_was_decided_is_no_challenge(changes: dict[str, Any]) -> None:
    assert verdict(answer(redirect_url="https://acs.example/", **changes), 200).state is State.UNKNOWN


def test_a_redirect_of_another_reference_is_no_challenge() -> None:
    told = {**CHALLENGED, "transaction_details": {"merchant_txn_ref": "other"}}
    assert verdict(told, 200).state is State.UNKNOWN


def test_a_response_code_that_may_hold_a_card_is_told_by_its_length() -> None:
    told = verdict(answer(payment_details__response_code=int(f"1{APPROVED}")), asked=ASKED._replace(number=None))
    assert told.state is State.UNKNOWN
    assert told.evidence == ("response code of 17 digits, which nobody has published",)


def test_a_success_that_is_no_truth_value_is_told_by_its_type() -> None:
    told = verdict(answer(success={"additional_data": f"1{APPROVED}"}), 200)
    assert told.state is State.UNKNOWN
    assert told.evidence == ("response code 0 (approved), but HTTP 200 and success of type dict",)


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 429])
def test_success_without_a_response_code_is_unknown_whatever_the_status(status: int) -> None:
    told = {"success": True, "gateway_response": {"code": "INFO0000"}, "transaction_details": {"id": "t1"}}
    assert verdict(told, status).state is State.UNKNOWN


def test_a_429_inside_a_2xx_is_not_believed_since_it_would_be_sent_again() -> None:
    assert verdict({"success": False, "statusCode": 429}, 200).state is State.UNKNOWN


@pytest.mark.parametrize("reference", ["4000000000001091", "4111-1111-1111-1111", "600000000007"])
def test_a_reference_that_looks_like_a_card_number_is_still_ours(reference: str) -> None:
    assert verdict(answer(**named(reference)), asked=ASKED._replace(merchant_txn_ref=reference)).state is State.PAID


def test_an_id_that_looks_like_a_card_number_stays_whole() -> None:
    judged = judge(Reply(201, orjson.dumps(answer(transaction_details__id="4111111111111111"))), ASKED)
    assert judged.answer is not None
    assert judged.answer["transaction_details"]["id"] == "4111111111111111"


@pytest.mark.parametrize("written", [7, "7"])
def test_an_id_may_be_a_number(written: object) -> None:
    assert verdict(answer(transaction_details__id=written)).state is State.PAID


def test_a_partial_approval_without_an_amount_is_unknown() -> None:
    told = answer(payment_details__response_code=10, payment_details__amount=None)
    assert verdict(told).state is State.UNKNOWN


@pytest.mark.parametrize("written", [1e300, -1e300, 1e20, 2**63, float(2**63)])
def test_a_response_code_that_no_ledger_can_hold_is_unknown_and_can_be_written_down(written: object) -> None:
    outcome = verdict(answer(payment_details__response_code=written))
    assert (outcome.state, outcome.response_code) == (State.UNKNOWN, None)
    assert detail_of(outcome) is not None


@pytest.mark.parametrize("told", [answer(), CHALLENGED])
@pytest.mark.parametrize("status", [100, 101, 99])
def test_a_status_before_200_is_no_success(told: dict[str, Any], status: int) -> None:
    assert verdict(told, status).state is State.UNKNOWN


@pytest.mark.parametrize("status", [400, 402, 404, 406, 412])
def test_a_code_of_a_decline_beside_success_is_unknown_whatever_the_status(status: int) -> None:
    assert verdict(answer(payment_details__response_code=51), status).state is State.UNKNOWN


@pytest.mark.parametrize("status", [201, 400, 401, 404, 406, 429])
@pytest.mark.parametrize("told", [answer(), answer(success=False)])
def test_an_answer_about_a_charge_that_cannot_be_read_is_unknown_whatever_the_status(
    told: dict[str, Any], status: int
) -> None:
    assert verdict(orjson.dumps(told).replace(b"John Doe", b"\\ud800"), status).state is State.UNKNOWN
    assert verdict(orjson.dumps(told).replace(b"John Doe", b"\xe9"), status).state is State.UNKNOWN


@pytest.mark.parametrize("written", ["5200 0000 0000 1005", "5200-0000-0000-1005", f"ref {APPROVED}"])
@pytest.mark.parametrize("place", ["transaction_details__id", "merchant_details__merchant_txn_ref"])
def test_the_card_number_stands_in_no_name_however_it_is_written(place: str, written: str) -> None:
    judged = judge(Reply(201, orjson.dumps(answer(**{place: written}))), ASKED)
    assert written not in str(judged)
    assert APPROVED not in str(judged)


def test_a_byte_order_mark_changes_nothing() -> None:
    assert verdict(b"\xef\xbb\xbf" + orjson.dumps(answer())).state is State.PAID


CLASSES = {
    **dict.fromkeys((Reason.UNCLEAR, Reason.PENDING, Reason.DUPLICATE), State.UNKNOWN),
    **dict.fromkeys((Reason.APPROVED, Reason.PARTIAL), State.UNKNOWN),
}


@pytest.mark.parametrize("status", [200, 201, 400, 402, 406, 412])
def test_every_published_code_without_success_is_declined_or_unknown_by_its_class(status: int) -> None:
    for code, row in response_codes().items():
        outcome = verdict(answer(success=False, payment_details__response_code=code), status)
        assert outcome.state is CLASSES.get(row.reason, State.DECLINED), row
        assert (outcome.reason, outcome.response_code) == (row.reason, code)


def test_every_published_code_with_success_is_paid_partial_or_unknown() -> None:
    for code, row in response_codes().items():
        outcome = verdict(answer(payment_details__response_code=code))
        expected = {Reason.APPROVED: State.PAID, Reason.PARTIAL: State.PARTIAL}.get(row.reason, State.UNKNOWN)
        assert outcome.state is expected, row


@pytest.mark.parametrize("code", [9999, -7, 1e300, "abc", "١", [], {}, True])
def test_a_code_that_nobody_has_published_is_unknown(code: object) -> None:
    for success, status in ((True, 201), (False, 200), (False, 400)):
        assert verdict(answer(success=success, payment_details__response_code=code), status).state is State.UNKNOWN


@pytest.mark.parametrize("written", [0, "0", 0.0, 8, "8"])
def test_an_approval_is_read_however_its_code_is_written(written: object) -> None:
    assert verdict(answer(payment_details__response_code=written)).state is State.PAID


@pytest.mark.parametrize("amount", [999, "999.99", 0, 999.5, "0"])
def test_less_than_was_asked_is_never_a_plain_payment(amount: object) -> None:
    assert verdict(answer(payment_details__amount=amount)).state is State.PARTIAL


@pytest.mark.parametrize("amount", [1000, "1000", "1000.00", 1000.0, 1001, None])
def test_what_was_asked_or_more_is_paid(amount: object) -> None:
    assert verdict(answer(payment_details__amount=amount)).state is State.PAID


@pytest.mark.parametrize("amount", ["abc", "NaN", "Infinity", [], {}, True, ""])
def test_an_approval_whose_amount_cannot_be_read_is_unknown(amount: object) -> None:
    assert verdict(answer(payment_details__amount=amount)).state is State.UNKNOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"transaction_details__merchant_txn_ref": "other"},
        {"merchant_details__merchant_txn_ref": "other"},
        {"payment_details__currency": "USD"},
        {"transaction_details__id": None},
        {"transaction_details": None},
        {"success": False},
        {"success": None},
        {"success": "true"},
        {"payment_details": None},
        {"payment_details": []},
    ],
)
def test_an_approval_that_contradicts_itself_or_us_is_unknown(changes: dict[str, Any]) -> None:
    assert verdict(answer(**changes)).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("gateway_code", "reason"),
    [("ERR3001", Reason.RISK_RULE), ("Err3018", Reason.RISK_RULE), ("ERR3019", Reason.REFUND_LIMIT)],
)
@pytest.mark.parametrize("status", [200, 201, 400])
def test_a_risk_rule_declines_without_a_response_code(gateway_code: str, reason: Reason, status: int) -> None:
    outcome = verdict({"success": False, "gateway_response": {"code": gateway_code}}, status)
    assert (outcome.state, outcome.reason) == (State.DECLINED, reason)
    told = {"statusCode": 200, "success": False, "messageCode": gateway_code, "data": None}
    assert verdict(told, status).state is State.DECLINED


def test_success_false_without_any_code_is_unknown_since_nobody_has_said_who_declined() -> None:
    assert verdict({"success": False, "message": "no"}, 200).state is State.UNKNOWN
    assert verdict({"success": False, "gateway_response": {"code": "ERR0204"}}, 201).state is State.UNKNOWN


def test_a_refusal_wrapped_into_a_2xx_is_a_refusal() -> None:
    outcome = verdict({"statusCode": 400, "success": False, "messageCode": "VAL0035", "message": "x"}, 200)
    assert (outcome.state, outcome.refusal, outcome.gateway_code) == (State.REFUSED, Refusal.INVALID, "VAL0035")


BODIES = {
    "message": b'{"statusCode":400,"message":"bad","messageCode":"VAL0035","success":false,"data":null}',
    "envelope": b'{"success":false,"status_code":400,"gateway_response":{"code":"VAL0035","message":"bad"}}',
    "html": b"<html><body>nginx</body></html>",
    "empty": b"",
    "truncated": b'{"success":false,"payment_det',
    "a list": b"[1,2]",
    "a number": b"7",
    "null": b"null",
    "not UTF-8": b"\xff\xfe{\x00}\x00",
}
STATUSES: dict[int, Refusal | None] = {
    **dict.fromkeys((400, 404, 405, 406, 411, 412, 413, 414, 415, 417, 422, 431), Refusal.INVALID),
    **dict.fromkeys((401, 403), Refusal.AUTHENTICATION),
    429: Refusal.RATE_LIMITED,
    **dict.fromkeys((200, 201, 202, 204, 301, 302, 303, 307, 308, 402, 408, 409, 425, 451, 499), None),
    **dict.fromkeys((500, 501, 502, 503, 504, 520, 599), None),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_without_a_transaction_is_judged_by_its_status(body: bytes) -> None:
    for status, refusal in STATUSES.items():
        outcome = verdict(body, status)
        wrapped = refusal is None and status < 300 and b"400" in body
        if wrapped:
            assert outcome.refusal is Refusal.INVALID
        else:
            assert outcome.refusal is refusal
            assert outcome.state is (State.UNKNOWN if refusal is None else State.REFUSED)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_5xx_is_unknown_whatever_its_body_says(status: int) -> None:
    for body in (answer(), answer(success=False, payment_details__response_code=51), CHALLENGED):
        assert verdict(body, status).state is State.UNKNOWN


def test_a_4xx_that_says_paid_is_unknown() -> None:
    assert verdict(answer(), 400).state is State.UNKNOWN


def test_an_answer_longer_than_any_is_unknown() -> None:
    assert verdict(answer(), complete=False).state is State.UNKNOWN


def test_a_fault_is_unknown_or_not_sent_by_its_evidence_and_not_by_its_name() -> None:
    assert judge(Fault(True, "ServerDisconnectedError"), ASKED).outcome.state is State.UNKNOWN
    assert judge(Fault(False, "ServerDisconnectedError"), ASKED).outcome.refusal is Refusal.NOT_SENT


@pytest.mark.parametrize(
    "echo",
    [
        {"payment_details__card": {"number": APPROVED}},
        {"payment_details__card": {"number": int(APPROVED)}},
        {"gateway_response__message": f"card {APPROVED} was charged"},
        {"gateway_response__message": "card 5200 0000 0000 1005 was charged"},
        {"extra": [{"deep": {"pan": APPROVED}}]},
        {"card": {"cvc": "739", "number": APPROVED}},
        {"extra": {"cvv": 739}},
        *({"extra": {key: "739"}} for key in ("security_code", "securityCode", "csc", "cid", "cvn", "CVC2")),
        {"extra": {"x": float(APPROVED)}},
        {"gateway_response__message": "cvc 739 is wrong"},
        {"gateway_response__message": "card verification code 739 is not valid"},
        {"payment_details__card": {"number": "5200.0000.0000.1005"}},
    ],
)
@pytest.mark.parametrize("number", [Secret(APPROVED), None])
@pytest.mark.parametrize("reference", ["qwe", "payday-20261124-000123", "5200 0000 0000"])
def test_no_answer_keeps_the_card_number_or_the_cvc_that_it_echoes(
    echo: dict[str, Any], number: Secret | None, reference: str
) -> None:
    told = orjson.dumps(answer(**named(reference), **echo))
    judged = judge(Reply(201, told), ASKED._replace(number=number, merchant_txn_ref=reference))
    kept = f"{judged.outcome!r} {judged.answer!r}"
    assert judged.outcome.state is State.PAID
    assert APPROVED not in kept.replace(" ", "").replace(".", "")
    assert "739" not in kept


@pytest.mark.parametrize("reference", ["payday-20261124-000123", "20261124130000-17"])
def test_a_long_number_in_the_reference_does_not_have_the_whole_answer_walked(
    reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "redact", None)
    assert verdict(answer(**named(reference)), asked=ASKED._replace(merchant_txn_ref=reference)).state is State.PAID


def test_an_id_that_echoes_our_card_number_is_masked() -> None:
    judged = judge(Reply(201, orjson.dumps(answer(transaction_details__id=f"t-{APPROVED}"))), ASKED)
    assert judged.answer is not None
    assert judged.answer["transaction_details"]["id"] == "t-520000******1005"


def test_what_is_written_in_escapes_is_masked_as_well() -> None:
    escaped = "".join(f"\\u00{ord(char):02x}" for char in "739")
    body = orjson.dumps(answer(card={"cvc": "CVC"})).replace(b"CVC", escaped.encode())
    assert "739" not in repr(judge(Reply(201, body), ASKED))


@pytest.mark.parametrize("cvc", ["012", "000"])
def test_a_cvc_whose_zero_was_lost_is_masked(cvc: str) -> None:
    judged = judge(Reply(201, orjson.dumps(answer(card={"cvc": int(cvc)}))), ASKED._replace(cvc=Secret(cvc)))
    assert judged.answer is not None
    assert judged.answer["card"]["cvc"] == "***"


def test_the_way_to_a_challenge_stays_whole_beside_what_is_masked() -> None:
    told = {**CHALLENGED, "redirect_url": "https://acs.example/?authorization=abc", "cvc": "739"}
    judged = judge(Reply(200, orjson.dumps(told)), ASKED)
    assert judged.answer is not None
    assert judged.answer["redirect_url"] == "https://acs.example/?authorization=abc"
    assert judged.answer["cvc"] == "***"


json = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 2000) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    changes=st.dictionaries(
        st.sampled_from(
            ["success", "payment_details", "payment_details__response_code", "payment_details__amount", "status_code",
             "transaction_details__id", "transaction_details", "gateway_response", "redirect_url", "merchant_details"]
        ),
        json,
    ),
    status=st.integers(200, 599),
)  # fmt: skip
def test_whatever_is_answered_gets_a_verdict_and_paid_needs_success_and_an_approved_code(
    changes: dict[str, Any], status: int
) -> None:
    whole = {name: value for name, value in changes.items() if "__" not in name}
    parts = {name: value for name, value in changes.items() if name.partition("__")[0] not in whole}
    body = answer(**{**whole, **parts})
    outcome = verdict(body, status)
    if outcome.state in (State.PAID, State.PARTIAL):
        assert status < 300
        assert body["success"] is True
        assert int(body["payment_details"]["response_code"]) in (0, 8, 10)
        assert not body.get("redirect_url")


@given(st.binary(max_size=300), st.integers(200, 599))
def test_garbage_is_never_paid(body: bytes, status: int) -> None:
    assert verdict(body, status).state in (State.UNKNOWN, State.REFUSED)


# --- what is not known is not compared --------------------------------------------------------------------

NAMELESS = ASKED._replace(merchant_txn_ref=None)
UNTOLD = ASKED._replace(amount=None)


def test_a_follow_ups_answer_may_name_any_charge() -> None:
    told = answer(transaction_details__merchant_txn_ref="other", merchant_details__merchant_txn_ref="other")
    assert verdict(told, asked=NAMELESS).state is State.PAID
    assert verdict(told).state is State.UNKNOWN


@pytest.mark.parametrize("amount", [0, 1, "0.01", 999_999])
def test_an_amount_that_nobody_asked_for_is_as_good_as_any(amount: object) -> None:
    assert verdict(answer(payment_details__amount=amount), asked=UNTOLD).state is State.PAID


def test_an_amount_that_nobody_asked_for_and_nobody_tells_is_unknown() -> None:
    assert verdict(answer(payment_details__amount=None), asked=UNTOLD).state is State.UNKNOWN


def test_half_of_what_nobody_asked_for_is_partial_by_its_code() -> None:
    assert verdict(answer(payment_details__response_code=10), asked=UNTOLD).state is State.PARTIAL


def test_a_void_may_be_answered_with_any_amount_or_none() -> None:
    nothing = ASKED._replace(amount=Decimal(0))
    for amount in (0, 1000, None):
        assert verdict(answer(payment_details__amount=amount), asked=nothing).state is State.PAID


@pytest.mark.parametrize(
    ("asked", "told", "foreign"),
    [
        (Asked(), {"merchant_txn_ref": "x", "currency": "USD"}, None),
        (Asked("qwe"), {"merchant_txn_ref": "x"}, "merchant_txn_ref"),
        (Asked("qwe"), {"transaction_details": {"merchant_txn_ref": "x"}}, "merchant_txn_ref"),
        (Asked("qwe"), {"merchant_details": {"merchant_txn_ref": "x"}}, "merchant_txn_ref"),
        (Asked("17"), {"merchant_txn_ref": 17}, None),
        (Asked("qwe"), {"merchant_txn_ref": None, "transaction_details": [], "merchant_details": "x"}, None),
        (Asked(currency="JPY"), {"currency": "USD"}, "currency"),
        (Asked(currency="JPY"), {"payment_details": {"currency": "USD"}}, "currency"),
        (Asked(currency="JPY"), {"currency": None, "payment_details": {"currency": None}}, None),
    ],
)
def test_an_answer_is_another_charges_by_its_reference_or_its_currency(
    asked: Asked, told: dict[str, Any], foreign: str | None
) -> None:
    assert names_another(told, asked) == foreign


# --- links ------------------------------------------------------------------------------------------------

PAGE = orjson.loads((SAMPLES / "hosted_page.response.json").read_bytes())
PAGE_ASKED = Asked(PAGE["merchant_txn_ref"], Decimal(1000), "JPY", link="url")


@pytest.mark.parametrize("status", [200, 201])
def test_the_vendors_own_page_waits_for_its_payer(status: int) -> None:
    assert verdict(PAGE, status, asked=PAGE_ASKED).state is State.CHALLENGED


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({**PAGE, "id": None}, 201),
        ({**PAGE, "id": True}, 201),
        ({**PAGE, "url": "/relative"}, 201),
        ({**PAGE, "url": "javascript:alert(1)"}, 201),
        ({**PAGE, "url": {"href": "https://pay.example/"}}, 201),
        ({**PAGE, "success": False}, 201),
        ({**PAGE, "merchant_txn_ref": "other"}, 201),
        ({**PAGE, "currency": "USD"}, 201),
        (PAGE, 302),
        (PAGE, 400),
        (PAGE, 500),
        ({key: value for key, value in PAGE.items() if key != "url"}, 201),
        (CHALLENGED, 200),
        ({"redirect_url": "https://acs.example/", "success": True}, 200),
    ],
)
def test_a_page_that_cannot_be_found_is_unknown(told: dict[str, Any], status: int) -> None:
    assert verdict(told, status, asked=PAGE_ASKED).state is State.UNKNOWN


def test_a_page_may_number_its_id() -> None:
    assert verdict({**PAGE, "id": 7}, 201, asked=PAGE_ASKED).state is State.CHALLENGED


def test_a_page_is_no_answer_to_a_charge() -> None:
    assert verdict(PAGE, 201, asked=PAGE_ASKED._replace(link="redirect_url")).state is State.UNKNOWN


@pytest.mark.parametrize("told", [CHALLENGED, PAGE, answer(redirect_url="https://acs.example/")])
def test_what_has_no_payer_is_led_on_nowhere(told: dict[str, Any]) -> None:
    assert verdict(told, 200, asked=Asked(amount=Decimal(1000), link=None)).state is State.UNKNOWN


def test_a_follow_up_that_links_to_something_besides_is_judged_by_its_code() -> None:
    assert verdict(answer(url="https://portal.example/"), asked=NAMELESS._replace(link=None)).state is State.PAID


# --- what moves no money ----------------------------------------------------------------------------------


def word(body: object, status: int = 200, **reply: Any) -> Judged:
    return judge_word(Reply(status, body if isinstance(body, bytes) else orjson.dumps(body), **reply))


@pytest.mark.parametrize("body", [{}, {"success": True}, {"success": None}, {"a": [1]}, {"redirect_url": "https://x"}])
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_object_that_is_no_failure_is_an_answer(body: dict[str, Any], status: int) -> None:
    judged = word(body, status)
    assert (judged.outcome.state, judged.answer) == (State.PAID, body)
    assert judged.outcome.answer == orjson.dumps(body)


@pytest.mark.parametrize("body", [b"[]", b" \n[]", b"[] \r\n"])
def test_a_bare_list_stands_under_data(body: bytes) -> None:
    assert word(body).answer == {"data": []}


@pytest.mark.parametrize("body", [b"", b"null", b"7", b'"x"', b"<html>", b"[1,", b'[1]},{"a":[2]', b"\xff"])
def test_what_is_no_object_and_no_list_is_no_answer(body: bytes) -> None:
    judged = word(body)
    assert (judged.outcome.state, judged.outcome.lost) == (State.UNKNOWN, True)


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(400, Refusal.INVALID), (404, Refusal.INVALID), (401, Refusal.AUTHENTICATION), (429, Refusal.RATE_LIMITED)],
)
@pytest.mark.parametrize("body", [{}, [], {"success": True}, {"success": False}, b""])
def test_a_refusal_is_told_by_the_status(status: int, refusal: Refusal, body: object) -> None:
    judged = word(body, status, retry_after=2.0 if status == 429 else None)
    assert (judged.outcome.state, judged.outcome.refusal) == (State.REFUSED, refusal)
    assert judged.outcome.retry_after == (2.0 if status == 429 else None)


@pytest.mark.parametrize(
    ("body", "status"), [({"success": False}, 200), ({"success": True}, 302), ({}, 409), ({}, 500), ({}, 503)]
)
def test_a_failure_that_says_nothing_else_is_no_answer(body: dict[str, Any], status: int) -> None:
    judged = word(body, status)
    assert (judged.outcome.state, judged.outcome.lost) == (State.UNKNOWN, True)


def test_a_fault_of_a_question_is_told_by_its_evidence() -> None:
    assert judge_word(Fault(True, "x")).outcome.lost
    assert judge_word(Fault(False, "x")).outcome.refusal is Refusal.NOT_SENT
    assert word(b"[]", complete=False).outcome.lost


@pytest.mark.parametrize("body", [{"card": {"number": APPROVED, "cvc": "739"}}, [{"pan": APPROVED, "cvv": "739"}]])
def test_no_word_keeps_a_card_number(body: object) -> None:
    judged = word(body)
    assert judged.outcome.state is State.PAID
    for secret in (APPROVED, "739"):
        assert secret not in f"{judged!r}"


@pytest.mark.parametrize("body", [b"[]", b"", b"7", b"null", b"{", b"\xef\xbb\xbf[]"])
def test_what_is_read_is_an_object_or_nothing(body: bytes) -> None:
    assert read_object(body) is None


def test_what_is_masked_shows_no_card_and_keeps_what_names_it() -> None:
    told = {"card": {"number": APPROVED, "cvc": "739"}, "transaction_details": {"id": APPROVED}, "amount": 739}
    assert masked(told) == {
        "card": {"number": "520000******1005", "cvc": "***"},
        "transaction_details": {"id": APPROVED},
        "amount": 739,
    }
    assert told["card"] == {"number": APPROVED, "cvc": "739"}


@pytest.mark.parametrize(
    "asked", [Asked(), Asked("qwe", Decimal(1000), "JPY"), ASKED], ids=["nothing", "no card", "all"]
)
@pytest.mark.parametrize("key", ["cvc", "cvv", "security_code"])
def test_no_answer_keeps_a_cvc_whether_the_card_is_known_or_not(key: str, asked: Asked) -> None:
    told = answer()
    told["payment_details"]["card"] |= {"number": "520000******1005", key: "739"}
    judged = judge(Reply(201, orjson.dumps(told)), asked)
    assert judged.outcome.state is (State.PAID)
    assert b"739" not in (judged.outcome.answer or b"")
    assert "739" not in repr(judged.answer)


@given(st.binary(max_size=200), st.integers(200, 599))
def test_garbage_is_a_word_only_where_it_is_an_object_or_a_list(body: bytes, status: int) -> None:
    judged = word(body, status)
    if judged.outcome.state is State.PAID:
        assert status < 300
        assert body.strip().removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


# --- several attempts -------------------------------------------------------------------------------------

LOST = Outcome(state=State.UNKNOWN, lost=True, evidence=("lost",))
NOT_SENT = Outcome(state=State.REFUSED, refusal=Refusal.NOT_SENT, evidence=("no route",))
LIMITED = Outcome(state=State.REFUSED, refusal=Refusal.RATE_LIMITED, evidence=("429",))
INVALID = Outcome(state=State.REFUSED, refusal=Refusal.INVALID, evidence=("400",))
PAID_OUTCOME = Outcome(state=State.PAID, evidence=("paid",))


@pytest.mark.parametrize("last", [NOT_SENT, LIMITED, INVALID, LOST])
def test_a_refusal_after_a_lost_answer_ends_no_doubt(last: Outcome) -> None:
    settled = settle([LOST, last])
    assert (settled.state, settled.refusal, settled.attempts) == (State.UNKNOWN, None, 2)


@pytest.mark.parametrize("reason", list(Reason))
def test_only_the_issuers_own_no_ends_the_doubt_of_a_lost_answer(reason: Reason) -> None:
    settled = settle([LOST, Outcome(state=State.DECLINED, reason=reason)])
    issuer = {"declined", "insufficient_funds", "invalid_card", "pick_up_card", "stop_payment"}
    issuer |= {"authentication_required"}
    assert settled.state is (State.DECLINED if reason.value in issuer else State.UNKNOWN)


@pytest.mark.parametrize("state", [State.PAID, State.PARTIAL, State.CHALLENGED])
def test_an_approval_after_a_lost_answer_stands(state: State) -> None:
    assert settle([LOST, NOT_SENT, Outcome(state=state)]).state is state


def test_a_refusal_after_refusals_stays_one() -> None:
    assert settle([NOT_SENT, LIMITED, INVALID]).refusal is Refusal.INVALID


def test_the_evidence_counts_attempts_across_claims() -> None:
    settled = settle([NOT_SENT, PAID_OUTCOME], earlier_attempts=3)
    assert settled.evidence == ("attempt 4: no route", "attempt 5: paid")
    assert settled.attempts == 5
