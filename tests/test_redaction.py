from __future__ import annotations

import copy
import io
import logging
import pickle
import sys
import traceback
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import attrs
import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import RedactingFilter, Secret, redact_processor
from paymentoptions_async.models.follow_up_request import CaptureRequest, RefundRequest, VoidRequest
from paymentoptions_async.redaction import MASK, in_flight, luhn, mask_pan, may_hold_card_number, redact, redact_text

from .helpers import APPROVED, CVC, card, request, shows_cvc
from .resources.cases import page_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Published by Stripe, Adyen, Braintree, PayPal, Worldpay and the gateway's vendor as numbers for tests.
PUBLISHED: Final = {
    "visa 13": ["4222222222222"],
    "visa 16": ["4111111111111111", "4012888888881881", "4242424242424242", "4000056655665556", "4000000000001091"],
    "visa 19": ["4000000000000000006"],
    "mastercard 5": ["5555555555554444", "5105105105105100", "5200828282828210", "5200000000001005"],
    "mastercard 2": ["2223003122003222", "2222400070000005", "2720990000000007", "2221000000000009"],
    "amex": ["378282246310005", "371449635398431", "378734493671000", "370000000000002"],
    "diners 14": ["30569309025904", "38520000023237", "36227206271667", "36006666333344"],
    "discover": ["6011111111111117", "6011000990139424", "6445644564456445", "6011601160116611"],
    "jcb": ["3530111333300000", "3566002020360505", "3569990010095841"],
    "unionpay": ["6200000000000005", "6243030000000001", "6205500000000000004"],
    "maestro": ["6759649826438453", "6304000000000000", "6771798021000008", "6799990100000000019", "5018000000000009"],
    "mir": ["2200000000000053", "2204320000000002"],
    "rupay": ["6521500000000006"],
}
NUMBERS: Final = [number for numbers in PUBLISHED.values() for number in numbers]
PAN: Final = "4111111111111111"
PRIVATE: Final = "1234567890123456"  # of no public scheme, and it fails Luhn


def fours(number: str) -> list[str]:
    return [number[at : at + 4] for at in range(0, len(number), 4)]


def as_printed(number: str) -> list[str]:
    """The groups in which a card of that length has its number embossed."""
    return [number[:4], number[4:10], number[10:]] if len(number) in (14, 15) else fours(number)


# --- Secret -----------------------------------------------------------------------------------------------

RENDERINGS: Final[dict[str, Callable[[Secret], str]]] = {
    "str": str,
    "repr": repr,
    "format": format,
    "f-string": lambda secret: f"{secret} {secret!r} {secret!s} {secret!a} {secret}",
    "percent": lambda secret: "%s %r %a" % (secret, secret, secret),  # noqa: UP031
    "str.format": "{0} {0!r}".format,
    "in a list": lambda secret: f"{[secret]} {(secret,)} { {secret: secret} }",
    "asdict of its card": lambda secret: str(attrs.asdict(card(number=secret, cvc=secret))),
    "astuple of its card": lambda secret: str(attrs.astuple(card(number=secret, cvc=secret))),
    "repr of its card": lambda secret: repr(card(number=secret, cvc=secret)),
    "repr of its request": lambda secret: repr(request(card=card(number=secret, cvc=secret))),
    "asdict of its request": lambda secret: str(attrs.asdict(request(card=card(number=secret, cvc=secret)))),
}


@pytest.mark.parametrize("render", RENDERINGS.values(), ids=RENDERINGS)
def test_a_secret_is_not_rendered(render: Callable[[Secret], str]) -> None:
    shown = render(Secret(APPROVED))
    assert MASK in shown
    assert APPROVED not in shown
    assert APPROVED[-4:] not in shown


@pytest.mark.parametrize("spec", [">20", "s", "x"])
def test_a_secret_takes_no_format_that_would_show_it(spec: str) -> None:
    with pytest.raises(TypeError) as caught:
        format(Secret(APPROVED), spec)
    assert APPROVED not in str(caught.value)


