"""Writes down what became of a charge, whatever state the ledger is in.

An answer of the gateway's is worth more than the ledger's health: it is told to the caller even where it cannot be
written down, and it is written down as soon as the ledger is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import Any, Final

import attrs

from .ledger.base import Claim, Ledger, Mark
from .logs import Log
from .models.outcome import Outcome, Refusal, State

__all__ = ["Owed", "Recorder"]

# Seconds that a caller waits for the writing of an outcome, and for the giving back of a right that was not used.
_PATIENCE: Final = 5.0
_RELEASE_PATIENCE: Final = 1.0

_SETTLED: Final = (State.PAID, State.PARTIAL, State.DECLINED)

_MOVED: Final = (State.PAID, State.PARTIAL)

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


@attrs.define(eq=False)
class Owed:
    """What the ledger is to be told.

    Attributes:
        claim: The right that was used.
        outcome: What became of it.
        fingerprint: Of the charge.
        is_written: Whether the ledger has it.
        is_told: Whether a line of the log says that it could not be written.
        is_given_up: Whether one says that it never will be.
    """

    claim: Claim
    outcome: Outcome
    fingerprint: bytes
    is_written: bool = False
    is_told: bool = False
    is_given_up: bool = False


class Recorder:
    """Tells a ledger what became of its claims, and goes on trying.

    Args:
        ledger: Is told.
        log: The library's own lines.
        sleep: Waits so many seconds.
        random: Gives a number from 0 to 1, for the pauses.
    """

    def __init__(
        self,
        ledger: Ledger,
        log: Log,
        *,
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._log = log
        self._sleep = sleep
        self._random = random
        self._owed: dict[str, Owed] = {}
        self._retrying: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def owed(self, merchant_txn_ref: str) -> Owed | None:
        """What is known of a reference and not written down yet, where that forbids to send it."""
        owed = self._owed.get(merchant_txn_ref)
        return owed if owed is not None and owed.outcome.state is not State.REFUSED else None

    async def record(self, claim: Claim, outcome: Outcome, fingerprint: bytes) -> Outcome | None:
        """Write an outcome down. A cancel goes on only after that; a second one breaks through, and it is written.

        Returns:
            What the ledger says of the claim: this outcome; or what a webhook has told of it meanwhile, where this one
            settles nothing; or the doubt, where a webhook has told a payment and this one is a decline. `None` where it
            says something else or could not be told; then it is told later.
        """
        owed = Owed(claim, outcome, fingerprint)
        try:
            async with asyncio.timeout(_PATIENCE):
                stands = await self._ledger.finish(claim, outcome)
        except asyncio.CancelledError:
            # It may have been written or not. To write it again does no harm, and no cancel reaches a task.
            self._owed[claim.merchant_txn_ref] = owed
            await asyncio.wait((self._start(self._write(owed)),), timeout=_PATIENCE)
            raise
        except Exception as fault:  # noqa: BLE001  # whatever a store raises: the outcome is true all the same
            self._owed[claim.merchant_txn_ref] = owed
            self._tell_unwritten(owed, fault)
            return None
        told = outcome if stands else await self._told_meanwhile(owed)
        self._tell_written(owed, stands=told is not None)
        # What was given up as refused meanwhile may well stand for something else.
        return outcome if told is None and outcome.state is State.REFUSED else told

    async def _told_meanwhile(self, owed: Owed) -> Outcome | None:
        """What a webhook has settled before the answer came, or where none did.

        It may have told a payment where the answer is a decline: then neither is to be told as the truth.
        """
        if owed.outcome.state in _MOVED:
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                record = await self._ledger.find(owed.claim.merchant_txn_ref)
        except Exception:  # noqa: BLE001  # whatever a store raises: then nothing more is known
            return None
        if record is None or record.token != owed.claim.token:
            return None
        if owed.outcome.state is State.DECLINED:
            return record.outcome if record.mark is Mark.CONTRADICTED else None
        return record.outcome if record.mark is None and record.outcome.state in _SETTLED else None

    async def release(self, claim: Claim) -> None:
        """Give back a right that may have been given and was not used. If that fails, its lease ends it."""
        await asyncio.wait((self._start(self._give_back(claim)),), timeout=_RELEASE_PATIENCE)

    async def close(self) -> None:
        """Try a last time, and say what remains unwritten."""
        self._is_closed = True
        if self._retrying is not None:
            self._retrying.cancel()
            await asyncio.wait((self._retrying,), timeout=_PATIENCE)
        last = [self._start(self._write(owed)) for owed in self._owed.values()]
        if last or self._tasks:
            await asyncio.wait({*last, *self._tasks}, timeout=_PATIENCE)
        for owed in self._owed.values():
            self._give_up(owed)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _write(self, owed: Owed) -> None:
        try:
            stands = await self._ledger.finish(owed.claim, owed.outcome)
        except Exception as fault:  # noqa: BLE001  # whatever a store raises: the outcome is true all the same
            self._tell_unwritten(owed, fault)
            return
        if owed.is_written:
            return
        owed.is_written = True
        if self._owed.get(owed.claim.merchant_txn_ref) is owed:
            del self._owed[owed.claim.merchant_txn_ref]
        self._tell_written(owed, stands=stands or await self._told_meanwhile(owed) is not None)

    def _tell_written(self, owed: Owed, *, stands: bool) -> None:
        if owed.is_told:
            self._log.warning("ledger.recorded_late", **_shown(owed))
        if not stands and owed.outcome.state not in (State.REFUSED, State.DECLINED):
            # The lease had run out, and somebody has resolved or even charged it since.
            self._log.error("ledger.contradicted", **_shown(owed))

    def _tell_unwritten(self, owed: Owed, fault: Exception) -> None:
        if not owed.is_told:
            owed.is_told = True
            self._log.error("ledger.not_recorded", fault=type(fault).__name__, **_shown(owed))
        if self._is_closed:
            self._give_up(owed)
        elif self._retrying is None or self._retrying.done():
            # It outlives the call that it begins in, and is not of its trace.
            self._retrying = Context().run(asyncio.ensure_future, self._retry())

    def _give_up(self, owed: Owed) -> None:
        if not owed.is_given_up:
            owed.is_given_up = True
            self._log.error("ledger.never_recorded", **_shown(owed))

    async def _give_back(self, claim: Claim) -> None:
        unused = Outcome(state=State.REFUSED, attempts=0, refusal=Refusal.NOT_SENT, evidence=("never sent",))
        try:
            await self._ledger.finish(claim, unused)
        except Exception as fault:  # noqa: BLE001  # whatever a store raises: nothing was sent
            self._log.warning(
                "ledger.not_released", merchant_txn_ref=claim.merchant_txn_ref, fault=type(fault).__name__
            )

    async def _retry(self) -> None:
        pause = _FIRST_PAUSE
        while self._owed:
            await self._sleep(pause * (0.5 + self._random() / 2))
            pause = min(2 * pause, _LONGEST_PAUSE)
            # One tells whether the ledger is back: the others are not tried in vain.
            for reference, owed in list(self._owed.items()):
                await self._write(owed)
                if not owed.is_written:
                    # Another one next time, since this one may be refused for what it is.
                    if (unwritten := self._owed.pop(reference, None)) is not None:
                        self._owed[reference] = unwritten
                    break


def _shown(owed: Owed) -> dict[str, object]:
    return {
        "merchant_txn_ref": owed.claim.merchant_txn_ref,
        "state": owed.outcome.state,
        "transaction_id": owed.outcome.transaction_id,
    }
