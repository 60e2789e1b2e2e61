from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from typing import Any, Final

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import BrowserInfo, PurchaseRequest
from paymentoptions_async.errors import InvalidRequestError
from paymentoptions_async.models import (
    CaptureRequest,
    HostedPageRequest,
    RefundRequest,
    SubscriptionDetails,
    VoidRequest,
    lenient,
)
from paymentoptions_async.models.answer import Answer
from paymentoptions_async.models.request import Request
from paymentoptions_async.models.wire import Body, read_answer, read_subscription, request_body

from ..helpers import CVC, PAID, SAMPLES, SEED, card, request, token_request

REQUESTS: Final[list[tuple[str, type[Request]]]] = [
    *((name, PurchaseRequest) for name in ("purchase", "generate_token", "use_token", "subscription_create")),
    ("capture", CaptureRequest),
    ("refund", RefundRequest),
    ("void", VoidRequest),
    *((name, HostedPageRequest) for name in ("hosted_page", "wallet")),
]
ANSWERS: Final = [*sorted(path.name for path in SAMPLES.glob("*.response*.json")), "webhook.payload.json"]


def sample(name: str) -> Any:
    return orjson.loads((SAMPLES / name).read_bytes())


def sent(body: Body) -> Any:
    return orjson.loads(body.content)


# --- requests ---------------------------------------------------------------------------------------------


def test_every_sample_is_in_a_table() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == {*ANSWERS, *(f"{name}.request.json" for name, _ in REQUESTS)}


@pytest.mark.parametrize(("name", "kind"), REQUESTS)
def test_a_sample_goes_out_as_it_came_in(name: str, kind: type[Request]) -> None:
    told = (SAMPLES / f"{name}.request.json").read_bytes()
    assert sent(request_body(kind.from_json(told), "another")) == orjson.loads(told)


def objects(told: Any, path: str = "") -> list[str]:
    """The paths of a body's objects, with a dot at their ends."""
    if not isinstance(told, dict):
        return []
    return [path, *(deeper for name, value in told.items() for deeper in objects(value, f"{path}{name}."))]


@pytest.mark.parametrize(
    ("name", "kind", "path"),
    [(name, kind, path) for name, kind in REQUESTS for path in objects(sample(f"{name}.request.json"))],
)
def test_a_member_that_nobody_knows_is_refused_by_its_name(name: str, kind: type[Request], path: str) -> None:
    told = sample(f"{name}.request.json")
    place = told
    for part in path.split(".")[:-1]:
        place = place[part]
    place["surprise"] = 1
    with pytest.raises(InvalidRequestError) as caught:
        kind.from_json(orjson.dumps(told))
    [problem] = caught.value.problems
    assert (problem.path, problem.rule) == (path[:-1] or "$", "no member that is not known: surprise")


def test_an_amount_that_the_payer_types_goes_out_empty() -> None:
    told = {**sample("hosted_page.request.json"), "amount": ""}
    assert sent(request_body(HostedPageRequest.from_json(orjson.dumps(told)), "m")) == told


def test_the_seeds_body_is_the_sample() -> None:
    # Of seeds/purchase-v1.ja.txt, the line after `--data '`.
    assert orjson.loads(SEED) == {
        "amount": "1000",
        "currency": "JPY",
        "card": {
            "cvc": "100",
            "expiry_month": "12",
            "expiry_year": "24",
            "name": "John Doe",
            "number": "5200000000001005",
        },
        "merchant_txn_ref": "qwe",
        "customer_ip": "127.0.0.1",
        "merchant_id": "< Merchant ID >",
        "return_url": {
            "webhook_url": "< Webhook url >",
            "success_url": "http://www.successurl.com/",
            "decline_url": "http://www.declineurl.com/",
        },
        "billing_address": address("billing@testemail.com"),
        "shipping_address": address("shipping@testemail.com"),
        "browser_info": {
            "acceptHeader": "text/html",
            "screenColorDepth": "48",
            "javaEnabled": False,
            "language": "en",
            "screenHeight": "1200",
            "screenWidth": "1600",
            "challengeWindow": "4",
            "userAgent": "Mozilla/4.0 (MSIE 6.0; Windows NT 5.0)",
        },
        "time_zone": "Asia/Kuala_Lumpur",
    }


