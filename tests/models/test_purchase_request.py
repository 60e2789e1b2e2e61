from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import paymentoptions_async
from paymentoptions_async import (
    BrowserInfo,
    InvalidRequestError,
    PaymentMethod,
    Problem,
    PurchaseRequest,
    ReturnUrls,
    Secret,
)
from paymentoptions_async.redaction import redact_text

from ..helpers import APPROVED, CVC, SAMPLES, SEED, card, request, token_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE: Final = str(Path(paymentoptions_async.__file__).parent)
SEED_CVC: Final = "100"
TOKEN: Final = PaymentMethod(type="scheme", stored_payment_method_id="094db781")


def body(**changes: Any) -> bytes:
    """The seed's body with members changed by `part__name`; `...` leaves one out."""
    told = orjson.loads(SEED)
    told["card"]["cvc"] = CVC
    for path, value in changes.items():
        *parts, name = path.split("__")
        place = told
        for part in parts:
            place = place[part]
        place[name] = value
        if value is ...:
            del place[name]
    return orjson.dumps(told)


def with_text(old: str, new: str) -> bytes:
    """The seed's body with a piece of its text changed."""
    assert old.encode() in body()
    return body().replace(old.encode(), new.encode("utf-8", "surrogatepass"))


def refusal(data: Any) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        PurchaseRequest.from_json(data)
    return caught.value


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def all_that_an_error_shows(error: BaseException) -> str:
    """Its text, arguments, attributes, notes, causes, and the locals of every frame of this package."""
    shown = []
    for link in chain(error):
        shown += [str(link), repr(link), repr(link.args), repr(vars(link)), repr(link.__context__)]
        trace = link.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.startswith(PACKAGE):
                shown += [f"{name} = {value!r}" for name, value in trace.tb_frame.f_locals.items()]
            trace = trace.tb_next
    return "\n".join(shown)


def check_refused(wrong: PurchaseRequest) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        wrong.check()
    return caught.value


# --- reading ----------------------------------------------------------------------------------------------


def test_the_seeds_body_is_read_member_by_member() -> None:
    read = PurchaseRequest.from_json(SEED)
    assert read.card is not None
    assert (read.card.number, read.card.cvc) == (Secret("5200000000001005"), Secret("100"))
    assert (read.card.expiry_month, read.card.expiry_year, read.card.name) == ("12", "24", "John Doe")
    assert (read.amount, read.currency, read.merchant_txn_ref) == ("1000", "JPY", "qwe")
    assert (read.customer_ip, read.merchant_id, read.time_zone) == ("127.0.0.1", "< Merchant ID >", "Asia/Kuala_Lumpur")
    assert read.return_url == ReturnUrls(
        webhook_url="< Webhook url >",
        success_url="http://www.successurl.com/",
        decline_url="http://www.declineurl.com/",
    )
    assert (read.billing_address.email, read.billing_address.postal_code) == ("billing@testemail.com", "1600022")
    assert read.shipping_address is not None
    assert read.shipping_address.email == "shipping@testemail.com"
    assert read.browser_info == BrowserInfo(
        accept_header="text/html",
        screen_color_depth="48",
        java_enabled=False,
        language="en",
        screen_height="1200",
        screen_width="1600",
        challenge_window="4",
        user_agent="Mozilla/4.0 (MSIE 6.0; Windows NT 5.0)",
    )
    assert (read.payment_method, read.subscription) == (None, None)


def test_a_wallet_is_read_with_its_way_back_and_without_a_card() -> None:
    read = PurchaseRequest.from_json((SAMPLES / "wallet.request.json").read_bytes())
    assert (read.card, read.payment_method) == (None, PaymentMethod(type="gcash"))
    assert read.return_url.cancel_url == "http://cancelurl.com/"


@pytest.mark.parametrize("form", [bytes, bytearray, bytes.decode], ids=["bytes", "bytearray", "str"])
def test_a_body_is_read_from_text_and_from_bytes(form: Callable[[bytes], Any]) -> None:
    assert PurchaseRequest.from_json(form(SEED)) == PurchaseRequest.from_json(SEED)


@pytest.mark.parametrize(
    ("written", "amount"), [('"12.30"', "12.30"), ("12.30", "12.30"), ("1000", 1000), ("0", 0), ("1000.0", "1000.0")]
)
def test_a_number_is_taken_digit_for_digit(written: str, amount: str | int) -> None:
    read = PurchaseRequest.from_json(with_text('"amount":"1000"', f'"amount":{written}')).amount
    assert (read, type(read)) == (amount, type(amount))


