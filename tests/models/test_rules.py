from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import (
    Address,
    BrowserInfo,
    Card,
    InvalidRequestError,
    PaymentMethod,
    Problem,
    PurchaseRequest,
    ReturnUrls,
    Subscription,
)
from paymentoptions_async.models.rules import amount_text, find_problems, is_sound

from ..helpers import SAMPLES, request

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# A request in which every field is given.
_plan = PurchaseRequest.from_json((SAMPLES / "subscription_create.request.json").read_bytes())
assert _plan.shipping_address
FULL: Final = request(
    merchant_id="DASMID",
    payment_method=_plan.payment_method,
    subscription=_plan.subscription,
    shipping_address=attrs.evolve(_plan.shipping_address, address2="second line"),
    return_url=attrs.evolve(_plan.return_url, cancel_url="http://cancelurl.example/"),
)


def put(model: Any, path: str, value: object) -> Any:
    """The model with another value at a path such as `card.name`."""
    name, _, rest = path.partition(".")
    return attrs.evolve(model, **{name: put(getattr(model, name), rest, value) if rest else value})


def paths(model: Any) -> list[str]:
    found = []
    for field in attrs.fields(type(model)):
        value = getattr(model, field.name)
        found += [f"{field.name}.{path}" for path in paths(value)] if attrs.has(type(value)) else [field.name]
    return found


# gateway/API.md, "Purchase body", and the fields that no limit is published of.
_ADDRESS: Final = {
    "email": 45, "phone_number": 20, "address1": 199, "address2": 199, "city": 65, "state": 65, "postal_code": 45,
}  # fmt: skip
LONGEST: Final = {
    "merchant_txn_ref": 45, "merchant_id": 128, "time_zone": 128, "card.name": 255, "payment_method.type": 128,
    **{f"return_url.{name}_url": 255 for name in ("webhook", "success", "decline", "cancel")},
    **{f"billing_address.{name}": longest for name, longest in _ADDRESS.items()},
    **{f"shipping_address.{name}": longest for name, longest in _ADDRESS.items()},
}  # fmt: skip
TEXTS: Final = [
    *LONGEST,
    *(f"browser_info.{field.name}" for field in attrs.fields(BrowserInfo) if field.name != "java_enabled"),
    *(f"subscription.{name}" for name in ("plan_name", "plan_desc", "cycle_type", "subscription_end_type",
                                          "trial_period_duration_type")),
    "payment_method.stored_payment_method_id",
]  # fmt: skip
FLAGS: Final = [
    "browser_info.java_enabled", "payment_method.store_payment_method", "subscription.has_trial_period",
    "subscription.has_discount",
]  # fmt: skip
COUNTS: Final = [
    f"subscription.{name}"
    for name in (
        "cycle_interval",
        "max_cycle_count",
        "trial_period_duration",
        "discount_percentage",
        "discount_duration",
    )
]
CODES: Final = {"currency": 3, "billing_address.country": 2, "shipping_address.country": 2}
OPTIONAL: Final = [
    "merchant_id", "shipping_address", "browser_info", "payment_method", "subscription", "card",
    "return_url.cancel_url", "billing_address.address2", "shipping_address.address2",
    "payment_method.store_payment_method", "payment_method.stored_payment_method_id",
    *(path for path in paths(FULL) if path.startswith("browser_info.")),
    *(f"subscription.{field.name}" for field in attrs.fields(Subscription) if field.default is None),
]  # fmt: skip
NESTED: Final[dict[str, type]] = {
    "card": Card, "return_url": ReturnUrls, "billing_address": Address, "shipping_address": Address,
    "browser_info": BrowserInfo, "payment_method": PaymentMethod, "subscription": Subscription,
}  # fmt: skip


def broken_by(path: str, value: object) -> list[str]:
    changed = put(FULL, path, value)
    problems = find_problems(changed)
    assert not (is_sound(changed) and problems)
    assert all("leak" not in str(problem) for problem in problems)
    return [problem.path for problem in problems]


def checked_by(request: PurchaseRequest) -> list[Problem]:
    try:
        request.check()
    except InvalidRequestError as refused:
        return list(refused.problems)
    return []


def test_a_full_request_keeps_every_rule() -> None:
    assert find_problems(FULL) == []
    assert is_sound(FULL)


