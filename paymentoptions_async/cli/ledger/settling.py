"""`paymentoptions ledger resolve`."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

import typer

from ... import Ledger, PaymentOptions, PaymentOptionsError, Record, Resolution, Settings, State
from ..exits import ExitCode
from ..logs import configure_logs
from ..output import write_json, write_rows, write_text
from ..usage import BadUsageError
from ..values import shown
from .place import LedgerOption, work_on
from .words import in_rows, is_alarming, record_json

__all__ = ["confirmed", "resolve"]

_SENT_AGAIN: Final = "The next purchase with this reference will be sent to the gateway."


def _flag(name: str, help_text: str) -> Any:
    return typer.Option(name, help=help_text)


def resolve(
    reference: Annotated[
        str | None, typer.Argument(metavar="REF", help="The merchant_txn_ref.", show_default=False)
    ] = None,
    *,
    paid: Annotated[bool, _flag("--paid", "It is in the portal, and was paid.")] = False,
    transaction_id: Annotated[
        str | None,
        typer.Option(help="With --paid: the gateway's id, unless an answer told it.", show_default=False),
    ] = None,
    declined: Annotated[bool, _flag("--declined", "It is in the portal, and was declined.")] = False,
    not_charged: Annotated[
        bool, _flag("--not-charged", "It is not in the portal. The next purchase with this reference is sent.")
    ] = False,
    ask: Annotated[bool, _flag("--ask", "Ask the gateway, by the transaction id that an answer told.")] = False,
    everything: Annotated[bool, _flag("--all", "With --ask: every unknown whose transaction id is known.")] = False,
    by: Annotated[str | None, typer.Option(help="Who has looked.", show_default=False)] = None,
    reason: Annotated[str | None, typer.Option(help="How that is known.", show_default=False)] = None,
    yes: Annotated[bool, _flag("--yes", "Do not ask back.")] = False,
    ledger: LedgerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the record, as `show --json` does.")] = False,
) -> None:
    """Settle a charge of unknown outcome, by a person's word or the gateway's.

    One of --paid, --declined and --not-charged, with --by and --reason, which
    stay in the record. Or --ask, which needs the gateway's credentials in the
    environment. What the gateway itself has settled is not changed.

    Exits 3 where it stays unknown.

    For example:

        paymentoptions ledger resolve order-1234 --paid --transaction-id ab8444e7 --by Kim --reason "in the portal"

        paymentoptions ledger resolve --ask --all
    """
    configure_logs(verbose=False)
    words = [word for word, given in (("paid", paid), ("declined", declined), ("not_charged", not_charged)) if given]

    async def work(store: Ledger) -> bool:
        if len(words) + ask != 1:
            raise BadUsageError("give one of --paid, --declined, --not-charged and --ask")
        if ask:
            return await _ask(store, reference, everything=everything, as_json=as_json)
        if reference is None or everything:
            raise BadUsageError("give one REF; --all goes with --ask")
        if words == ["not_charged"] and not confirmed(_SENT_AGAIN, yes=yes):
            return True
        resolution = _resolution(words[0], by=by, reason=reason, transaction_id=transaction_id)
        _tell(await store.resolve(reference, resolution), as_json=as_json)
        return True

    raise typer.Exit(ExitCode.OK if work_on(ledger, work) else ExitCode.UNKNOWN)


def confirmed(what: str, *, yes: bool) -> bool:
    """Ask back, where there is somebody to ask.

    Args:
        what: What is about to happen.
        yes: Whether that was said already.

    Raises:
        BadUsageError: Nobody is there, and it was not said.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise BadUsageError(f"{what} Give --yes")
    return typer.confirm(f"{what} Go on?", err=True)


def _resolution(word: str, *, by: str | None, reason: str | None, transaction_id: str | None) -> Resolution:
    if by is None or reason is None:
        raise BadUsageError("--by and --reason are needed: they stay in the record")
    if word == "paid":
        return Resolution.paid(by=by, reason=reason, transaction_id=transaction_id)
    if transaction_id is not None:
        raise BadUsageError("--transaction-id goes with --paid")
    make = Resolution.declined if word == "declined" else Resolution.not_charged
    return make(by=by, reason=reason)


async def _ask(store: Ledger, reference: str | None, *, everything: bool, as_json: bool) -> bool:
    if (reference is None) != everything:
        raise BadUsageError("--ask goes with a REF or with --all")
    settled = True
    async with PaymentOptions(Settings.from_env(), ledger=store) as client:
        for wanted in [reference] if reference is not None else await _askable(store):
            settled &= await _ask_one(client, wanted, as_json=as_json)
    return settled


async def _askable(store: Ledger) -> list[str]:
    return [
        record.merchant_txn_ref
        async for record in store.records(unsettled=True)
        if record.outcome.state is State.UNKNOWN and record.outcome.transaction_id is not None
    ]


async def _ask_one(client: PaymentOptions, reference: str, *, as_json: bool) -> bool:
    try:
        record = await client.payments.reconcile(reference)
    except PaymentOptionsError as error:
        told = {"merchant_txn_ref": reference, "error": {"type": type(error).__name__, "message": str(error.args[0])}}
        if as_json:
            write_json(told)
        else:
            write_text(shown(f"{reference}: {type(error).__name__}: {error.args[0]}") + "\n")
        return False
    _tell(record, as_json=as_json)
    return True


def _tell(record: Record, *, as_json: bool) -> None:
    if as_json:
        write_json(record_json(record))
        return
    code = ExitCode.UNKNOWN if is_alarming(record) else ExitCode.OK
    write_rows(f"{shown(record.merchant_txn_ref)}: {record.outcome.state}", in_rows(record), exit_code=code)