@pytest.mark.parametrize("given_as", [{"number": APPROVED, "cvc": CVC}, APPROVED, [APPROVED], int(APPROVED)])
def test_a_card_that_is_no_card_is_not_shown_by_its_request(given_as: object) -> None:
    wrong = request(card=given_as)
    for shown in (repr(wrong), str(attrs.asdict(wrong)), str(wrong)):
        assert APPROVED not in shown
        assert not shows_cvc(shown)


REQUESTS: Final[dict[str, Callable[[], object]]] = {
    "purchase": lambda: request(time_zone=APPROVED),
    "page": lambda: page_request(time_zone=APPROVED),
    "capture": lambda: CaptureRequest(transaction_id="t1", amount=1, notes=f"paid with {APPROVED}, cvc: {CVC}"),
    "refund": lambda: RefundRequest(transaction_id=APPROVED, amount=1),
    "void": lambda: VoidRequest(transaction_id="t1", merchant_id=f"card_number={APPROVED}&cvc={CVC}"),
}


@pytest.mark.parametrize("make", REQUESTS.values(), ids=REQUESTS)
def test_a_request_does_not_show_a_card_number_that_stands_where_none_belongs(make: Callable[[], object]) -> None:
    for shown in (repr(make()), str(make()), f"{make()}"):
        assert shown.startswith(f"{type(make()).__name__}(")
        assert mask_pan(APPROVED) in shown
        assert APPROVED not in shown
        assert f": {CVC}" not in shown
        assert f"={CVC}" not in shown


def test_a_secret_has_no_dict_that_could_be_dumped() -> None:
    assert not hasattr(Secret(APPROVED), "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("make", [lambda: Secret(APPROVED), card, request], ids=["secret", "card", "request"])
def test_a_secret_is_not_pickled(make: Callable[[], object], protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(make(), protocol)


def test_a_copied_secret_is_the_same_object() -> None:
    secret = Secret(APPROVED)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_a_secret_of_a_secret_is_as_good_as_the_first() -> None:
    assert Secret(Secret(APPROVED)).reveal() == APPROVED


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (Secret("a"), Secret("a"), True),
        (Secret("a"), Secret("b"), False),
        (Secret("a"), "a", False),
        (Secret("é\ud800"), Secret("é\ud800"), True),
        (Secret("é"), Secret("e"), False),
    ],
)
def test_secrets_are_equal_as_their_values_are(left: Secret, right: object, equal: bool) -> None:
    assert (left == right) is equal
    assert not equal or hash(left) == hash(right)


# --- the mask ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
def test_a_mask_shows_the_first_six_and_the_last_four_digits_at_most(number: str) -> None:
    assert mask_pan(number) == number[:6] + "*" * (len(number) - 10) + number[-4:]


@pytest.mark.parametrize("short", ["", "1", "123456789012"])
def test_a_mask_shows_nothing_of_what_is_too_short(short: str) -> None:
    assert mask_pan(short) == MASK


@pytest.mark.parametrize("number", NUMBERS)
def test_one_wrong_digit_breaks_the_check_digit(number: str) -> None:
    assert luhn(number)
    wrong = (str((int(number[at]) + 1) % 10) for at in range(len(number)))
    assert not any(luhn(number[:at] + digit + number[at + 1 :]) for at, digit in enumerate(wrong))


# --- card numbers in a text -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
def test_a_published_number_is_masked_in_a_text(number: str) -> None:
    assert redact_text(f"paid with {number} today") == f"paid with {mask_pan(number)} today"


@pytest.mark.parametrize("groups", [as_printed, fours])
@pytest.mark.parametrize("separator", [" ", "-"], ids=["blank", "hyphen"])
@pytest.mark.parametrize("number", NUMBERS)
def test_a_grouped_number_is_masked_in_a_text(number: str, separator: str, groups: Callable[[str], list[str]]) -> None:
    written = separator.join(groups(number))
    assert redact_text(f"paid with {written} today") == f"paid with {mask_pan(number)} today"


@pytest.mark.parametrize(
    "around",
    [
        "{}", "({})", "[{}]", "<{}>", '"{}"', "'{}'", "={}", "#{}", "/{}/", ":{},", "{}.", "{}:12/29", "{}\n", "\t{}\t",
        "Card {}, please", "card={}&x=1", "カード {} です", "{}; 12/29", "12/29: {}",
    ],
)  # fmt: skip
def test_punctuation_next_to_a_number_does_not_hide_it(around: str) -> None:
    assert redact_text(around.format(PAN)) == around.format(mask_pan(PAN))


