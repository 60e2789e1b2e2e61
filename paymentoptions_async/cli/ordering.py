"""From what was typed to an order, and from its result to the exit code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import typer

from .. import (
    ConfigurationError,
    InvalidRequestError,
    Ledger,
    MemoryLedger,
    PaymentOptions,
    PurchaseRequest,
    Settings,
)
from .body import build_request, read_body, sandbox_body
from .carrying import Order, carry_out
from .flags import CallFlags, ChargeFlags, GatewayFlags
from .ledger.place import NoLedgerError, open_ledger
from .logs import configure_logs
from .report import report
from .result import Asked, of_bad_usage, of_error
from .usage import BadUsageError

__all__ = ["body_of", "charge_order", "durable", "existing", "guarded", "run"]

_NO_KEY: Final = (
    "not set in the environment: PAYMENTOPTIONS_LEDGER_SECRET. Make one, and keep it as long as the ledger:"
    " python3 -c 'import secrets; print(secrets.token_hex(32))'"
)


def run(call: CallFlags, make_order: Callable[[], Order]) -> None:
    """Carry an order out, tell what became of it, and end the command.

    Args:
        call: How it is made and told.
        make_order: Makes the order; may raise what is wrong with what was typed.
    """
    configure_logs(verbose=call.verbose)
    try:
        order = make_order()
    except BadUsageError as mistake:
        result = of_bad_usage(str(mistake))
    except InvalidRequestError as refusal:
        result = of_error(refusal)
    else:
        result = carry_out(order, call)
    report(result, as_json=call.as_json)
    raise typer.Exit(result.exit_code)


def charge_order(
    context: typer.Context,
    source: str | None,
    flags: ChargeFlags,
    where: GatewayFlags,
    charge: Callable[[PaymentOptions, PurchaseRequest], Awaitable[Any]],
    sample: Callable[[], dict[str, Any]] = sandbox_body,
) -> Order:
    """Of a charge, by card or token.

    Args:
        context: Of the command.
        source: The body's file; `None` where none was given.
        flags: What goes over the body.
        where: Which gateway is charged, and what remembers it.
        charge: Makes the call.
        sample: Gives the body that the sandbox takes, where none was given.

    Raises:
        BadUsageError: Something that was typed is wrong.
        InvalidRequestError: Fields break their rules.
    """
    where.check(context)
    body = body_of(source, where, sample)
    request = build_request(body, flags.members(), expiry=flags.expiry, token=flags.token)
    card = request.card.masked if request.card else None
    asked = Asked(amount=str(request.amount), currency=request.currency, card=card)
    return guarded(lambda client: charge(client, request), request.merchant_txn_ref, asked, where)


def body_of(source: str | None, where: GatewayFlags, sample: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The body before any flag is laid over it.

    Args:
        source: Its file; `None` where none was given.
        where: Says whether the sandbox is charged.
        sample: Gives the one that the sandbox takes, where none was given.

    Raises:
        BadUsageError: It cannot be read.
    """
    if source is not None:
        return read_body(source)
    return sample() if where.sandbox else {}


def guarded(
    carry_out: Callable[[PaymentOptions], Awaitable[Any]], reference: str, asked: Asked, where: GatewayFlags
) -> Order:
    """Of what is done once under its reference.

    Args:
        carry_out: Makes the call.
        reference: The reference.
        asked: What is asked for.
        where: Which gateway is charged, and what remembers it.
    """
    return Order(
        carry_out=carry_out,
        reference=reference,
        asked=asked,
        open_ledger=MemoryLedger if where.sandbox else partial(durable, where.ledger),
        sandbox=where.sandbox,
        faults=tuple(where.fault or ()),
    )


def durable(place: str | None) -> Ledger:
    """The ledger that is written to; a file is made where there is none.

    Args:
        place: What was given; `None` for the default.

    Raises:
        ConfigurationError: The settings are wrong, and nothing is made; or it cannot be had.
    """
    if Settings.from_env().ledger_secret is None:
        raise ConfigurationError(_NO_KEY)
    return open_ledger(place, make=True)


def existing(place: str | None) -> Ledger:
    """The ledger that is looked into.

    Args:
        place: What was given; `None` for the default.

    Raises:
        InvalidRequestError: There is none, so it knows nothing.
        ConfigurationError: It cannot be had.
    """
    try:
        return open_ledger(place, make=False)
    except NoLedgerError as missing:
        raise InvalidRequestError(str(missing)) from None
