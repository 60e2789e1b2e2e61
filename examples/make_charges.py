"""Makes charges.csv: a thousand charges of published test cards, some of which are declined."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random
from typing import Final

from paymentoptions_async.sandbox.rules import TEST_CARDS

LINES: Final = 1000
PAYERS: Final = (
    ("JP", "JPY", "Asia/Tokyo", "1-2-3 Shinjuku", "Shinjuku-ku", "Tokyo", "1600022", "8112345678"),
    ("US", "USD", "America/New_York", "350 Main Street", "Springfield", "NY", "10001", "12125550100"),
    ("DE", "EUR", "Europe/Berlin", "Hauptstr. 5", "Berlin", "Berlin", "10115", "4930123456"),
)
COLUMNS: Final = (
    "merchant_txn_ref", "amount", "currency", "card.number", "card.cvc", "card.expiry_month", "card.expiry_year",
    "card.name", "customer_ip", "return_url.webhook_url", "return_url.success_url", "return_url.decline_url",
    "billing_address.country", "billing_address.email", "billing_address.phone_number", "billing_address.address1",
    "billing_address.city", "billing_address.state", "billing_address.postal_code", "time_zone",
)  # fmt: skip
GOOD: Final = [card.number for card in TEST_CARDS if card.tells == "approved"]
DECLINED: Final = [card.number for card in TEST_CARDS if card.tells.startswith(("declined", "refused"))]
PARTIAL: Final = "9000010"


def line(number: int, chance: Random) -> tuple[str, ...]:
    """One charge."""
    country, currency, zone, street, city, state, code, phone = chance.choice(PAYERS)
    card = chance.choice(DECLINED if chance.random() < 0.07 else GOOD)
    amount = str(chance.randrange(500, 20_000)) if currency == "JPY" else f"{chance.randrange(500, 20_000) / 100:.2f}"
    if number % 400 == 0:
        amount, currency, card = PARTIAL, "JPY", GOOD[0]
    site = "https://shop.example"
    return (
        f"payday-{number:04}", amount, currency, card, "123", f"{chance.randrange(1, 13):02}", "30", "Test Payer",
        "127.0.0.1", f"{site}/hook", f"{site}/paid", f"{site}/declined", country, f"payer{number}@shop.example", phone,
        street, city, state, code, zone,
    )  # fmt: skip


def main() -> None:
    """Write the file."""
    chance = Random(2026)  # noqa: S311
    with (Path(__file__).parent / "charges.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(line(number, chance) for number in range(1, LINES + 1))


if __name__ == "__main__":
    main()
