"""`paymentoptions page`."""

from __future__ import annotations

from typing import Annotated

import typer

from .body import build_page
from .carrying import Order
from .flags import BodyArgument, CallFlags, GatewayFlags, RequestFlags
from .ordering import body_of, guarded, run
from .result import Asked
from .sample import sample_page
from .spread import spread

__all__ = ["page"]


@spread
def page(
    context: typer.Context,
    body: BodyArgument = None,
    *,
    flags: RequestFlags,
    cancel_url: Annotated[
        str | None,
        typer.Option(
            help="The payer lands here after giving up.", show_default=False, rich_help_panel="Return addresses"
        ),
    ] = None,
    wallet: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE",
            help="A wallet pays, such as gcash. Else a card.",
            show_default=False,
            rich_help_panel="The charge",
        ),
    ] = None,
    where: GatewayFlags,
    call: CallFlags,
) -> None:
    """Have the gateway make a page on which the payer pays, and show its address on a line by itself.

    BODY, flags, environment and ledger are those of `purchase`, but that no
    card is given, and no amount need be: then the payer types it. Nothing is
    paid until the payer has been there: `paymentoptions wait` tells. The same
    command again shows the same page, or once it was paid the payment.

    With --sandbox the address ends with the command; `paymentoptions sandbox`
    runs a gateway whose pages stay.

    For example:

        paymentoptions page body.json --ref order-1234

        paymentoptions page body.json --ref order-1235 --currency PHP --wallet gcash
    """
    members = {**flags.members(), "return_url.cancel_url": cancel_url, "payment_method.type": wallet}

    def make_order() -> Order:
        where.check(context)
        request = build_page(body_of(body, where, sample_page), members)
        asked = Asked(amount=str(request.amount) or None, currency=request.currency)
        return guarded(lambda client: client.hosted_pages.create(request), request.merchant_txn_ref, asked, where)

    run(call, make_order)