@pytest.mark.parametrize(
    "around",
    ["12 {}", "{} 123", "on 12/29 {} 12/29", "2024 {}", "7 {} 8"],
)
@pytest.mark.parametrize(
    "written", [PAN, " ".join(fours(PAN)), "-".join(fours(PAN))], ids=["plain", "blanks", "hyphens"]
)
def test_other_digits_a_blank_away_do_not_hide_a_number(around: str, written: str) -> None:
    assert redact_text(around.format(written)) == around.format(mask_pan(PAN))


@pytest.mark.parametrize("between", [" ", ", ", "/", "|", "\n", " and ", ";"])
def test_two_numbers_in_a_row_are_both_masked(between: str) -> None:
    other = "5555555555554444"
    assert redact_text(f"{PAN}{between}{other}") == f"{mask_pan(PAN)}{between}{mask_pan(other)}"


words = st.text(st.characters(exclude_categories=["Nd", "Nl", "No"]), max_size=30)
edges = st.sampled_from(
    [" ", "\n", "\t", "(", ")", "'", '"', "=", ":", ";", ",", "/", "#", "[", "]", "{", "}", "<", ">"]
)


@given(st.sampled_from(NUMBERS), words, edges, edges, words)
def test_no_published_number_is_left_whole_wherever_it_stands(
    number: str, before: str, left: str, right: str, after: str
) -> None:
    masked = redact_text(f"{before}{left}{number}{right}{after}")
    assert number not in masked
    assert number[6:-4] not in "".join(filter(str.isdigit, masked))[6:-4]
    assert mask_pan(number) in masked or MASK in masked


@given(words)
def test_a_text_without_digits_and_keys_is_left_alone(text: str) -> None:
    assert redact_text(text.replace("=", "").replace(":", "")) == text.replace("=", "").replace(":", "")


@given(st.sampled_from(NUMBERS), words, edges, edges, words)
def test_what_is_masked_stays_as_it_is_when_masked_again(
    number: str, before: str, left: str, right: str, after: str
) -> None:
    once = redact_text(f"{before}{left}{number}{right}{after}")
    assert redact_text(once) == once


@pytest.mark.parametrize(
    "other",
    [
        "2024-11-25T07:22:48.000Z", "2024-11-25 07:22:48.000123+00:00", "20241125T072248Z", "20241125072248",
        "1732519368", "1732519368000", "1732519368000123", "1732519368000123456", "1732519368.000123",
        "550e8400-e29b-41d4-a716-446655440000", "41111111-1111-4111-8111-111111111111",
        "4bf92f3577b34da6a3ce929d0e0e4736", "41111111111111111111111111111111", "00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "+14155552671", "+442071838750", "+8613912345678", "+4111111111111111"[:16], "+49 30 901820", "8112345678",
        "127.0.0.1", "192.168.100.200", "2001:db8::8a2e:370:7334", "2001:0db8:0000:0000:0000:8a2e:0370:7334",
        "1000", "12.34", "1234567890", "1,234,567,890.12", "0.4111111111111111", "4111111111111.25", "3.14159265358979",
        "-4111111111111", "ab8444e7-fec0-40dd-994d-0ad813785f74", "order-4111111111111111", "2003089893366DTEST",
        "4111111111111112", "1234567890123456", "9111111111111111", "411111111111", "41111111111111111111",
        "INFO0000", "ERR3008", "v1.2.3", "page 1 of 100", "0x4111111111111111", "x4111111111111111y",
    ],
)  # fmt: skip
def test_what_is_no_card_number_is_left_as_it_is(other: str) -> None:
    for text in (other, f"at {other} it was", f"({other})", f'{{"what": "{other}"}}'):
        assert redact_text(text) == text


zones = st.timezones() | st.just(UTC) | st.just(timezone(timedelta(hours=5, minutes=45)))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2038, 1, 1), timezones=zones)  # noqa: DTZ001  # bounds are naive


