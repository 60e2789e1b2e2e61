from __future__ import annotations

from decimal import Decimal

import pytest

from paymentoptions_async.sandbox.pages.texts import Words
from paymentoptions_async.sandbox.pages.values import money, stamped


@pytest.mark.parametrize(
    ("amount", "currency", "english", "japanese"),
    [
        ("1000", "JPY", "JPY 1,000", "1,000円"),
        ("1000.00", "JPY", "JPY 1,000", "1,000円"),
        ("1000.5", "JPY", "JPY 1,000.5", "1,000.5円"),
        ("9999999999", "JPY", "JPY 9,999,999,999", "9,999,999,999円"),
        ("1000", "KRW", "KRW 1,000", "1,000 KRW"),
        ("12.3", "USD", "USD 12.30", "12.30 USD"),
        ("12", "USD", "USD 12.00", "12.00 USD"),
        ("0", "USD", "USD 0.00", "0.00 USD"),
        ("1.234567", "USD", "USD 1.234567", "1.234567 USD"),
        ("1.5", "KWD", "KWD 1.500", "1.500 KWD"),
        ("1E+3", "JPY", "JPY 1,000", "1,000円"),
    ],
)
def test_an_amount_is_written_as_its_currency_is(amount: str, currency: str, english: str, japanese: str) -> None:
    assert money(Words("en"), Decimal(amount), currency) == english
    assert money(Words("ja"), Decimal(amount), currency) == japanese


def test_a_timestamp_is_told_to_the_second() -> None:
    assert stamped("2026-11-24T12:21:05.123Z") == "2026-11-24 12:21:05"
