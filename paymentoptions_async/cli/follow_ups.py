"""`paymentoptions capture`, `void` and `refund`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

import typer

from .. import PaymentOptions
from .carrying import Order
from .flags import CallFlags, KeyOption, TransactionArgument
from .ledger.place import LedgerOption
from .ordering import durable, run
from .result import Asked
from .spread import spread
from .usage import check_no_card

__all__ = ["capture", "refund", "void"]

_AmountOption = Annotated[str, typer.Option("--amount", help="Sent as it is given, never converted.")]
_NotesOption = Annotated[
    str | None, typer.Option("--notes", help="A remark that the gateway keeps.", show_default=False)
]


@spread
def capture(
    transaction_id: TransactionArgument,
    *,
    amount: _AmountOption,
    key: KeyOption,
    notes: _NotesOption = None,
    ledger: LedgerOption = None,
    call: CallFlags,
) -> None:
    """Take what was authorised, once. A smaller amount releases the rest.

    The ledger remembers it under the key: the same command again sends
    nothing, and tells the same result. The transaction id in it is the one
    to refund.

    For example:

        paymentoptions capture ab8444e7 --amount 1000 --key capture-order-17
    """
    _run(
        call,
        Asked(amount=amount, of_transaction=transaction_id),
        key,
        notes,
        ledger,
        lambda client: client.payments.capture(transaction_id, amount=amount, operation_key=key, notes=notes),
    )


@spread
def void(
    transaction_id: TransactionArgument,
    *,
    key: KeyOption,
    ledger: LedgerOption = None,
    call: CallFlags,
) -> None:
    """Give up an authorisation that was not captured.

    The ledger remembers it under the key: the same command again sends
    nothing, and tells the same result.

    For example:

        paymentoptions void ab8444e7 --key void-order-17
    """
    _run(
        call,
        Asked(of_transaction=transaction_id),
        key,
        None,
        ledger,
        lambda client: client.payments.void(transaction_id, operation_key=key),
    )


@spread
def refund(
    transaction_id: TransactionArgument,
    *,
    amount: _AmountOption,
    key: KeyOption,
    notes: _NotesOption = None,
    ledger: LedgerOption = None,
    call: CallFlags,
) -> None:
    """Give money back, all of it or a part.

    TRANSACTION_ID is that of the purchase, or after `authorize` and `capture`
    that of the capture. Each part that goes back needs a key of its own.

    The ledger remembers it under the key: the same command again sends
    nothing, and tells the same result. A refund of unknown outcome exits 3
    and is never sent again, by nobody: look it up in the gateway's portal,
    then settle it with `paymentoptions ledger resolve KEY`.

    For example:

        paymentoptions refund ab8444e7 --amount 250 --key refund-order-17-1
    """
    _run(
        call,
        Asked(amount=amount, of_transaction=transaction_id),
        key,
        notes,
        ledger,
        lambda client: client.payments.refund(transaction_id, amount=amount, operation_key=key, notes=notes),
    )


def _run(
    call: CallFlags,
    asked: Asked,
    key: str,
    notes: str | None,
    ledger: str | None,
    carry_out: Callable[[PaymentOptions], Awaitable[Any]],
) -> None:
    def make_order() -> Order:
        for name, text in (
            ("TRANSACTION_ID", asked.of_transaction), ("--amount", asked.amount), ("--key", key), ("--notes", notes),
        ):  # fmt: skip
            check_no_card(name, text)
        return Order(carry_out=carry_out, operation_key=key, asked=asked, open_ledger=partial(durable, ledger))

    run(call, make_order)
