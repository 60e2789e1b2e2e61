"""A shop with Sentry as its documentation sets it up, told to send all that it can; a process of its own.

What Sentry patches in a process it never gives back. What it would have sent goes to stdout. The gateway is in another
process: within this one Sentry would take its requests for the shop's own, and send their bodies.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import warnings

import sentry_sdk

from paymentoptions_async import PaymentOptions

from .errors import Mailbox
from .numbers import NUMBERS, order
from .shop import ENDINGS, MARK


async def _charge_all(client: PaymentOptions) -> None:
    endings = list(ENDINGS.values())
    for turn, number in enumerate(NUMBERS):
        request = order(number, f"{MARK}-{turn}", **endings[turn % len(endings)])
        with sentry_sdk.start_transaction(name="order"):
            sentry_sdk.set_context("order", {"request": request, "card": request.card})
            sentry_sdk.add_breadcrumb(message="order", data={"request": request})
            try:
                await client.payments.purchase(request)
            except Exception:
                logging.getLogger("shop").exception("order failed: %s", request, extra={"card": request.card})
            sentry_sdk.capture_message(f"seen {request}")


async def main() -> None:
    """Charge every card, and send what has been said of it."""
    mailbox = Mailbox()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # options get new names
        sentry_sdk.init(
            "http://key@127.0.0.1:9/1", transport=mailbox, traces_sample_rate=1.0, attach_stacktrace=True,
            send_default_pii=True, max_request_body_size="always", include_local_variables=True,
            max_value_length=100_000, max_breadcrumbs=3,
        )  # fmt: skip
    async with PaymentOptions.from_env() as client:
        await _charge_all(client)
    sentry_sdk.flush()
    sys.stdout.write("\n".join(mailbox.letters))


if __name__ == "__main__":
    asyncio.run(main())