def test_these_tables_name_every_field() -> None:
    own = {"amount", "customer_ip", "card.number", "card.cvc", "card.expiry_month", "card.expiry_year"}
    assert set(paths(put(FULL, "payment_method.stored_payment_method_id", "x"))) == {
        *TEXTS,
        *FLAGS,
        *COUNTS,
        *CODES,
        *own,
    }


@pytest.mark.parametrize("path", TEXTS)
@pytest.mark.parametrize("value", ["", "leak" * 2000, 5, True, b"leak", ["leak"], {"leak": 1}, "leak\udfff"])
def test_a_text_that_breaks_its_rule_is_named(path: str, value: object) -> None:
    assert broken_by(path, value) == [path]


@pytest.mark.parametrize(("path", "longest"), LONGEST.items())
@pytest.mark.parametrize("letter", ["x", "é", "名", "😀", '"', "\n"])
def test_a_text_is_as_long_as_the_vendor_takes_it(path: str, longest: int, letter: str) -> None:
    assert broken_by(path, letter * longest) == []
    assert broken_by(path, letter * (longest + 1)) == [path]


@pytest.mark.parametrize(("path", "count"), CODES.items())
def test_a_code_is_of_so_many_capital_letters(path: str, count: int) -> None:
    assert broken_by(path, "ABC"[:count]) == []
    for wrong in ("", "A" * (count - 1), "A" * (count + 1), "abc"[:count], "1" * count, "É" * count,
                  "A" * (count - 1) + " ",
                  "\ud800" * count, 5, b"ABC"[:count], ["A"] * count):  # fmt: skip
        assert broken_by(path, wrong) == [path]


@pytest.mark.parametrize("path", FLAGS)
def test_a_flag_is_a_truth_value(path: str) -> None:
    wrong: list[object] = [0, 1, "true", "leak", [], b""]
    assert [broken_by(path, value) for value in (True, False)] == [[], []]
    assert all(broken_by(path, value) == [path] for value in wrong)


@pytest.mark.parametrize("path", COUNTS)
def test_a_count_is_a_whole_number_in_its_range(path: str) -> None:
    most = 100 if path.endswith("percentage") else 2**31 - 1
    wrong: list[object] = [-1, most + 1, 10**5000, True, 1.0, "1", "leak", Decimal(1)]
    assert [broken_by(path, value) for value in (0, 1, most)] == [[], [], []]
    assert all(broken_by(path, value) == [path] for value in wrong)


@pytest.mark.parametrize("address", ["127.0.0.1", "8.8.8.8", "::1", "2001:db8::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"])
def test_an_address_of_the_payer_is_ipv4_or_ipv6(address: str) -> None:
    assert broken_by("customer_ip", address) == []


@pytest.mark.parametrize(
    "address",
    ["", "leak", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "127.1", "1.2.3.4 ", " ::1", "::1%eth0", "1.2.3.4\x00",
     "1.2.3.4/8", "[::1]", "１.2.3.4", "\ud800", ":::", 2130706433, b"1.2.3.4", True],
)  # fmt: skip
def test_another_address_of_the_payer_is_refused(address: object) -> None:
    assert broken_by("customer_ip", address) == ["customer_ip"]


@pytest.mark.parametrize("path", NESTED)
@pytest.mark.parametrize("value", ["leak", 5, True, ["leak"], {"leak": 1}, object()])
def test_a_part_of_another_kind_is_named(path: str, value: object) -> None:
    rule = f"{'an' if NESTED[path].__name__[0] in 'AEIOU' else 'a'} {NESTED[path].__name__}"
    assert find_problems(put(FULL, path, value)) == [Problem(path, rule)]


@pytest.mark.parametrize("path", [*paths(FULL), *NESTED])
def test_nothing_that_is_needed_is_left_out(path: str) -> None:
    if path in {"card.number", "card.cvc"}:
        assert broken_by(path, None) == [path]
    else:
        expected = [] if path in OPTIONAL else [Problem(path, "required")]
        assert find_problems(put(FULL, path, None)) == expected


def test_all_problems_are_told_at_once_in_the_order_of_the_fields() -> None:
    wrong = FULL
    everywhere = paths(FULL)
    for path in reversed(everywhere):
        wrong = put(wrong, path, object())
    with pytest.raises(InvalidRequestError) as caught:
        wrong.check()
    found = [problem.path for problem in caught.value.problems]
    assert found == everywhere
    assert all(path in str(caught.value) for path in everywhere)