@given(moments)
def test_a_timestamp_is_left_as_it_is(moment: datetime) -> None:
    since = moment.timestamp()
    forms = (
        moment.isoformat(), str(moment), moment.strftime("%Y%m%d%H%M%S"), f"{moment:%d/%b/%Y:%H:%M:%S %z}",
        f"{since:.0f}", f"{since:.3f}", f"{since:.6f}", f"{int(since * 1e3)}",
        f"{int(since * 1e6)}", f"{int(since) * 10**9}",
    )  # fmt: skip
    text = " | ".join(forms)
    assert redact_text(text) == text


@given(st.uuids() | st.integers(0, 10**32 - 1).map(lambda digits: UUID(hex=f"{digits:032}")))
def test_a_uuid_is_left_as_it_is(uuid: UUID) -> None:
    text = f"{uuid} {uuid.hex} {uuid.urn} trace={uuid.hex}"
    assert redact_text(text) == text


@given(st.integers(10**6, 10**15 - 1).map(lambda number: f"+{number}"))
def test_an_international_phone_number_is_left_as_it_is(phone: str) -> None:
    assert redact_text(f"call {phone} now") == f"call {phone} now"


@given(st.ip_addresses())
def test_a_network_address_is_left_as_it_is(address: object) -> None:
    assert redact_text(f"from {address}") == f"from {address}"


@given(st.decimals(0, Decimal("99999999.99"), places=2) | st.integers(0, 10**11 - 1))
def test_an_amount_is_left_as_it_is(amount: Decimal | int) -> None:
    assert redact_text(f"amount {amount} JPY") == f"amount {amount} JPY"


# --- in flight --------------------------------------------------------------------------------------------


def test_a_number_in_flight_is_masked_only_while_it_is() -> None:
    text = f"x{PRIVATE}y"
    with in_flight(Secret(PRIVATE)):
        assert redact_text(text) == f"x{mask_pan(PRIVATE)}y"
    assert redact_text(text) == text


def test_a_number_twice_in_flight_is_masked_until_both_have_landed() -> None:
    with in_flight(Secret(PRIVATE)):
        with in_flight(Secret(PRIVATE)):
            pass
        assert PRIVATE not in redact_text(PRIVATE)
    assert redact_text(PRIVATE) == PRIVATE


def test_a_number_lands_though_its_flight_ends_in_an_error() -> None:
    def crash() -> None:
        with in_flight(Secret(PRIVATE)):
            raise RuntimeError("crashed")

    with pytest.raises(RuntimeError, match="crashed"):
        crash()
    assert redact_text(PRIVATE) == PRIVATE


def test_a_charge_without_a_card_has_nothing_in_flight() -> None:
    with in_flight(None):
        assert redact_text("as it is") == "as it is"


@pytest.mark.parametrize("number", ["", "1", "as"])
def test_what_is_no_card_number_masks_nothing_while_in_flight(number: str) -> None:
    with in_flight(Secret(number)):
        assert redact_text("1 text, as it is") == "1 text, as it is"


# --- masking by key ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "cvc", "CVC", "cvc2", "cvv", "CVV2", "csc", "security_code", "securityCode", "security-code", "card_cvc",
        "cardCvv", "authorization", "Authorization", "x-api-key", "X-Api-Key", "x_api_key", "apiKey", "api_key",
        "api key", "ledger_secret", "password", "secret", "pin", "track1", "track2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", ["739", 739, b"739", ["739"], {"a": "739"}, ("739",)])
def test_what_stands_under_a_secret_key_is_masked_whatever_it_is(key: str, value: object) -> None:
    assert redact({"a": [{key: value}]}) == {"a": [{key: MASK}]}


@pytest.mark.parametrize("key", ["pan", "PAN", "card_number", "cardNumber", "card-number", "primaryAccountNumber"])
@pytest.mark.parametrize("value", [PRIVATE, int(PRIVATE)])
def test_a_number_under_a_card_number_key_is_masked_whatever_it_looks_like(key: str, value: object) -> None:
    assert redact({key: value}) == {key: mask_pan(PRIVATE)}


