"""A web shop in one file: form, 3-D Secure, webhook, result page.

Start `paymentoptions sandbox` in one terminal, export what it shows and two secrets in another, and run this file
there; see the README. Then open http://127.0.0.1:8000.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from html import escape
from ipaddress import ip_address
from uuid import uuid4

from aiohttp import web

from paymentoptions_async import (
    Address,
    Card,
    Challenge,
    DeclinedError,
    InvalidRequestError,
    LedgerError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    PurchaseRequest,
    ReferenceInUseError,
    ReturnUrls,
    SqliteLedger,
)

SHOP = os.environ.get("SHOP_URL", "http://127.0.0.1:8000")
CLIENT = web.AppKey("client", PaymentOptions)

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Tea shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
 body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 2rem auto; padding: 0 1rem }}
 label {{ display: block; margin: .75rem 0 }} button {{ padding: .75rem 1.5rem; font: inherit }}
 input {{ display: block; width: 100%; padding: .6rem; box-sizing: border-box; font: inherit }}
 .problem {{ color: #b00020 }}
</style>
{body}</html>"""

FORM = """<h1>Green tea, 100 g</h1><p>1000 JPY</p>{problems}
<form method="post" action="/orders">
 <input type="hidden" name="order" value="{order}">
 <label>Card number <input name="number" inputmode="numeric" autocomplete="cc-number" required></label>
 <label>Month, two digits <input name="month" inputmode="numeric" autocomplete="cc-exp-month" required></label>
 <label>Year, two digits <input name="year" inputmode="numeric" autocomplete="cc-exp-year" required></label>
 <label>Security code <input name="cvc" inputmode="numeric" autocomplete="cc-csc" required></label>
 <label>Name on the card <input name="name" autocomplete="cc-name" required></label>
 <button>Pay 1000 JPY</button>
</form>"""


async def show_form(_: web.Request) -> web.Response:
    # The order gets its name before anything is paid: a form that is sent twice is the same order, charged once.
    return page(FORM.format(order=uuid4().hex, problems=""))


async def pay(request: web.Request) -> web.Response:
    client, posted = request.app[CLIENT], await request.post()
    form = {name: str(posted.get(name, "")) for name in ("order", "number", "month", "year", "cvc", "name")}
    order = form["order"]
    try:
        answer = await client.payments.purchase(purchase_of(client, order, form, request.remote), version=2)
    except InvalidRequestError as refused:
        problems = "".join(f'<p class="problem">{escape(str(problem))}</p>' for problem in refused.problems)
        return page(FORM.format(order=escape(order), problems=problems or '<p class="problem">Refused.</p>'))
    except PaymentOptionsError:
        pass  # declined, unknown, not sent: the order's page tells, from the ledger
    else:
        if isinstance(answer, Challenge):
            raise web.HTTPSeeOther(answer.redirect_url)
    raise web.HTTPSeeOther(f"/orders/{order}")


async def show_order(request: web.Request) -> web.Response:
    try:
        # The payer may be back before the webhook is here.
        answer = await request.app[CLIENT].payments.wait(request.match_info["order"], timeout=3)
    except DeclinedError:
        return page("<h1>Not paid</h1><p>Your bank said no. Nothing was charged. <a href='/'>Try again</a></p>")
    except ReferenceInUseError:
        return page("<h1>Being paid</h1><p>Load this page again in a moment.</p>")
    except (OutcomeUnknownError, PartialApprovalError, LedgerError):
        return page("<h1>We are looking into it</h1><p>Please do not pay again: we will write to you.</p>")
    except PaymentOptionsError:
        return page("<h1>Not paid</h1><p>Nothing was charged. <a href='/'>Try again</a></p>")
    if not isinstance(answer, Payment):
        return page("<h1>Waiting for your bank</h1><p>Load this page again in a moment.</p>")
    return page(f"<h1>Paid</h1><p>{answer.amount} {answer.currency} by {answer.masked_card}. Thank you!</p>")


async def take_webhook(request: web.Request) -> web.StreamResponse:
    return await request.app[CLIENT].webhooks.handler()(request)


def purchase_of(client: PaymentOptions, order: str, form: dict[str, str], payer: str | None) -> PurchaseRequest:
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
            webhook_url=client.webhooks.url(f"{SHOP}/webhooks", order),
            success_url=f"{SHOP}/orders/{order}",
            decline_url=f"{SHOP}/orders/{order}",
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


def page(body: str) -> web.Response:
    return web.Response(text=PAGE.format(body=body), content_type="text/html")


async def open_client(app: web.Application) -> AsyncIterator[None]:
    async with SqliteLedger("shop.db") as ledger, PaymentOptions.from_env(ledger=ledger) as client:
        app[CLIENT] = client
        yield


def make_app() -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/", show_form), web.post("/orders", pay), web.get("/orders/{order}", show_order)])
    app.add_routes([web.post("/webhooks/{token}", take_webhook)])
    app.cleanup_ctx.append(open_client)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=int(os.environ.get("SHOP_PORT", "8000")))