def test_a_subclass_reads_itself() -> None:
    class Ours(PurchaseRequest):
        pass

    assert type(Ours.from_json(SEED)) is Ours


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "JSON"), (b"{", "JSON"), (b"\xff\xfe\xfd", "JSON"), ("nonsense", "JSON"), (b'{"a":1} x', "JSON"),
        (b"[" * 100_000, "JSON"), (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "JSON"),
        (b'{"amount":' + b"9" * 5000 + b"}", "JSON"),
        (b"null", "a JSON object"), (b"[]", "a JSON object"), (b'"text"', "a JSON object"), (b"5", "a JSON object"),
        (with_text('"1000"', "NaN"), "JSON without NaN"), (with_text('"1000"', "Infinity"), "JSON without Infinity"),
        (with_text('"1000"', "-Infinity"), "JSON without -Infinity"),
        (with_text('"amount"', '"amount":"1","amount"'), "JSON in which no member stands twice"),
        (with_text('"cvc"', '"cvc":"1","cvc"'), "JSON in which no member stands twice"),
        (with_text('"country"', '"country":"JP","country"'), "JSON in which no member stands twice"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_what_is_no_json_object_is_refused_as_a_whole(data: Any, rule: str) -> None:
    assert refusal(data).problems == (Problem("$", rule),)


@pytest.mark.parametrize(
    ("data", "path", "rule"),
    [
        (body(amount=True), "amount", "a number or a text"), (body(amount=None), "amount", "a number or a text"),
        (body(amount=[]), "amount", "a number or a text"), (body(currency=5), "currency", "a text"),
        (body(currency=None), "currency", "a text"), (body(currency={}), "currency", "a text"),
        (body(currency=...), "currency", "required"), (body(return_url=...), "return_url", "required"),
        (body(return_url=None), "return_url", "a JSON object"), (body(return_url="x"), "return_url", "a JSON object"),
        (body(return_url__success_url=...), "return_url.success_url", "required"),
        (body(billing_address__city=["x"]), "billing_address.city", "a text"),
        (body(billing_address=[]), "billing_address", "a JSON object"),
        (body(browser_info__javaEnabled="no"), "browser_info.java_enabled", "true or false"),
        (body(browser_info__javaEnabled=0), "browser_info.java_enabled", "true or false"),
        (body(browser_info__userAgent=5), "browser_info.user_agent", "a text"),
        (body(time_zone=1.5), "time_zone", "a text"),
        (body(card=APPROVED), "card", "a JSON object"), (body(card=[APPROVED]), "card", "a JSON object"),
        (body(card__number=int(APPROVED)), "card.number", "a text"), (body(card__cvc=739), "card.cvc", "a text"),
        (body(card__number=...), "card.number", "required"), (body(card__name={"a": APPROVED}), "card.name", "a text"),
        (body(subscription={"plan_name": 1}), "subscription.plan_name", "a text"),
        (body(subscription={"plan_name": "x", "cycle_interval": "2"}), "subscription.cycle_interval", "a whole number"),
        (body(zz=1), "$", "no member that is not known: zz"),
        (body(aa=1, zz=1), "$", "no member that is not known: aa, zz"),
        (body(card__pin="1"), "card", "no member that is not known: pin"),
        (body(browser_info__user_agent="x"), "browser_info", "no member that is not known: user_agent"),
        (body(**{"a @ b": 1}), "$", "no member that is not known: a @ b"),
        (with_text('"JPY"', "[" * 500 + "]" * 500), "currency", "a text"),
    ],
)  # fmt: skip
def test_a_member_of_a_wrong_shape_is_refused_by_its_path(data: bytes, path: str, rule: str) -> None:
    assert Problem(path, rule) in refusal(data).problems


def test_all_that_is_wrong_is_told_at_once() -> None:
    error = refusal(body(currency=5, card__number=..., billing_address__city=None, zz=1))
    assert {problem.path for problem in error.problems} == {"currency", "card.number", "billing_address.city", "$"}
    assert all(str(problem) in str(error) for problem in error.problems)


def test_what_is_read_is_checked_as_well() -> None:
    error = refusal(body(currency="yen", card__expiry_month="13", customer_ip="here"))
    assert [problem.path for problem in error.problems] == ["currency", "card.expiry_month", "customer_ip"]
    assert error.merchant_txn_ref == "qwe"


@pytest.mark.parametrize("written", [APPROVED, "5200 0000 0000 1005", f"a {APPROVED}", f"card={APPROVED}"])
def test_a_card_number_that_stands_as_a_members_name_is_masked(written: str) -> None:
    error = refusal(body(**{written: 1}))
    assert "520000******1005" in str(error)
    assert written not in all_that_an_error_shows(error)


def test_a_card_number_within_a_members_name_is_masked() -> None:
    assert APPROVED not in all_that_an_error_shows(refusal(body(**{f"transaction{APPROVED}id": 1})))


@pytest.mark.parametrize("name", ["\\ud800", "a\\nb", "\\u001b[31m", "k" * 5000])
def test_a_members_name_cannot_break_the_line_that_tells_it(name: str) -> None:
    told = str(refusal(with_text('"amount"', f'"{name}":1,"amount"')))
    assert told.isprintable()
    assert len(told) < 1000
    told.encode()


LEAKS: Final[dict[str, Any]] = {
    "half a body": body()[:-1],
    "bytes that are no text": body() + b"\xff",
    "a list": b"[" + body() + b"]",
    "its number twice": with_text('"number"', f'"number":"{APPROVED}","number"'),
    "NaN": with_text('"1000"', "NaN"),
    "a number as number": body(card__number=int(APPROVED)),
    "a cvc as number": body(card__cvc=int(CVC)),
    "a number as card": body(card=APPROVED),
    "a number as list": body(card=[APPROVED, CVC]),
    "a number too long": body(card__number=APPROVED + APPROVED),
    "a cvc too long": body(card__cvc=CVC * 3),
    "a number as name of a member": body(**{APPROVED: CVC}),
    "an unknown member of the card": body(card__pan=APPROVED),
    "a number for another field": body(currency=APPROVED),
    "a number as amount": body(amount=APPROVED),
    "a number as address": body(customer_ip=APPROVED),
    "a number as reference": body(merchant_txn_ref=APPROVED),
    "a number in the reference": body(merchant_txn_ref=f"order-{APPROVED}-x"),
    "a number in a reference too long": body(merchant_txn_ref=f"order-{APPROVED}-" + "x" * 40),
    "a number cut by the end of a reference": body(merchant_txn_ref="x" * 33 + APPROVED),
    "a field missing": body(currency=...),
    "all wrong": body(currency=5, card__expiry_month="99", amount=-1, card__name=None),
    "card and token": body(payment_method={"type": "scheme", "stored_payment_method_id": "t"}),
    "nested too deep": with_text('"JPY"', "[" * 100_000),
    "a dict": {"card": {"number": APPROVED, "cvc": CVC}},
}


@pytest.mark.parametrize("data", LEAKS.values(), ids=LEAKS)
def test_no_refusal_shows_card_number_or_cvc(data: Any) -> None:
    shown = all_that_an_error_shows(refusal(data))
    assert APPROVED not in shown
    assert APPROVED[:12] not in shown
    assert CVC not in shown


@given(st.binary(max_size=40) | st.integers(0, len(SEED)).map(lambda end: SEED[:end]) | st.text(max_size=40))
def test_no_input_ends_in_anything_but_a_request_or_a_refusal(data: bytes | str) -> None:
    try:
        PurchaseRequest.from_json(data)
    except InvalidRequestError as error:
        assert error.problems  # noqa: PT017  # both endings are allowed


@given(st.integers(0, len(SEED) - 1), st.sampled_from(b'"{}[],:0x\\ \xff'))
def test_no_damaged_body_shows_its_card(place: int, byte: int) -> None:
    damaged = SEED[:place] + bytes([byte]) + SEED[place + 1 :]
    try:
        PurchaseRequest.from_json(damaged)
    except InvalidRequestError as error:
        assert APPROVED not in all_that_an_error_shows(error)  # noqa: PT017  # both endings are allowed


# --- who pays ---------------------------------------------------------------------------------------------

REQUIRED: Final = Problem("card", "required unless a stored payment method pays")
EXCLUSIVE: Final = Problem("card", "none where payment_method.stored_payment_method_id pays")


@pytest.mark.parametrize(
    "method",
    [
        None,
        PaymentMethod(type="scheme"),
        PaymentMethod(type="scheme", store_payment_method=True),
        PaymentMethod(type="gcash"),
    ],
)
def test_a_card_pays(method: PaymentMethod | None) -> None:
    request(payment_method=method).check()


@pytest.mark.parametrize("method", [TOKEN, PaymentMethod(type="gcash"), attrs.evolve(TOKEN, store_payment_method=True)])
def test_a_token_or_a_wallet_pays_without_a_card(method: PaymentMethod) -> None:
    request(card=None, payment_method=method).check()


@pytest.mark.parametrize(
    "method", [None, PaymentMethod(type="scheme"), PaymentMethod(type="scheme", store_payment_method=True)]
)
def test_somebody_must_pay(method: PaymentMethod | None) -> None:
    assert check_refused(request(card=None, payment_method=method)).problems == (REQUIRED,)


def test_a_card_and_a_token_do_not_pay_together() -> None:
    assert check_refused(request(payment_method=TOKEN)).problems == (EXCLUSIVE,)


@pytest.mark.parametrize("given_as", [{"number": APPROVED, "cvc": CVC}, APPROVED, Secret(APPROVED), [APPROVED]])
def test_a_card_that_is_no_card_is_refused_and_not_shown(given_as: object) -> None:
    error = check_refused(request(card=given_as))
    assert error.problems == (Problem("card", "a Card"),)
    assert APPROVED not in all_that_an_error_shows(error)


# --- the reference ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference",
    [
        APPROVED, f"order-{APPROVED}", f"{APPROVED}x", f"1{APPROVED}1",
        "5200 0000 0000 1005", "order 5200-0000-0000-1005",
    ],
)  # fmt: skip
def test_a_reference_that_holds_the_card_number_is_refused_and_not_shown(reference: str) -> None:
    error = check_refused(request(reference))
    assert error.problems == (Problem("merchant_txn_ref", "a reference that does not hold the card number"),)
    shown = all_that_an_error_shows(error)
    # `self` is one of the locals: its repr shows the reference as the caller has made it.
    assert reference not in shown.replace(repr(request(reference)), "")