# --- amounts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "sent"),
    [
        ("1000", "1000"), ("0", "0"), ("12.34", "12.34"), ("12.30", "12.30"), ("001", "001"),
        ("1234567890", "1234567890"),
        ("9.99999999", "9.99999999"), (0, "0"), (1000, "1000"), (9999999999, "9999999999"), (Decimal(1000), "1000"),
        (Decimal("12.30"), "12.30"), (Decimal("1E+3"), "1000"), (Decimal("1.5E+2"), "150"),
        (Decimal("1E-8"), "0.00000001"),
        (Decimal("0E-2"), "0.00"), (Decimal("1E+9"), "1000000000"),
    ],
)  # fmt: skip
def test_an_amount_is_kept_digit_for_digit_without_an_exponent(amount: str | int | Decimal, sent: str) -> None:
    assert broken_by("amount", amount) == []
    assert amount_text(amount) == sent


@pytest.mark.parametrize(
    "amount",
    [
        "", "leak", "-1", "+1", " 1", "1 ", "1\n", ".5", "5.", "1e3", "1E3", "1,000", "1_000", "0x10", "NaN", "1.2.3",
        "１０", "٣", "1٠", "²", "12345678901", "1.123456789", "\ud800", -1, 10**10, True, False, 1.0, 12.34, 1e3,
        math.nan, Decimal(-1), Decimal("-0"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"),
        Decimal("1E+10"),
        Decimal("1E-9"), Decimal("1E+500"), b"1000", [1000], {"leak": 1}, 1j, object(),
    ],
    ids=repr,
)  # fmt: skip
def test_another_amount_is_refused(amount: object) -> None:
    assert broken_by("amount", amount) == ["amount"]


MONSTERS: Final = {"int": 10**5000, "huge": Decimal("1E+99999999999999"), "tiny": Decimal("1E-99999999999999")}


@pytest.mark.parametrize("amount", MONSTERS.values(), ids=MONSTERS)
def test_a_monstrous_amount_is_refused_like_any_other(amount: object) -> None:
    assert broken_by("amount", amount) == ["amount"]


amounts: SearchStrategy[str | int | Decimal] = st.one_of(
    st.decimals(Decimal("0.00"), 10**10, allow_nan=False, places=2).map(abs),
    st.integers(-10, 10**11),
    st.from_regex(r"[0-9]{1,12}(\.[0-9]{1,3})?", fullmatch=True),
)


@given(amounts)
def test_an_amount_that_keeps_its_rule_is_worth_what_was_given(amount: str | int | Decimal) -> None:
    text = amount_text(amount)
    assert Decimal(text) == Decimal(amount)
    assert (broken_by("amount", amount) == []) is (Decimal(amount) >= 0 and len(text) <= 10)


# --- the quick way and the thorough one -------------------------------------------------------------------

anything: SearchStrategy[object] = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 200), st.floats(), st.text(st.characters(), max_size=60),
    st.binary(max_size=4), st.text("0123456789", max_size=20), st.text("ABC", min_size=2, max_size=3),
    st.decimals(-1, 10**6, places=2),
    st.ip_addresses().map(str), st.builds(lambda letter, times: letter * times, st.characters(), st.integers(40, 300)),
    st.just([]), st.just({}),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(paths(FULL)), anything, max_size=4))
def test_the_quick_way_passes_nothing_that_the_thorough_one_refuses(changes: dict[str, object]) -> None:
    changed = FULL
    for path, value in changes.items():
        changed = put(changed, path, value)
    problems = find_problems(changed)
    assert not (is_sound(changed) and problems)
    assert {problem.path for problem in problems} <= set(changes)
    # What `check` refuses besides: who pays is told twice or not at all, or the reference holds the card number.
    checked = checked_by(changed)
    assert checked == problems or (not problems and checked[0].path in {"card", "merchant_txn_ref"})


@given(st.dictionaries(st.sampled_from(TEXTS), st.text("abc XYZ-_.", min_size=1, max_size=20), max_size=4))
def test_the_quick_way_passes_every_plain_text(changes: dict[str, str]) -> None:
    changed = FULL
    for path, value in changes.items():
        changed = put(changed, path, value)
    assert is_sound(changed)


@given(st.sampled_from(list(NESTED)), anything)
def test_the_quick_way_passes_no_part_of_another_kind(path: str, value: object) -> None:
    changed = put(FULL, path, value)
    assert is_sound(changed) is (value is None and path in OPTIONAL)


def test_a_text_beyond_ascii_takes_the_thorough_way_and_passes() -> None:
    changed = put(FULL, "billing_address.city", "新宿区")
    changed.check()
