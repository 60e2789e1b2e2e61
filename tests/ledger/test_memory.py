from __future__ import annotations

import pytest

from paymentoptions_async import MemoryLedger, ReferenceInUseError
from paymentoptions_async.ledger.base import Claim
from paymentoptions_async.models.outcome import Outcome, Refusal, State


@pytest.mark.asyncio
async def test_a_claim_is_given_once_and_its_end_is_remembered() -> None:
    ledger = MemoryLedger(clock=lambda: 0.0)
    claim = await ledger.claim("ref", b"print", 10.0)
    assert isinstance(claim, Claim)
    with pytest.raises(ReferenceInUseError):
        await ledger.claim("ref", b"print", 10.0)
    paid = Outcome(state=State.PAID)
    await ledger.finish(claim, paid)
    assert await ledger.claim("ref", b"print", 10.0) is paid


@pytest.mark.asyncio
async def test_attempts_are_counted_across_claims() -> None:
    ledger = MemoryLedger()
    first = await ledger.claim("ref", b"print", 10.0)
    assert isinstance(first, Claim)
    await ledger.finish(first, Outcome(state=State.REFUSED, refusal=Refusal.NOT_SENT, attempts=4))
    second = await ledger.claim("ref", b"print", 10.0)
    assert isinstance(second, Claim)
    assert (second.attempts, second.token) == (4, 2)
    await ledger.finish(first, Outcome(state=State.PAID))
    with pytest.raises(ReferenceInUseError):
        await ledger.claim("ref", b"print", 10.0)
