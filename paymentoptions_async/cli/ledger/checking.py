"""What the doctor looks at in the ledger."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final
from uuid import uuid4

from ... import Ledger, Outcome, PaymentOptionsError, State
from ...ledger import Claim
from ...ledger.telling import is_alarming
from ..checks import Check
from ..usage import without_secrets
from .place import NoLedgerError, default_file, file_of, open_ledger, place_of

__all__ = ["check_ledger"]

_NAME: Final = "ledger"


def check_ledger(where: str | None) -> Check:
    """Whether the ledger can be read and written, and what waits in it. A file that is not there is not made.

    Args:
        where: What the environment says; `None` for the default.
    """
    try:
        place, file = place_of(where), file_of(where)
    except PaymentOptionsError as mistake:
        return Check(_NAME, ok=False, detail=str(mistake), advice="look at PAYMENTOPTIONS_LEDGER")
    try:
        waiting, alarming = asyncio.run(_look(open_ledger(where, make=False)))
    except NoLedgerError:
        return _check_folder(place, file or Path())
    except (PaymentOptionsError, OSError, ValueError) as fault:
        told = str(fault.args[0]) if isinstance(fault, PaymentOptionsError) else type(fault).__name__
        detail = f"{place}: {without_secrets(told)}"
        return Check(_NAME, ok=False, detail=detail, advice="look at the file or the server")
    detail = f"{place}: {waiting} unsettled, of them {alarming} unknown or contradicted"
    return Check(_NAME, ok=alarming == 0, detail=detail, advice="paymentoptions ledger list")


async def _look(ledger: Ledger) -> tuple[int, int]:
    waiting = alarming = 0
    async with ledger:
        # The end of a claim that was never given changes nothing, but takes all that a writer needs.
        never_given = Claim(f"doctor-{uuid4().hex}", uuid4().hex)
        await ledger.finish(never_given, Outcome(State.REFUSED))
        async for record in ledger.records(unsettled=True):
            waiting += 1
            alarming += is_alarming(record)
    return waiting, alarming


def _check_folder(place: str, file: Path) -> Check:
    """Of a file that is not there yet: whether the first purchase can make it."""
    folder = file.parent
    if file == default_file():
        folder = next(found for found in file.parents if found.exists())
    if not folder.is_dir():
        return Check(_NAME, ok=False, detail=f"{place}: its folder is not there", advice="make it, or mount the disk")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Check(_NAME, ok=False, detail=f"{place}: cannot be made there", advice=f"look at the rights of {folder}")
    return Check(_NAME, ok=True, detail=f"{place}: not there yet; the first purchase makes it")
