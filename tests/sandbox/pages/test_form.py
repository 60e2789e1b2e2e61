from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async.sandbox.pages.form import CardForm


@pytest.mark.parametrize(
    ("typed", "month"),
    [
        ("12/34", ("12", "34")),
        ("1/34", ("01", "34")),
        ("1234", ("12", "34")),
        ("12/2034", ("12", "34")),
        ("12 / 34", ("12", "34")),
        ("12-34", ("12", "34")),
        ("１２／３４", ("12", "34")),
        ("13/34", ("13", "34")),  # the gateway's own rule refuses it
        ("", None),
        ("soon", None),
        ("12/34/56", None),
        ("12/1934", None),
    ],
)
def test_an_expiry_is_read_as_people_write_it(typed: str, month: tuple[str, str] | None) -> None:
    assert CardForm.read({"expiry": typed}).month() == month


@pytest.mark.parametrize(
    ("field", "typed", "read"),
    [
        ("number", " 4111 1111 1111 1111 ", "4111111111111111"),
        ("number", "４１１１　１１１１　１１１１　１１１１", "4111111111111111"),
        ("cvc", "１２３", "123"),
        ("amount", "1,000", "1000"),
        ("amount", "1,234,567.8", "1234567.8"),
        ("amount", "1,5", "1,5"),  # not to be taken for 15
        ("name", "  Taro  Yamada ", "Taro  Yamada"),
        ("name", "山田　太郎", "山田 太郎"),
    ],
)
def test_blanks_commas_and_full_width_signs_are_understood(field: str, typed: str, read: str) -> None:
    assert getattr(CardForm.read({field: typed}), field) == read


@given(
    st.text("0123456789 -/４", min_size=3, max_size=30), st.sampled_from(["number", "cvc", "name", "expiry", "amount"])
)
def test_what_could_be_card_data_is_not_shown_again(digits: str, field: str) -> None:
    shown = CardForm.read({field: digits}).shown(field)
    run = max((len(part) for part in "".join(c if c.isdigit() else " " for c in shown).split()), default=0)
    assert field not in ("number", "cvc") or shown == ""
    assert run < 3 or field in ("amount", "expiry")
    assert run <= 10


def test_harmless_fields_are_shown_again() -> None:
    form = CardForm.read({"name": "Taro Yamada", "expiry": "12/34", "amount": "1,000"})
    assert [form.shown(name) for name in ("name", "expiry", "amount")] == ["Taro Yamada", "12/34", "1000"]


def test_number_and_security_code_are_not_in_the_text_form() -> None:
    assert "4111" not in repr(CardForm(number="4111111111111111", cvc="987"))
    assert "987" not in repr(CardForm(number="4111111111111111", cvc="987"))