def address(email: str) -> dict[str, str]:
    return {
        "country": "JP",
        "email": email,
        "phone_number": "8112345678",
        "address1": "1-2-3 Shinjuku",
        "city": "Shinjuku-ku",
        "state": "Tokyo",
        "postal_code": "1600022",
    }


def test_the_requests_own_merchant_id_stands() -> None:
    assert sent(request_body(request(merchant_id="its own"), "the setting"))["merchant_id"] == "its own"


def test_the_settings_merchant_id_goes_out_where_the_request_has_none() -> None:
    assert sent(request_body(request(merchant_id=None), "the setting"))["merchant_id"] == "the setting"


def test_what_is_not_given_is_not_sent() -> None:
    bare = token_request(shipping_address=None, browser_info=None, merchant_id=None)
    assert sent(request_body(bare, "m")).keys() == {
        "amount", "currency", "merchant_txn_ref", "customer_ip", "merchant_id", "return_url", "billing_address",
        "time_zone", "payment_method",
    }  # fmt: skip
    assert b"null" not in request_body(bare, "m").content


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_goes_out_as_it_is_and_not_as_its_default(value: bool) -> None:
    browser = BrowserInfo(java_enabled=value)
    assert sent(request_body(request(browser_info=browser), "m"))["browser_info"]["javaEnabled"] is value


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("1000", '"1000"'), ("12.30", '"12.30"'), ("007", '"007"'), (1000, "1000"), (0, "0"),
        (Decimal("12.30"), '"12.30"'), (Decimal("1E+3"), '"1000"'), (Decimal("1E-7"), '"0.0000001"'),
    ],
)  # fmt: skip
def test_an_amount_goes_out_as_it_was_given(amount: str | int | Decimal, written: str) -> None:
    assert f'"amount":{written},'.encode() in request_body(request(amount=amount), "m").content


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_every_text_arrives_as_it_was_given(text: str) -> None:
    body = request_body(request(card=card(name=text), time_zone=text, merchant_txn_ref=text), "m")
    told = sent(body)
    assert (told["card"]["name"], told["time_zone"], told["merchant_txn_ref"]) == (text, text, text)


# --- the identity of a charge -----------------------------------------------------------------------------


def test_the_identity_is_the_body_without_the_cvc() -> None:
    body = request_body(request(), "m")
    told = sent(body)
    assert told["card"].pop("cvc") == CVC
    assert orjson.loads(body.identity) == told


def test_the_cvc_makes_no_difference_to_the_identity() -> None:
    identities = {request_body(request(card=card(cvc=cvc)), "m").identity for cvc in ("000", "739", "1234")}
    assert len(identities) == 1


def test_the_identity_of_a_charge_without_a_card_is_its_body() -> None:
    body = request_body(token_request(), "m")
    assert body.identity == body.content


@given(st.sampled_from(["card.name", "time_zone", "merchant_txn_ref", "merchant_id"]), st.text(max_size=10))
def test_a_text_that_looks_like_the_cvc_member_stays_in_the_identity(path: str, noise: str) -> None:
    text = f'"cvc":"{CVC}",{noise}'.encode("utf-8", "replace").decode()
    changed = request(card=card(name=text)) if path == "card.name" else request(**{path: text})
    told = sent(request_body(changed, "m"))
    del told["card"]["cvc"]
    assert orjson.loads(request_body(changed, "m").identity) == told


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "1001"}, {"amount": 1000}, {"currency": "USD"}, {"merchant_id": "other"}, {"time_zone": "UTC"},
        {"card": card(number="4111111111111111")}, {"card": card(name="another")}, {"shipping_address": None},
    ],
)  # fmt: skip
def test_everything_but_the_cvc_makes_a_difference_to_the_identity(changes: dict[str, Any]) -> None:
    assert request_body(request(**{"card": card(), **changes}), "m").identity != (
        request_body(request(card=card()), "m").identity
    )


# --- a body is not shown ----------------------------------------------------------------------------------