def test_the_members_of_a_card_are_masked_by_their_keys() -> None:
    told = {"card": {"number": PRIVATE, "cvc": CVC, "name": "John Doe", "exp_month": "12"}}
    assert redact(told) == {
        "card": {"number": mask_pan(PRIVATE), "cvc": MASK, "name": "John Doe", "exp_month": "12"},
    }
    assert redact({"card": [{"number": PRIVATE}]}) == {"card": [{"number": mask_pan(PRIVATE)}]}


@pytest.mark.parametrize("key", ["pan", "card_number", "cardNumber"])
@pytest.mark.parametrize("value", [f"*** {PAN}", f"{PAN} ***", {"masked": MASK, "whole": PAN}, [MASK, PAN]])
def test_stars_beside_a_number_do_not_save_it_from_its_key(key: str, value: object) -> None:
    assert PAN not in str(redact({key: value}))


def test_a_number_that_is_masked_already_stays_readable() -> None:
    told = {"card": {"number": mask_pan(APPROVED)}, "pan": mask_pan(PAN)}
    assert redact(told) == told


@pytest.mark.parametrize("key", ["number", "phone_number", "cvc_result", "cardholder", "api", "spin", "panorama"])
def test_what_stands_under_another_key_is_left_as_it_is(key: str) -> None:
    assert redact({key: "8112345678"}) == {key: "8112345678"}


def test_none_and_a_secret_stay_what_they_are_under_a_secret_key() -> None:
    secret = Secret(APPROVED)
    assert redact({"cvc": None, "pan": secret, "authorization": secret}) == {
        "cvc": None,
        "pan": secret,
        "authorization": secret,
    }


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"cvc": "739"}', '{"cvc": "***"}'),
        ('{"cvc":739}', '{"cvc":***}'),
        ('{\\"cvc\\": \\"739\\"}', '{\\"cvc\\": \\"***\\"}'),
        ("{'cvc': '739', 'a': 1}", "{'cvc': '***', 'a': 1}"),
        ("Card(cvc='739', name='x')", "Card(cvc='***', name='x')"),
        ("a=1&cvc=739&b=2", "a=1&cvc=***&b=2"),
        ("card[cvc]=739&b=2", "card[cvc]=***&b=2"),
        ("card.cvc=739", "card.cvc=***"),
        ("CVV2: 739", "CVV2: ***"),
        ("the CVC is 739, he said", "the CVC is ***, he said"),
        ("security code 7391", "security code ***"),
        ('{"number": "1234567890123456"}', '{"number": "123456******3456"}'),
        ("{'number': '1234567890123456'}", "{'number': '123456******3456'}"),
        ("card_number=1234567890123456&a=1", "card_number=123456******3456&a=1"),
        ("pan: 1234567890123456", "pan: 123456******3456"),
        ("Authorization: Basic YWJj", "Authorization: ***"),
        ("authorization=Bearer a.b-c", "authorization=***"),
        ("{'Authorization': 'Basic YWJj'}", "{'Authorization': '***'}"),
        ('"x-api-key": "se-cr.et"', '"x-api-key": "***"'),
        ("X-API-Key=secret", "X-API-Key=***"),
        ("api_key='secret'", "api_key='***'"),
        ("?apiKey=secret&a=1", "?apiKey=***&a=1"),
        ("x_api_key='secret'", "x_api_key='***'"),
        ("PAYMENTOPTIONS_API_KEY=secret", "PAYMENTOPTIONS_API_KEY=***"),
        ("PAYMENTOPTIONS_X_API_KEY=secret", "PAYMENTOPTIONS_X_API_KEY=***"),
    ],
)
def test_what_stands_under_a_secret_key_is_masked_in_text(text: str, masked: str) -> None:
    assert redact_text(f"saw {text}") == f"saw {masked}"


@pytest.mark.parametrize(
    "text", ["phone_number=8112345678", "number=42", "cvc_check: passed", "japan: 1234567890123456"]
)
def test_what_only_looks_like_a_secret_key_is_left_in_text(text: str) -> None:
    assert redact_text(text) == text


# --- structures -------------------------------------------------------------------------------------------

