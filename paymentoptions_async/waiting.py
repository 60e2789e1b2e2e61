"""Waits until a charge is settled: by a webhook, by the gateway's status, or by a person."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from .bell import Bell
from .delivery import deliver_record
from .errors import ConfigurationError, PaymentOptionsError, Problem, ReferenceInUseError
from .ledger.base import Record
from .ledger.rules import UNSETTLED
from .models.outcome import State
from .models.request import refusal
from .reconciling import Reconciling

__all__ = ["Waiting"]

# Seconds between two looks. A webhook that comes to this client is seen at once, one that comes to another process
# at the next look into the ledger.
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_DAY: Final = 86_400.0


class Waiting:
    """Waits.

    Args:
        reconciling: Looks.
        bell: Rings when a webhook has come.
    """

    def __init__(self, reconciling: Reconciling, bell: Bell) -> None:
        self._reconciling = reconciling
        self._bell = bell

    async def wait(self, reference: str, seconds: float) -> Any:
        """See `Payments.wait`."""
        if not 0 <= seconds <= _DAY:
            raise refusal([Problem("timeout", "a number of seconds from 0, at most a day")])
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        pause = _FIRST_PAUSE
        with self._bell.listening(reference) as rung:
            record = await self._reconciling.find(reference)
            while record.outcome.state in UNSETTLED and (left := deadline - loop.time()) > 0:
                await _rings(rung, min(pause, left))
                pause = min(2 * pause, _LONGEST_PAUSE)
                record = await self._look(reference, deadline)
        return _delivered(record)

    async def _look(self, reference: str, deadline: float) -> Record:
        # What the gateway cannot tell now it may tell at the next look. Until then the ledger's word stands.
        try:
            async with asyncio.timeout_at(deadline):
                return await self._reconciling.reconcile(reference)
        except ConfigurationError:
            # The client is closed: no later look will tell more.
            raise
        except (PaymentOptionsError, TimeoutError):
            return await self._reconciling.find(reference)


async def _rings(rung: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await rung.wait()
    # Before the look and not after it: what rings while the gateway is being asked is worth another one.
    rung.clear()


def _delivered(record: Record) -> Any:
    if record.outcome.state is State.SENDING:
        raise ReferenceInUseError(
            "this merchant_txn_ref is still being charged",
            merchant_txn_ref=record.merchant_txn_ref,
            lease_ends=datetime.fromtimestamp(record.lease_ends, UTC),
        )
    return deliver_record(record)
