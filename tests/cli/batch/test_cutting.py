"""What is known of a charge that was cut off, whatever state the ledger is in."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async import (
    LedgerError,
    MemoryLedger,
    NotSentError,
    OutcomeUnknownError,
    Payment,
    PaymentOptions,
    SqliteLedger,
)
from paymentoptions_async.cli.batch.cutting import what_became_of
from paymentoptions_async.sandbox import Sandbox

from ...helpers import request
from ..conftest import Cli
from ..elsewhere import Elsewhere
from .shop import charges, entries


class Fickle(MemoryLedger):
    """A ledger some of whose calls fail."""

    failing: tuple[str, ...] = ()

    def __getattribute__(self, name: str) -> Any:
        if name in super().__getattribute__("failing"):
            return out_of_reach
        return super().__getattribute__(name)


async def out_of_reach(*_: Any, **__: Any) -> None:
    raise LedgerError("out of reach")


@pytest.mark.asyncio
async def test_what_only_the_client_knows_is_told_without_the_ledger() -> None:
    ledger = Fickle()
    async with Sandbox() as gateway, PaymentOptions(gateway.settings(), ledger=ledger) as client:
        ledger.failing = ("finish", "find")
        await client.payments.purchase(request())
        told = await what_became_of(request(), client, ledger, version=1)
        assert isinstance(told, Payment)
        assert not told.recorded
        ledger.failing = ()
    assert gateway.charges("qwe") == 1


@pytest.mark.asyncio
async def test_what_the_ledger_knows_is_told_by_it() -> None:
    ledger = Fickle()
    async with Sandbox(faults=["reset:after_commit"]) as gateway:
        async with PaymentOptions(gateway.settings(), ledger=ledger) as client:
            with pytest.raises(OutcomeUnknownError):
                await client.payments.purchase(request())
            assert isinstance(await what_became_of(request(), client, ledger, version=1), OutcomeUnknownError)
            for ledger.failing in (("find",), ("claim",)):
                with pytest.raises(LedgerError, match="out of reach"):
                    await what_became_of(request(), client, ledger, version=1)


@pytest.mark.asyncio
async def test_nothing_is_told_and_sent_of_what_never_was_sent() -> None:
    ledger = Fickle()
    async with Sandbox() as gateway, PaymentOptions(gateway.settings(), ledger=ledger) as client:
        assert await what_became_of(request(), client, ledger, version=1) is None
        ledger.failing = ("claim",)
        with pytest.raises(NotSentError):
            await client.payments.purchase(request())
        ledger.failing = ()
        assert await what_became_of(request(), client, ledger, version=1) is None
    assert gateway.total_charges() == 0


def stopped_twice(then: Callable[[], Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """Stands for a call of the ledger's during which the run is stopped at once."""
    stops = [signal.SIGINT, signal.SIGTERM]

    async def call(*_: Any, **__: Any) -> object:
        while stops:
            os.kill(os.getpid(), stops.pop())
        return await then()

    return call


@pytest.mark.parametrize("fails", [("finish", "find"), ("finish",)])
def test_a_run_that_is_cut_off_tells_all_that_was_charged(
    fails: tuple[str, ...], cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = stopped_twice(out_of_reach)
    with monkeypatch.context() as patch:
        for name in fails:
            patch.setattr(SqliteLedger, name, failing)
        told = cli("batch", "run", charges(tmp_path, 40), "--concurrency", "4")
    results = entries(tmp_path / "charges.results.jsonl")
    assert told.code == 3
    assert {entry["outcome"] for entry in results} <= {"paid", "unknown"}
    assert 0 < elsewhere.gateway.total_charges() <= len(results) < 40


def test_a_ledger_that_does_not_answer_leaves_a_run_in_doubt(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqliteLedger, "claim", stopped_twice(asyncio.Event().wait))
    monkeypatch.setattr(SqliteLedger, "find", out_of_reach)
    told = cli("batch", "run", charges(tmp_path, 4), "--concurrency", "4", "--json")
    assert (told.code, elsewhere.gateway.total_charges()) == (3, 0)
    assert "the ledger does not answer (out of reach): run it again" in told.result["trouble"]
