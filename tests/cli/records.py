"""A ledger in which there is something to look at."""

from __future__ import annotations

from pathlib import Path

import orjson

from paymentoptions_async import Outcome, Resolution, SqliteLedger, State
from paymentoptions_async.ledger import Claim, Intent, Ledger
from paymentoptions_async.models.codes import Reason

__all__ = ["ANSWER", "fill", "kept"]

# One of the sandbox's own transactions is not in it: whoever asks for this id is told 404.
ANSWER = orjson.dumps({"transaction_details": {"id": "tx-unclear"}, "message": "=HYPERLINK(1)"})


async def kept(place: Path) -> None:
    """Make the file, with one record of every kind."""
    async with SqliteLedger(place, clock=lambda: 1_000_000.0) as ledger:
        await fill(ledger)


async def fill(ledger: Ledger) -> None:
    """One record of every kind."""
    await _finished(ledger, "paid-1", Outcome(State.PAID, answer=orjson.dumps({"transaction_details": {"id": "tx-1"}})))
    await _finished(ledger, "declined-1", Outcome(State.DECLINED, ("code 5",), reason=Reason.DECLINED, response_code=5))
    await _finished(ledger, "=unclear", Outcome(State.UNKNOWN, ("code 68\x1b[31m",), answer=ANSWER))
    await _finished(ledger, "challenged-1", Outcome(State.CHALLENGED, answer=b"{}"))
    # Nobody finished it, and its lease ran out long ago.
    await ledger.claim(_intent("dead-1"), token="t", lease=90)
    await _finished(ledger, "resolved-1", Outcome(State.UNKNOWN, ("lost",)))
    await ledger.resolve("resolved-1", Resolution.declined(by="Kim", reason="seen in the portal"))


async def _finished(ledger: Ledger, reference: str, outcome: Outcome) -> None:
    claim = await ledger.claim(_intent(reference), token=reference, lease=90)
    assert isinstance(claim, Claim)
    await ledger.finish(claim, outcome)


def _intent(reference: str) -> Intent:
    return Intent(reference, b"a fingerprint", "payment", "1000", "JPY", "520000******1005")