SHOWN: Final = mask_pan(PAN)


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        (PAN, SHOWN),
        (int(PAN), SHOWN),
        (f"pay {PAN}".encode(), f"pay {SHOWN}".encode()),
        (bytearray(PAN.encode()), SHOWN.encode()),
        ([PAN, [PAN]], [SHOWN, [SHOWN]]),
        ((PAN, 1), (SHOWN, 1)),
        ({PAN}, {SHOWN}),
        (frozenset({PAN, "a"}), {SHOWN, "a"}),
        ({PAN: PAN}, {SHOWN: SHOWN}),
        (ValueError(PAN), f"ValueError('{SHOWN}')"),
        (Decimal(PAN), f"Decimal('{SHOWN}')"),
    ],
)
def test_a_number_is_masked_in_every_kind_of_value(value: object, masked: object) -> None:
    assert redact(value) == masked


@pytest.mark.parametrize(
    "key", [int(PAN), PAN.encode(), (PAN, 1), Decimal(PAN)], ids=["int", "bytes", "tuple", "decimal"]
)
def test_a_number_is_masked_in_every_kind_of_key(key: object) -> None:
    assert PAN not in repr(redact({key: 1}))


@pytest.mark.parametrize(
    "value",
    [None, True, 0, 1000, -5, 1.5, Decimal("12.30"), UUID(int=1), datetime(2024, 11, 25, tzinfo=UTC), ValueError("no"),
     Secret(PAN), object],
)  # fmt: skip
def test_what_shows_no_card_data_is_returned_as_it_is(value: object) -> None:
    assert redact(value) is value


def test_the_original_is_not_changed() -> None:
    told = {"card": {"number": PAN, "cvc": CVC}, "list": [PAN]}
    before = copy.deepcopy(told)
    redact(told)
    assert told == before


def test_a_structure_that_holds_itself_ends() -> None:
    listed: list[Any] = [PAN]
    mapping: dict[str, Any] = {"pan": PAN, "list": (listed,)}
    listed.append(mapping)
    assert PAN not in repr(redact(mapping))


@pytest.mark.timeout(2)
def test_a_structure_that_holds_itself_many_times_ends_soon() -> None:
    listed: list[Any] = [PAN]
    listed += [listed, {"a": listed, "b": listed}]
    assert PAN not in repr(redact(listed))


@pytest.mark.timeout(2)
def test_a_structure_that_shares_its_parts_ends_soon() -> None:
    shared: list[Any] = [PAN]
    for _ in range(30):
        shared = [shared, shared]
    masked: Any = redact(shared)
    for _ in range(30):
        masked = masked[0]
    assert masked == [SHOWN]


@pytest.mark.parametrize("depth", [10, 31, 32, 33, 500])
def test_no_depth_hides_a_number(depth: int) -> None:
    nested: Any = {"cvc": CVC, "number": PAN}
    for _ in range(depth):
        nested = [nested]
    shown = repr(redact(nested))
    assert PAN not in shown
    assert not shows_cvc(shown)


def test_an_object_that_cannot_be_shown_does_not_stop_the_log_line() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    assert redact({"what": Hostile(), "pan": PAN})["pan"] == SHOWN


# The quick look is for numbers. What stands under the name of a secret is found by its value.
_HARMLESS = st.text(max_size=5).filter(lambda key: redact({key: "x"}) == {key: "x"})
answers = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**6) | st.text(max_size=5) | st.sampled_from(NUMBERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_HARMLESS, inner, max_size=3),
    max_leaves=10,
)


@given(answers)
def test_no_answer_that_the_quick_look_passes_would_be_masked(answer: object) -> None:
    body = orjson.dumps(answer)
    assert may_hold_card_number(body) or orjson.dumps(redact(answer)) == body


# --- structlog --------------------------------------------------------------------------------------------

RENDERERS: Final[dict[str, list[Any]]] = {
    "json": [structlog.processors.JSONRenderer()],
    "key-value": [structlog.processors.KeyValueRenderer()],
    "logfmt": [structlog.processors.LogfmtRenderer()],
    "console": [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)],
    "json with traceback": [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
}
# What an application may have put before our processor. (The console cannot show a traceback with locals.)
BEFORE: Final[dict[str, list[Any]]] = {
    "nothing": [],
    "traceback": [structlog.processors.format_exc_info],
    "traceback with locals": [structlog.processors.dict_tracebacks],
    "arguments": [structlog.stdlib.PositionalArgumentsFormatter()],
}


