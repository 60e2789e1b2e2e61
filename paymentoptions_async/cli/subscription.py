"""`paymentoptions subscription`: charges that the gateway repeats by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import typer

from .. import PaymentOptions, SubscriptionDetails
from .body import sandbox_body
from .carrying import Order, Stake
from .flags import BodyArgument, CallFlags, ChargeFlags, GatewayFlags
from .ordering import charge_order, run
from .result import of_subscriptions
from .sample import sample_plan
from .spread import spread
from .usage import check_no_card

__all__ = ["subscription"]

subscription = typer.Typer(
    help="Begin subscriptions, look at them, pause, resume and cancel them.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)

_IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The gateway's id of the subscription.", show_default=False)
]


@subscription.command()
@spread
def create(
    context: typer.Context,
    body: BodyArgument = None,
    *,
    flags: ChargeFlags,
    where: GatewayFlags,
    call: CallFlags,
) -> None:
    """Begin a subscription with its first payment, once.

    The BODY is that of a purchase, with the plan as its `subscription`. Flags,
    card, environment and ledger are those of `purchase`.

    For example:

        paymentoptions subscription create body.json --ref plan-1234
    """
    run(
        call,
        lambda: charge_order(
            context,
            body,
            flags,
            where,
            lambda client, request: client.subscriptions.create(request),
            sample=lambda: sandbox_body() | {"subscription": sample_plan()},
        ),
    )


@subscription.command("list")
@spread
def list_all(*, call: CallFlags) -> None:
    """List all subscriptions.

    For example:

        paymentoptions subscription list --json
    """
    run(
        call,
        lambda: Order(
            carry_out=lambda client: client.subscriptions.list(),
            told=lambda found: of_subscriptions("listed", *found),
            stake=Stake.NOTHING,
        ),
    )


@subscription.command()
@spread
def get(subscription_id: _IdArgument, *, call: CallFlags) -> None:
    """Show one subscription, and what it has charged.

    For example:

        paymentoptions subscription get 664dc930
    """
    _run(call, subscription_id, "found", lambda client: client.subscriptions.get(subscription_id), Stake.NOTHING)


@subscription.command()
@spread
def pause(subscription_id: _IdArgument, *, call: CallFlags) -> None:
    """Have no further cycles charged for now.

    It exits 3 where no answer came: it may have been paused, and can be
    paused again. The same goes for `resume` and `cancel`.

    For example:

        paymentoptions subscription pause 664dc930
    """
    _run(call, subscription_id, "paused", lambda client: client.subscriptions.pause(subscription_id))


@subscription.command()
@spread
def resume(subscription_id: _IdArgument, *, call: CallFlags) -> None:
    """Go on with a paused subscription.

    For example:

        paymentoptions subscription resume 664dc930
    """
    _run(call, subscription_id, "resumed", lambda client: client.subscriptions.resume(subscription_id))


@subscription.command()
@spread
def cancel(subscription_id: _IdArgument, *, call: CallFlags) -> None:
    """End a subscription for good.

    For example:

        paymentoptions subscription cancel 664dc930
    """
    _run(call, subscription_id, "cancelled", lambda client: client.subscriptions.cancel(subscription_id))


def _run(
    call: CallFlags,
    subscription_id: str,
    outcome: str,
    carry_out: Callable[[PaymentOptions], Awaitable[SubscriptionDetails]],
    stake: Stake = Stake.CHANGE,
) -> None:
    def make_order() -> Order:
        check_no_card("ID", subscription_id)
        return Order(carry_out=carry_out, told=partial(of_subscriptions, outcome), stake=stake)

    run(call, make_order)