def test_a_body_shows_nothing_but_its_length() -> None:
    body = request_body(request(), "m")
    for shown in (repr(body), str(body), f"{body}", "%s" % body):  # noqa: UP031  # every way is meant
        assert shown == f"<body of {len(body.content)} bytes>"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_body_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(request_body(request(), "m"), protocol)


def test_a_body_is_not_copied() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(request_body(request(), "m"))
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(request_body(request(), "m"))


def test_a_body_has_no_dict_that_could_be_dumped() -> None:
    assert not hasattr(request_body(request(), "m"), "__dict__")


# --- answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ANSWERS)
def test_every_published_answer_is_read(name: str) -> None:
    told = sample(name)
    answer = read_answer(told)
    assert answer.success is told.get("success")
    assert answer.status_code == told.get("status_code")
    assert answer.transaction_type == told.get("transaction_type")
    for part in ("gateway_response", "merchant_details", "payment_details", "transaction_details"):
        assert (getattr(answer, part) is None) is (part not in told)


def test_the_vendors_answer_is_typed_member_by_member() -> None:
    answer = read_answer(PAID)
    assert (answer.success, answer.status_code, answer.is_live) == (True, 201, False)
    assert answer.gateway_response is not None
    assert answer.gateway_response.code == "INFO0000"
    paid, merchant, transaction = answer.payment_details, answer.merchant_details, answer.transaction_details
    assert paid is not None
    assert paid.card is not None
    assert paid.additional_data is not None
    assert paid.additional_data.payment_data_source is not None
    assert (paid.amount, paid.response_code, paid.auth_code, paid.currency) == (Decimal(1000), 0, "917290", "JPY")
    assert (paid.card.name, paid.card.exp_month, paid.card.exp_year) == ("John Doe", "12", "24")
    assert paid.additional_data.payment_data_source.type == "card"
    assert merchant is not None
    assert merchant.billing_details is not None
    assert merchant.billing_details.billing_address is not None
    assert merchant.device_details is not None
    assert (merchant.merchant_txn_ref, merchant.device_details.customer_ip) == ("qwe", "127.0.0.1")
    assert merchant.billing_details.billing_address.city == "Shinjuku-ku"
    assert merchant.billing_details.shipping_address is None
    assert transaction is not None
    assert (transaction.id, transaction.ref) == ("ab8444e7-fec0-40dd-994d-0ad813785f74", "74797")
    assert (transaction.timestamp, transaction.stored_payment_method_id) == ("2024-11-25T07:22:48.000Z", None)


def test_a_status_answer_is_read_though_its_members_stand_elsewhere() -> None:
    answer = read_answer(sample("transaction_status.response.200.json"))
    assert answer.payment_details is not None
    assert answer.payment_details.response_description == "The transaction was completed successfully."
    assert answer.transaction_details is not None
    assert answer.transaction_details.merchant_txn_ref is None
    assert answer.transaction_details.billing_details is not None
    assert answer.transaction_details.billing_details.shipping_address is not None
    assert answer.transaction_details.billing_details.shipping_address.phone_number == "N/A"


def test_the_vendors_subscription_is_typed_member_by_member() -> None:
    told = sample("subscription_cancel.response.200.json")["subscription_details"]
    read = read_subscription(told)
    assert read is not None
    assert (read.id, read.type, read.max_cycle_count) == ("664dc930-88bd-4696-8807-5e0f1fedba0b", "CYCLE", 10)
    assert (read.status, read.completed_payment_cycle, read.last_payment_status) == ("CANCELLED", 1, "SUCCESSFUL")
    assert (read.next_payment_date, read.next_payment_cycle) == ("2024-11-28T01:31:29.154Z", 2)
    assert read.subscription_plan_details is not None
    assert attrs.astuple(read.subscription_plan_details) == (
        "Three weeks plan", "Billed every two days", "DAYS", 2, Decimal(1000), "JPY", None, "NONE", 10, 2,
    )  # fmt: skip
    assert [attrs.astuple(charge) for charge in read.transactions] == [
        ("359f39bd-673a-47b3-b9ec-cbd6cd313b8e", "74860", 1, "SUCCESSFUL", "2024-11-26T01:31:29.000Z", Decimal(900),
         "JPY", "CAPTURED"),
    ]  # fmt: skip
    assert read.raw == told