def fail(number: str, cvc: str) -> None:
    raise ValueError(f"cannot pay with {number}, cvc={cvc}")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    yield io.StringIO()
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    ("before", "renderer"),
    [pair for pair in product(BEFORE, RENDERERS) if pair != ("traceback with locals", "console")],
)
def test_a_structlog_line_shows_no_card_data(lines: io.StringIO, before: str, renderer: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *BEFORE[before],
            redact_processor,
            *RENDERERS[renderer],
        ],
        logger_factory=structlog.PrintLoggerFactory(lines),
    )
    structlog.contextvars.bind_contextvars(context=PAN, cvc=CVC)
    log = structlog.get_logger().bind(bound=PAN)
    try:
        fail(PAN, CVC)
    except ValueError as error:
        log.exception("failed", for_card=PAN, card={"number": PAN, "cvc": CVC}, error=error)
        log.warning("again", exc_info=error)
        log.warning("and again", exc_info=True)
        log.warning(PAN, exc_info=sys.exc_info())
    written = lines.getvalue()
    assert PAN not in written
    assert not shows_cvc(written)
    assert SHOWN in written
    assert written.count("ValueError") >= 4


def test_a_structlog_line_keeps_its_traceback_and_its_values(lines: io.StringIO) -> None:
    structlog.configure(
        processors=[redact_processor, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(lines),
    )
    try:
        fail("no", "card")
    except ValueError:
        structlog.get_logger().exception("failed", amount=1000, paid=False)
    line = orjson.loads(lines.getvalue())
    assert (line["event"], line["amount"], line["paid"]) == ("failed", 1000, False)
    assert line["exception"].startswith("Traceback")
    assert "in test_a_structlog_line_keeps" in line["exception"]


@pytest.mark.parametrize("nothing", [None, False, (None, None, None), True])
def test_a_structlog_line_without_an_exception_gets_none(nothing: object) -> None:
    assert redact_processor(None, "info", {"event": "e", "exc_info": nothing}) == {"event": "e"}


# --- the standard library's logging -----------------------------------------------------------------------


@pytest.fixture
def logger(lines: io.StringIO) -> logging.Logger:
    handler = logging.StreamHandler(lines)
    handler.addFilter(RedactingFilter())
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(extra)s", defaults={"extra": ""}))
    logger = logging.Logger("of this test")  # noqa: LOG001  # one that no other test shares
    logger.addHandler(handler)
    return logger


STDLIB_LINES: Final[dict[str, Callable[[logging.Logger], None]]] = {
    "message": lambda log: log.info("pay " + PAN),  # noqa: G003
    "arguments": lambda log: log.info("pay %s with %r", PAN, {"cvc": CVC}),
    "mapping": lambda log: log.info("pay %(pan)s", {"pan": PAN}),
    "int": lambda log: log.info("pay %d", int(PAN)),
    "message that is no text": lambda log: log.info({"pay": PAN, "cvc": CVC}),
    "extra": lambda log: log.info("pay", extra={"extra": {"number": PAN, "cvc": CVC}}),
    "extra text": lambda log: log.info("pay", extra={"extra": PAN}),
    "stack": lambda log: log.handle(
        logging.makeLogRecord({"levelno": 30, "msg": "pay", "stack_info": f"Stack:\n  charge({PAN}, cvc={CVC})"})
    ),
    "a traceback that another handler made": lambda log: log.handle(
        logging.makeLogRecord({"levelno": 30, "msg": "pay", "exc_text": f"ValueError: {PAN} cvc={CVC}"})
    ),
}


@pytest.mark.parametrize("write", STDLIB_LINES.values(), ids=STDLIB_LINES)
def test_a_stdlib_line_shows_no_card_data(
    lines: io.StringIO, logger: logging.Logger, write: Callable[[logging.Logger], None]
) -> None:
    write(logger)
    written = lines.getvalue()
    assert "pay" in written
    assert PAN not in written
    assert not shows_cvc(written)


def test_a_stdlib_traceback_shows_no_card_data(lines: io.StringIO, logger: logging.Logger) -> None:
    try:
        fail(PAN, CVC)
    except ValueError as error:
        error.add_note(f"number={PAN}")
        logger.exception("failed", stack_info=True)
        logger.error("failed", exc_info=error)  # noqa: TRY400  # another way to the same traceback
    written = lines.getvalue()
    assert written.count(f"ValueError: cannot pay with {SHOWN}, cvc={MASK}") == 2
    assert written.count("Traceback (most recent call last)") == 2
    assert written.count("Stack (most recent call last)") == 1
    assert PAN not in written
    assert not shows_cvc(written)


def test_an_extra_member_under_a_secret_key_is_masked() -> None:
    record = logging.makeLogRecord({"msg": "m", "cvc": CVC, "card": {"number": PRIVATE}, "authorization": "Basic a"})
    assert RedactingFilter().filter(record)
    told = (record.__dict__["cvc"], record.__dict__["card"], record.__dict__["authorization"])
    assert told == (MASK, {"number": mask_pan(PRIVATE)}, MASK)


def test_a_stdlib_line_without_card_data_is_written_as_it_was(lines: io.StringIO, logger: logging.Logger) -> None:
    logger.warning("paid %s of %d", "qwe", 1000, extra={"extra": [1, None]})
    assert lines.getvalue() == "WARNING paid qwe of 1000 [1, None]\n"


def test_a_stdlib_line_that_is_written_wrongly_does_not_stop_its_caller(
    lines: io.StringIO, logger: logging.Logger
) -> None:
    logger.info("pay %d", PAN)  # the mistake that is meant
    assert PAN not in lines.getvalue()


def test_the_traceback_of_a_masked_error_is_the_one_python_writes() -> None:
    try:
        orjson.loads(b"[")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "m", "exc_info": (ValueError, error, error.__traceback__)})
        expected = traceback.format_exc()
    RedactingFilter().filter(record)
    assert record.exc_text == expected.rstrip("\n")