@pytest.mark.parametrize("reference", ["qwe", "5200", "520000******1005", "order-1005", APPROVED[:-1], "注文一"])
def test_another_reference_is_taken(reference: str) -> None:
    request(reference).check()


def test_a_token_has_no_number_that_a_reference_could_hold() -> None:
    token_request(APPROVED).check()


@pytest.mark.parametrize("number", ["", "1", "qwe", "x" * 20])
def test_a_refusal_tells_the_reference_as_it_is_whatever_the_card(number: str) -> None:
    assert check_refused(request("order-1-qwe", card=card(number=number))).merchant_txn_ref == "order-1-qwe"
    assert redact_text("order-1-qwe") == "order-1-qwe"


def test_a_refusal_tells_so_much_of_a_reference_as_may_be_long() -> None:
    assert check_refused(request("x" * 5000)).merchant_txn_ref == "x" * 45


@pytest.mark.parametrize("reference", [None, 5, b"qwe", ["qwe"]])
def test_a_refusal_tells_no_reference_where_it_is_no_text(reference: object) -> None:
    error = check_refused(request(merchant_txn_ref=reference))
    assert (error.merchant_txn_ref, error.problems[0].path) == (None, "merchant_txn_ref")


def test_a_card_whose_secret_holds_no_text_is_refused_like_any_other() -> None:
    wrong = request(card=card(number=Secret(int(APPROVED))))  # type: ignore[arg-type]
    assert [problem.path for problem in check_refused(wrong).problems] == ["card.number"]
    assert redact_text("as it is") == "as it is"


# --- a value ----------------------------------------------------------------------------------------------


def test_a_request_is_equal_to_its_copies_and_to_what_is_read_again() -> None:
    read = PurchaseRequest.from_json(SEED)
    assert copy.copy(read) == copy.deepcopy(read) == PurchaseRequest.from_json(SEED) == read


def test_a_request_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        request().amount = "1"  # type: ignore[misc]


def test_a_constructor_refuses_no_value_since_its_frame_would_show_it() -> None:
    empty = dict.fromkeys((field.name for field in attrs.fields(PurchaseRequest)), object())
    wrong = PurchaseRequest(**empty)  # type: ignore[arg-type]
    assert {problem.path for problem in check_refused(wrong).problems} == set(empty)