def test_a_member_of_a_subscription_that_nobody_knows_survives_in_raw() -> None:
    told = {"id": "s", "new": {"deep": [1, None]}, "subscription_transaction_details": [{"new": 1}, "strange"]}
    read = read_subscription(told)
    assert read is not None
    assert (read.id, len(read.transactions), read.raw) == ("s", 1, told)


@pytest.mark.parametrize("value", [None, 5, "text", True, [], [{"id": 1}]])
def test_what_is_no_object_is_no_subscription(value: object) -> None:
    assert read_subscription(value) is None


@pytest.mark.parametrize("spelled", ["risk-details", "risk_details"])
def test_the_risk_block_is_read_however_it_is_spelled(spelled: str) -> None:
    risk = read_answer({spelled: {"risk_score": 42}}).risk_details
    assert risk is not None
    assert risk.risk_score == "42"


PARTS: Final = [field.name for field in attrs.fields(Answer) if field.name.endswith(("details", "response"))]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", [None, 5, "text", True, [], [{"id": 1}], 1.5])
def test_a_part_of_a_wrong_type_is_none(part: str, value: object) -> None:
    assert getattr(read_answer({**PAID, "risk-details": None, part: value}), part) is None


WRONG: Final[dict[str, list[object]]] = {
    "success": ["true", 1, 0, None, [], {}],
    "is_live": ["false", 0, None, []],
    "status_code": ["x", "2O1", True, None, [], {}, 1.5, "1e3", "٢"],
    "transaction_type": [None, True, [], {}],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_member_of_a_wrong_type_is_none(name: str, value: object) -> None:
    assert getattr(read_answer({**PAID, name: value}), name) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0), (-1, -1), (51, 51), ("0", 0), ("51", 51), ("-1", -1), ("00", 0), (0.0, 0), (51.0, 51), (51.5, None),
        (True, None), (False, None), (None, None), ("", None), ("-", None), ("--1", None), ("+1", None), (" 1", None),
        ("1.0", None), ("1e3", None), ("x", None), ("٢", None), ("１", None), ("²", None), ("1" * 50, None), ([], None),
        ({}, None), (float("nan"), None), (float("inf"), None), ("1_0", None),
    ],
)  # fmt: skip
def test_a_whole_number_is_read_however_it_is_written(value: object, number: int | None) -> None:
    assert lenient.integer(value) == number
    assert type(lenient.integer(value)) is type(number)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (1000, "1000"), ("1000", "1000"), ("12.30", "12.30"), (12.5, "12.5"), (0.1, "0.1"), ("1E+3", None), (0, "0"),
        (True, None), (None, None), ("", None), ("x", None), ("1,000", None), ("NaN", None), ("Infinity", None),
        (float("nan"), None), (float("inf"), None), ([], None), ({}, None),
    ],
)  # fmt: skip
def test_an_amount_is_read_however_it_is_written(value: object, amount: str | None) -> None:
    assert lenient.decimal(value) == (None if amount is None else Decimal(amount))


json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def members(told: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(told, dict):
        return [path]
    return [path, *(deeper for name, value in told.items() for deeper in members(value, (*path, name)))][not path :]


@given(
    st.dictionaries(st.sampled_from(members(PAID)), json, max_size=4),
    st.dictionaries(st.text(max_size=5), json, max_size=2),
)
def test_no_answer_is_too_strange_to_be_read(changes: dict[tuple[str, ...], Any], unknown: dict[str, Any]) -> None:
    told = {**unknown, **copy.deepcopy(PAID)}
    for path, value in changes.items():
        place: Any = told
        for name in path[:-1]:
            place = place.get(name) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[path[-1]] = value
    before = copy.deepcopy(told)
    assert isinstance(read_answer(told), Answer)
    assert told == before


@given(st.dictionaries(st.sampled_from([field.name for field in attrs.fields(SubscriptionDetails)]), json, max_size=4))
def test_no_subscription_is_too_strange_to_be_read(told: dict[str, Any]) -> None:
    assert isinstance(read_subscription(told), SubscriptionDetails)
