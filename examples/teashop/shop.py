"""The shop without a framework: what it sells, what it shows, and how it is paid.

What an order's page says comes from the ledger, so it is true after every crash. An order gets its name before
anything is paid: a form that is sent twice is the same order, charged once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import escape
from ipaddress import ip_address
from typing import Any, Final, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from paymentoptions_async import (
    Address,
    AuthenticationError,
    Card,
    Challenge,
    DeclinedError,
    InvalidRequestError,
    NotSentError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    PurchaseRequest,
    RateLimitedError,
    ReferenceInUseError,
    ReturnUrls,
    SqliteLedger,
)

PORT: Final = int(os.environ.get("SHOP_PORT", "8000"))
URL: Final = os.environ.get("SHOP_URL", f"http://127.0.0.1:{PORT}")

PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Tea shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
 body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 2rem auto; padding: 0 1rem }}
 label {{ display: block; margin: .75rem 0 }} button {{ padding: .75rem 1.5rem; font: inherit }}
 input {{ display: block; width: 100%; padding: .6rem; box-sizing: border-box; font: inherit }}
 .problem {{ color: #b00020 }}
</style>
{body}</html>"""

FORM: Final = """<h1>Green tea, 100 g</h1><p>1000 JPY</p>{problems}
<form method="post" action="/orders">
 <input type="hidden" name="order" value="{order}">
 <label>Card number <input name="number" inputmode="numeric" autocomplete="cc-number" required></label>
 <label>Month, two digits <input name="month" inputmode="numeric" autocomplete="cc-exp-month" required></label>
 <label>Year, two digits <input name="year" inputmode="numeric" autocomplete="cc-exp-year" required></label>
 <label>Security code <input name="cvc" inputmode="numeric" autocomplete="cc-csc" required></label>
 <label>Name on the card <input name="name" autocomplete="cc-name" required></label>
 <button>Pay 1000 JPY</button>
</form>"""


class Reply(NamedTuple):
    """What the payer gets: a page, or where to go."""

    html: str = ""
    location: str | None = None


@asynccontextmanager
async def open_client() -> AsyncIterator[PaymentOptions]:
    """The client of the application, with a ledger that outlives it."""
    async with SqliteLedger("shop.db") as ledger, PaymentOptions.from_env(ledger=ledger) as client:
        client.webhooks.url(f"{URL}/webhooks", "any")  # what is missing for it is told now, and not to a payer
        yield client


def show_form() -> Reply:
    return _page(FORM.format(order=uuid4().hex, problems=""))


async def pay(client: PaymentOptions, form: Mapping[str, Any], payer: str | None) -> Reply:
    # Some frameworks cancel the handler when the payer closes the tab. The charge goes on, so that nobody is in doubt.
    return await asyncio.shield(_charge(client, form, payer))


async def _charge(client: PaymentOptions, form: Mapping[str, Any], payer: str | None) -> Reply:
    fields = {name: str(form.get(name, "")) for name in ("order", "number", "month", "year", "cvc", "name")}
    order = fields["order"]
    try:
        answer = await client.payments.purchase(_purchase_of(client, order, fields, payer), version=2)
    except InvalidRequestError as refused:
        problems = "".join(f'<p class="problem">{escape(str(problem))}</p>' for problem in refused.problems)
        return _page(FORM.format(order=escape(order), problems=problems or '<p class="problem">Refused.</p>'))
    except PaymentOptionsError:
        pass  # declined, unknown, not sent: the order's page tells, from the ledger
    else:
        if isinstance(answer, Challenge):
            return Reply(location=answer.redirect_url)
    return Reply(location=f"/orders/{quote(order, safe='')}")


async def show_order(client: PaymentOptions, order: str) -> Reply:
    try:
        # The payer may be back before the webhook is here.
        answer = await client.payments.wait(order, timeout=1)
    except DeclinedError:
        return _page("<h1>Not paid</h1><p>Your bank said no. Nothing was charged. <a href='/'>Try again</a></p>")
    except (AuthenticationError, InvalidRequestError, NotSentError, RateLimitedError):
        return _page("<h1>Not paid</h1><p>Nothing was charged. <a href='/'>Try again</a></p>")
    except ReferenceInUseError:
        return _page("<h1>Being paid</h1><p>Load this page again in a moment.</p>")
    except PaymentOptionsError:
        # Unknown, paid in part, or the ledger is away: where nobody knows, nobody is told to pay again.
        return _page("<h1>We are looking into it</h1><p>Please do not pay again: we will write to you.</p>")
    if not isinstance(answer, Payment):
        return _page("<h1>Waiting for your bank</h1><p>Load this page again in a moment.</p>")
    return _page(f"<h1>Paid</h1><p>{answer.amount} {answer.currency} by {answer.masked_card}. Thank you!</p>")


def _page(body: str) -> Reply:
    return Reply(PAGE.format(body=body))


def _purchase_of(client: PaymentOptions, order: str, form: dict[str, str], payer: str | None) -> PurchaseRequest:
    return PurchaseRequest(
        amount="1000",
        currency="JPY",
        merchant_txn_ref=order,
        card=Card(
            number=form["number"].replace(" ", ""),
            cvc=form["cvc"],
            expiry_month=form["month"],
            expiry_year=form["year"],
            name=form["name"],
        ),
        customer_ip=str(ip_address(payer or "127.0.0.1")),
        return_url=ReturnUrls(
            webhook_url=client.webhooks.url(f"{URL}/webhooks", order),
            success_url=f"{URL}/orders/{order}",
            decline_url=f"{URL}/orders/{order}",
        ),
        billing_address=Address(
            country="JP",
            email="payer@shop.example",
            phone_number="8112345678",
            address1="1-2-3 Shinjuku",
            city="Shinjuku-ku",
            state="Tokyo",
            postal_code="1600022",
        ),
        time_zone="Asia/Tokyo",
    )