@pytest.mark.parametrize("key", ["CSC ", "cvc: ", "security code of ", "csc=", "cvv2 is "])
@pytest.mark.parametrize("parted", ["", " ", "-"])
def test_a_card_number_after_the_name_of_a_cvc_is_masked_whole(key: str, parted: str) -> None:
    number = parted.join(["5200", "0000", "0000", "1005"])
    shown = redact_text(f"{key}{number}")
    assert "00001005" not in shown.replace(" ", "").replace("-", "")
    assert "739" not in redact_text(f"{key}739")


# --- hostile texts ---

LONG: Final = 1 << 18
HOSTILE: Final = {
    "blanks after a key": "number:" + " " * LONG,
    "blanks before a colon": "number" + " " * LONG + ":",
    "lines after a key": "cvc=" + "\n" * LONG,
    "a key and blanks, again and again": "number:  (  " * (LONG // 12),
    "keys and keys": "key:" * (LONG // 4),
    "secret keys and keys": "pan:" * (LONG // 4),
    "api keys in one word": "api_key_" * (LONG // 8),
    "half an api key": "x-api_" * (LONG // 6),
    "words": "a_" * (LONG // 2) + ":",
    "brackets": "number:" + "(" * LONG,
    "a bracket and blanks": "number:(" + " " * LONG,
    "quotes": "number:" + "\"'" * (LONG // 2),
    "backslashes": "number" + "\\" * LONG + ":",
    "a scheme and blanks": "authorization: basic" + " " * LONG,
    "a scheme without end": "authorization: bearer " + "a" * LONG,
    "digits": "=" + "4" * LONG,
    "digits and blanks": "=" + "4 " * (LONG // 2),
    "digits and hyphens": "=" + "4-" * (LONG // 2),
    "groups": "=" + "4444 " * (LONG // 5),
    "groups that are no number": "=" + "4444-444444-" * (LONG // 12),
    "names of a cvc": "cvc " * (LONG // 4) + ":",
    "a name of a cvc and signs": "cvc" + "-" * LONG + "1234:",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_long(text: str) -> None:
    """What takes more than linear time runs into the time-out of the tests."""
    shown = redact_text(text)
    assert len(shown) <= 2 * len(text)
