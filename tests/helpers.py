"""What the tests have in common: the vendor's own samples, and short ways to make requests and clients."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from paymentoptions_async import Card, PaymentOptions, PurchaseRequest, RetryPolicy, Secret, Timeouts
from paymentoptions_async.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SAMPLES: Final = Path(__file__).parent / "samples"
SEED: Final = (SAMPLES / "purchase.request.json").read_bytes()
PAID: Final[dict[str, Any]] = orjson.loads((SAMPLES / "purchase.response.201.json").read_bytes())
CHALLENGED: Final[dict[str, Any]] = orjson.loads((SAMPLES / "purchase_3ds.response.200.json").read_bytes())

# Published test numbers: the vendor's own, and the sandbox's.
APPROVED: Final = "5200000000001005"
THREE_D_SECURE: Final = "4000000000001091"
DECLINED: Final = "4000000000000002"
CVC: Final = "739"

FAST: Final = Timeouts(total=5, connect=2)
QUICK_RETRIES: Final = RetryPolicy(base=0.001, cap=0.01)


def request(reference: str = "qwe", *, number: str = APPROVED, **changes: Any) -> PurchaseRequest:
    """The vendor's own request, with another reference, card or other fields."""
    body = PurchaseRequest.from_json(SEED)
    assert body.card is not None
    card = attrs.evolve(body.card, number=Secret(number), cvc=Secret(CVC))
    return attrs.evolve(body, **{"merchant_txn_ref": reference, "card": card, **changes})


def token_request(reference: str = "qwe", **changes: Any) -> PurchaseRequest:
    """A request that a stored payment method pays."""
    from paymentoptions_async import PaymentMethod

    token = PaymentMethod(type="scheme", stored_payment_method_id="094db781-fabc-4c6d-8fcd-18bee06a527a")
    return request(reference, card=None, payment_method=token, **changes)


@asynccontextmanager
async def sandbox_client(
    *,
    timeouts: Timeouts = FAST,
    retry: RetryPolicy = QUICK_RETRIES,
    client: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    **sandbox: Any,
) -> AsyncIterator[tuple[Sandbox, PaymentOptions]]:
    """A sandbox and a client of it."""
    async with Sandbox(**sandbox) as gateway:
        told = gateway.settings(timeouts=timeouts, retry=retry, **(settings or {}))
        async with PaymentOptions(told, **(client or {})) as payments:
            yield gateway, payments


def shows_cvc(text: str) -> bool:
    """Whether the security code stands there, and not just its digits within an id, an address or a time."""
    return re.search(rf"(?<![0-9A-Za-z.]){CVC}(?![0-9A-Za-z])", text) is not None


def card(**changes: Any) -> Card:
    """A whole card."""
    return Card(
        **{"number": APPROVED, "cvc": CVC, "expiry_month": "12", "expiry_year": "29", "name": "John Doe", **changes}
    )
