"""What is no card number and has to stay readable: a table, and random ones by the hundred thousand."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from paymentoptions_async.redaction import redact_text

__all__ = ["KINDS", "TABLE", "Kind", "share_of"]

TABLE: Final = (
    # times
    "2026-11-24T08:15:30.123456+00:00", "20261124081530", "20261124081530123", "2026-11-24 08:15:30,123",
    "1795508130", "1795508130123", "1795508130123456", "1795508130123456789", "24/Nov/2026:08:15:30 +0900",
    "duration_ms=1234.567890123456", "ts=1795508130.123456789",
    # orders, invoices, customers
    "20261124-000123", "order-20261124-000123", "INV-2026-0000004111", "PO 4500012345", "#000000123456",
    "customer 0000123456789", "cart_4111111111111111", "T8010401050387", "ref=2026112400000017",
    # phones
    "+81-90-1234-5678", "090-1234-5678", "03-1234-5678", "+14155552671", "(415) 555-2671", "+4915112345678",
    "+44 20 7946 0958", "0120-444-444", "tel:+81-3-1234-5678",
    # accounts
    "DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19",
    "FR14 2004 1010 0505 0001 3M02 606", "NL91 ABNA 0417 1643 00", "BE68 5390 0754 7034", "NO93 8601 1117 947",
    "ES91 2100 0418 4502 0005 1332", "CH93 0076 2011 6238 5295 7", "SE45 5000 0000 0583 9825 7466",
    # traces and ids
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "1-5759e988-bd862e3fe1be46a994272793",
    "Root=1-67891233-abcdef012345678912345678", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "1541815603606036480",
    "507f1f77bcf86cd799439011", "sha256:4111111111111111aaaa", "550e8400-e29b-41d4-a716-446655440000",
    "urn:uuid:41111111-1111-4111-8111-111111111111", "0x4111111111111111", "req_4242424242424242",
    # parcels and goods
    "1Z999AA10123456784", "9400 1000 0000 0000 0000 00", "EA123456789JP", "1234-5678-9012", "JD014600003828392837",
    "978-3-16-148410-0", "9783161484100", "0012345678905",
    # amounts, versions, addresses, sizes
    "1,234,567,890,123.45 JPY", "amount=900000000000", "0.1234567890123456", "4111111111111.25", "v4.11.1111",
    "Chrome/131.0.6778.264", "192.168.100.200:54321", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "rows 1000000000000",
    "4111111111111112", "lat=35.681236000000 lon=139.767125000000", "41111111111111111111",
)  # fmt: skip


class Kind(NamedTuple):
    """Random ones of a kind.

    Attributes:
        make: Makes one.
        may_look_alike: Whether some of them look like a card number in all that can be seen of one.
    """

    make: Callable[[random.Random], str]
    may_look_alike: bool = False


def _digits(chance: random.Random, count: int, first: str = "") -> str:
    return first + "".join(chance.choices("0123456789", k=count - len(first)))


def _moment(chance: random.Random) -> datetime:
    return datetime.fromtimestamp(chance.uniform(1.6e9, 2.1e9), UTC)


def _iban(chance: random.Random) -> str:
    digits = _digits(chance, 20)
    return " ".join([f"DE{digits[:2]}", *(digits[at : at + 4] for at in range(2, 18, 4)), digits[18:]])


def _jan(chance: random.Random) -> str:
    digits = _digits(chance, 12, chance.choice(("45", "49")))
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"


KINDS: Final = {
    "UUIDs": Kind(lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4))),
    "trace ids (32 hexadecimal digits)": Kind(lambda chance: f"{chance.getrandbits(128):032x}"),
    "times, ISO 8601": Kind(lambda chance: _moment(chance).isoformat()),
    "times, yyyymmddHHMMSS": Kind(lambda chance: f"{_moment(chance):%Y%m%d%H%M%S}"),
    "times, milliseconds since 1970": Kind(lambda chance: f"{_moment(chance).timestamp() * 1e3:.0f}"),
    "times, microseconds since 1970": Kind(lambda chance: f"{_moment(chance).timestamp() * 1e6:.0f}"),
    "times, nanoseconds since 1970": Kind(lambda chance: f"{_moment(chance).timestamp():.0f}{_digits(chance, 9)}"),
    "phones with +": Kind(lambda chance: f"+{_digits(chance, chance.randint(8, 15))}"),
    "orders such as 20261124-000123": Kind(lambda chance: f"{_moment(chance):%Y%m%d}-{_digits(chance, 6)}"),
    "amounts": Kind(lambda chance: f"{chance.randrange(10**10)}.{chance.randrange(100):02}"),
    "span ids (16 hexadecimal digits)": Kind(lambda chance: f"{chance.getrandbits(64):016x}", may_look_alike=True),
    "trace ids (64 bits, decimal)": Kind(lambda chance: str(chance.getrandbits(64)), may_look_alike=True),
    "IBANs in groups": Kind(_iban, may_look_alike=True),
    "German phones, 13 digits, without +": Kind(lambda chance: _digits(chance, 13, "491"), may_look_alike=True),
    "Japanese bar codes (JAN)": Kind(_jan, may_look_alike=True),
    "16 random digits": Kind(lambda chance: _digits(chance, 16), may_look_alike=True),
}


def share_of(kind: Kind, count: int, seed: int) -> float:
    """How many of so many random ones are changed by the mask, as a share."""
    chance = random.Random(seed)
    made = (f"seen {kind.make(chance)} there" for _ in range(count))
    return sum(redact_text(text) != text for text in made) / count
