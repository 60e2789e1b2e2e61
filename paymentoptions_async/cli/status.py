"""`paymentoptions status` and `wait`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from .carrying import Order, Stake
from .flags import CallFlags, TransactionArgument
from .ledger.place import LedgerOption
from .ordering import existing, run
from .result import of_status, of_wait
from .spread import spread
from .usage import check_no_card

__all__ = ["status", "wait"]


@spread
def status(transaction_id: TransactionArgument, *, call: CallFlags) -> None:
    """Ask the gateway what a transaction has come to. Nothing is written down.

    Exits 0 where the operation was carried out, whichever it was, 1 where it
    was not, and 3 where the gateway leaves it open or does not answer.

    For example:

        paymentoptions status ab8444e7 --json
    """

    def make_order() -> Order:
        check_no_card("TRANSACTION_ID", transaction_id)
        return Order(
            carry_out=lambda client: client.payments.status(transaction_id),
            told=of_status,
            stake=Stake.NOTHING,
        )

    run(call, make_order)


@spread
def wait(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REF",
            help="The merchant_txn_ref, or the key of a capture, void or refund.",
            show_default=False,
        ),
    ],
    *,
    seconds: Annotated[
        float, typer.Option("--for", min=0, max=86_400, metavar="SECONDS", help="How long; 0 looks once.")
    ] = 300.0,
    ledger: LedgerOption = None,
    call: CallFlags,
) -> None:
    """Wait until a challenge, a page or an unknown outcome is settled, and tell what came of it.

    It is settled by a webhook that a program with the same ledger receives,
    by the gateway's status where the transaction id is known, or by
    `paymentoptions ledger resolve`. What still waits for its payer when the
    time is over exits 1.

    For example:

        paymentoptions wait order-1234 --for 600
    """

    def make_order() -> Order:
        check_no_card("REF", reference)
        return Order(
            carry_out=lambda client: client.payments.wait(reference, timeout=seconds),
            told=of_wait,
            stake=Stake.NOTHING,
            open_ledger=partial(existing, ledger),
        )

    run(call, make_order)
