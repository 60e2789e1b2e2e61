"""`paymentoptions ledger resolve`."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

import typer

from ... import InvalidRequestError, Record, Resolution
from ..exits import ExitCode
from ..output import write_text
from ..usage import BadUsageError, tell_error
from .asking import ask_gateway
from .place import LedgerOption
from .words import REF_HELP, tell_record
from .work import faults_told, work_on

__all__ = ["confirm", "resolve"]

_SENT_AGAIN: Final = "The next call with this reference or key will be sent to the gateway."


def _flag(name: str, help_text: str) -> Any:
    return typer.Option(name, help=help_text)


def resolve(
    reference: Annotated[str | None, typer.Argument(metavar="REF", help=REF_HELP, show_default=False)] = None,
    *,
    paid: Annotated[bool, _flag("--paid", "It is in the portal, and was carried out.")] = False,
    transaction_id: Annotated[
        str | None,
        typer.Option(help="With --paid: the gateway's id, unless an answer told it.", show_default=False),
    ] = None,
    declined: Annotated[bool, _flag("--declined", "It is in the portal, and was declined.")] = False,
    not_charged: Annotated[
        bool, _flag("--not-charged", "It is not in the portal. The next call with this reference or key is sent.")
    ] = False,
    ask: Annotated[bool, _flag("--ask", "Ask the gateway, by the transaction id that an answer told.")] = False,
    everything: Annotated[bool, _flag("--all", "With --ask: every unknown whose transaction id is known.")] = False,
    by: Annotated[str | None, typer.Option(help="Who has looked.", show_default=False)] = None,
    reason: Annotated[str | None, typer.Option(help="How that is known.", show_default=False)] = None,
    yes: Annotated[bool, _flag("--yes", "Do not ask back.")] = False,
    ledger: LedgerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the record, as `show --json` does.")] = False,
) -> None:
    """Settle what has an unknown outcome, by a person's word or the gateway's.

    One of --paid, --declined and --not-charged, with --by and --reason, which
    stay in the record. Or --ask, which needs the gateway's credentials in the
    environment. What the gateway itself has settled is not changed.

    Exits 1 where there is no such record or it cannot be changed so, and 3
    where something stays unknown.

    For example:

        paymentoptions ledger resolve order-1234 --paid --transaction-id ab8444e7 --by Kim --reason "in the portal"

        paymentoptions ledger resolve --ask --all
    """
    words = [word for word, given in (("paid", paid), ("declined", declined), ("not_charged", not_charged)) if given]
    with faults_told():
        if len(words) + ask != 1:
            raise BadUsageError("give one of --paid, --declined, --not-charged and --ask")
        if ask:
            if (reference is None) != everything:
                raise BadUsageError("--ask goes with a REF or with --all")
            raise typer.Exit(ask_gateway(ledger, reference, as_json=as_json))
        if reference is None or everything:
            raise BadUsageError("give one REF; --all goes with --ask")
        resolution = _resolution(words[0], by=by, reason=reason, transaction_id=transaction_id)
        # Before anything is opened: there is no hurry at the prompt, and Ctrl-C ends it.
        if words == ["not_charged"]:
            confirm(_SENT_AGAIN, yes=yes)
    _settle(ledger, reference, resolution, as_json=as_json)
    if words == ["not_charged"] and not as_json:
        write_text(f"{_SENT_AGAIN}\n")


def _settle(where: str | None, reference: str, resolution: Resolution, *, as_json: bool) -> None:
    record: Record = work_on(where, lambda store: store.resolve(reference, resolution))
    tell_record(record, as_json=as_json)


def confirm(what: str, *, yes: bool) -> None:
    """Ask back where there is somebody to ask, and end the command at a no.

    Args:
        what: What is about to happen.
        yes: Whether that was said already.

    Raises:
        BadUsageError: Nobody is there, and it was not said.
    """
    if yes:
        return
    if not _somebody_is_there():
        raise BadUsageError(f"{what} Give --yes")
    if not typer.confirm(f"{what} Go on?", err=True):
        tell_error("nothing was changed")
        raise typer.Exit(ExitCode.INTERRUPTED)


def _somebody_is_there() -> bool:
    # A process can be started with stdin closed.
    return sys.stdin is not None and sys.stdin.isatty()


def _resolution(word: str, *, by: str | None, reason: str | None, transaction_id: str | None) -> Resolution:
    if by is None or reason is None:
        raise BadUsageError("--by and --reason are needed: they stay in the record")
    if word != "paid" and transaction_id is not None:
        raise BadUsageError("--transaction-id goes with --paid")
    try:
        if word == "paid":
            return Resolution.paid(by=by, reason=reason, transaction_id=transaction_id)
        make = Resolution.declined if word == "declined" else Resolution.not_charged
        return make(by=by, reason=reason)
    except InvalidRequestError as mistake:
        raise BadUsageError(str(mistake)) from None
