"""`paymentoptions ledger resolve --ask`."""

from __future__ import annotations

from ... import (
    InvalidRequestError,
    Ledger,
    LedgerError,
    PaymentOptions,
    PaymentOptionsError,
    Settings,
    State,
)
from ...ledger.telling import is_alarming, is_askable
from ..exits import ExitCode
from ..output import write_json, write_text
from ..usage import tell_error
from ..values import shown
from .words import tell_record
from .work import work_on

__all__ = ["ask_gateway"]


def ask_gateway(where: str | None, reference: str | None, *, as_json: bool) -> ExitCode:
    """Have the gateway asked, and tell what it said.

    Args:
        where: The ledger.
        reference: Of one record; `None` for every unknown one whose transaction id is known.
        as_json: Whether machines read it.

    Returns:
        `UNKNOWN` where something stays unknown or is contradicted.
    """
    settings = Settings.from_env()
    return work_on(where, lambda store: _ask(store, settings, reference, as_json=as_json))


async def _ask(store: Ledger, settings: Settings, reference: str | None, *, as_json: bool) -> ExitCode:
    async with PaymentOptions(settings, ledger=store) as client:
        if reference is not None:
            is_settled = await _ask_one(client, reference, as_json=as_json)
            return ExitCode.OK if is_settled else ExitCode.UNKNOWN
        askable, others = await _unknown(store)
        answers = [await _ask_one(client, each, as_json=as_json) for each in askable]
    if others:
        tell_error(f"{others} unknown without a transaction id: look them up in the gateway's portal")
    elif not askable:
        tell_error("nothing is unknown")
    return ExitCode.OK if all(answers) and not others else ExitCode.UNKNOWN


async def _unknown(store: Ledger) -> tuple[list[str], int]:
    askable, others = [], 0
    async for record in store.records(unsettled=True):
        if record.outcome.state is State.UNKNOWN:
            if is_askable(record):
                askable.append(record.merchant_txn_ref)
            else:
                others += 1
    return askable, others


async def _ask_one(client: PaymentOptions, reference: str, *, as_json: bool) -> bool:
    try:
        record = await client.payments.reconcile(reference)
    except (InvalidRequestError, LedgerError):
        raise
    except PaymentOptionsError as error:
        told = {"merchant_txn_ref": reference, "error": {"type": type(error).__name__, "message": str(error.args[0])}}
        if as_json:
            write_json(told)
        else:
            write_text(shown(f"{reference}: {type(error).__name__}: {error.args[0]}") + "\n")
        return False
    tell_record(record, as_json=as_json)
    return not is_alarming(record)
