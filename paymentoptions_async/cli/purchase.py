"""`paymentoptions purchase` and `authorize`."""

from __future__ import annotations

from typing import Literal

import typer

from .flags import BodyArgument, CallFlags, ChargeFlags, GatewayFlags, VersionOption
from .ordering import charge_order, run
from .spread import spread

__all__ = ["authorize", "purchase"]


@spread
def purchase(
    context: typer.Context,
    body: BodyArgument = None,
    *,
    flags: ChargeFlags,
    api_version: VersionOption = 1,
    where: GatewayFlags,
    call: CallFlags,
) -> None:
    """Charge a card once, and say what happened to the money.

    The request is a BODY in the vendor's own form, flags, or both: a flag
    goes over the body's member.

    Card number and CVC are never arguments, since other users of the machine
    can read those. Where the BODY holds none they come from
    PAYMENTOPTIONS_CARD_NUMBER and PAYMENTOPTIONS_CARD_CVC, or you are asked.

    Who you are comes from PAYMENTOPTIONS_API_KEY, PAYMENTOPTIONS_X_API_KEY,
    PAYMENTOPTIONS_MERCHANT_ID and PAYMENTOPTIONS_BASE_URL.

    What was charged is remembered in the ledger, under the key of
    PAYMENTOPTIONS_LEDGER_SECRET: the same command again charges nothing, and
    tells the same result. With --sandbox nothing is remembered.

    A 3-D Secure challenge is not paid yet: it exits 1 and shows the address
    for the payer's browser. `paymentoptions wait` tells what came of it.

    For example:

        paymentoptions purchase body.json --ref order-1234 --json

        paymentoptions purchase --sandbox --fault reset:after_commit
    """
    version = _version(api_version)
    run(
        call,
        lambda: charge_order(
            context, body, flags, where, lambda client, request: client.payments.purchase(request, version=version)
        ),
    )


@spread
def authorize(
    context: typer.Context,
    body: BodyArgument = None,
    *,
    flags: ChargeFlags,
    api_version: VersionOption = 1,
    where: GatewayFlags,
    call: CallFlags,
) -> None:
    """Reserve an amount on a card once. Then capture it or void it.

    BODY, flags, card, environment and ledger are those of `purchase`.

    For example:

        paymentoptions authorize body.json --ref order-1234 --json
    """
    version = _version(api_version)
    run(
        call,
        lambda: charge_order(
            context, body, flags, where, lambda client, request: client.payments.authorize(request, version=version)
        ),
    )


def _version(number: int) -> Literal[1, 2]:
    return 2 if number == 2 else 1
