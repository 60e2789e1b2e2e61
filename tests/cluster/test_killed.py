"""Workers that are killed and frozen in the middle of a batch: nothing is charged twice, nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async import PostgresLedger
from paymentoptions_async.cluster import submit
from paymentoptions_async.cluster.batches import entries, find
from paymentoptions_async.cluster.tables import connected
from paymentoptions_async.sandbox import Sandbox

from ..cli.processes import clean_environment, environment_of
from ..torture.sizes import SIZES
from .charges import KEY, body_of, dump, outcomes, rows, sealer, secrets_in, source_of
from .worker import CONCURRENCY, DEADLINE, FASTER, LEASE, fast_clock
from .workers import until, until_done

_ROOT = Path(__file__).parents[2]
_CHUNK = 20
_CHARGED = {"paid": (1,), "unknown": (0, 1), "not_sent": (0,)}
_OF_STATE = {"refused": "not_sent"}
# As short as it is for these workers: the deadline, and what is allowed beyond it.
_LEDGER_LEASE = (DEADLINE + 30) / FASTER


@contextmanager
def process(dsn: str, gateway: Sandbox, log: Any) -> Iterator[subprocess.Popen[bytes]]:
    environment = clean_environment(**environment_of(gateway), PAYMENTOPTIONS_SEAL_KEY=KEY.hex())
    command = [sys.executable, "-W", "error", "-m", "tests.cluster.worker", dsn]
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=log, stderr=log) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def done(dsn: str) -> int:
    (row,) = rows(dsn, "SELECT count(*) FROM paymentoptions_batch_charge WHERE standing > 0")
    return int(row[0])


@pytest.mark.asyncio
@pytest.mark.timeout(SIZES.seconds)
async def test_one_worker_is_killed_and_one_frozen_past_its_leases(postgres_dsn: str) -> None:
    count = SIZES.charges_of_three_workers
    bodies = (body_of(number) for number in range(count))
    await asyncio.to_thread(lambda: submit(postgres_dsn, source_of(bodies), sealer(), name="payday", chunk=_CHUNK))
    with tempfile.TemporaryFile() as log:
        async with Sandbox(latency=0.08) as gateway:
            with (
                process(postgres_dsn, gateway, log) as killed,
                process(postgres_dsn, gateway, log) as frozen,
                process(postgres_dsn, gateway, log) as third,
            ):
                await until(lambda: done(postgres_dsn) >= count // 6, SIZES.seconds)
                frozen.send_signal(signal.SIGSTOP)
                await until(lambda: done(postgres_dsn) >= count // 6 + 40)
                killed.kill()
                await asyncio.sleep(max(LEASE, _LEDGER_LEASE))
                await until(lambda: outcomes(postgres_dsn)["unknown"] > 0)
                await asyncio.sleep(0.5)
                frozen.send_signal(signal.SIGCONT)
                await until_done(postgres_dsn, SIZES.seconds)
                for worker in (frozen, third):
                    worker.send_signal(signal.SIGTERM)
                    assert await asyncio.to_thread(worker.wait, 20) == 0
            charged = [gateway.charges(f"order-{number:05}") for number in range(count)]
        log.seek(0)
        written = log.read().decode()
    await _check(postgres_dsn, charged, written)


async def _check(dsn: str, charged: list[int], written: str) -> None:
    told = await asyncio.to_thread(_results, dsn)
    assert len(told) == len(charged)
    for number, outcome in enumerate(told):
        assert charged[number] in _CHARGED[outcome], (number, outcome)
    counted = Counter(told)
    # Those of the killed one. Those of the frozen one were unknown for a while, and then it came back with the answers;
    # without one where its deadline had passed, and having sent nothing where it was frozen between right and sending.
    assert counted["unknown"] <= 2 * CONCURRENCY
    assert counted["not_sent"] <= CONCURRENCY
    async with PostgresLedger(dsn, clock=fast_clock) as ledger:
        states = [_OF_STATE.get(state := record.outcome.state.value, state) async for record in ledger.records()]
    assert Counter(states) == counted
    tables = await asyncio.to_thread(dump, dsn)
    assert await asyncio.to_thread(outcomes, dsn) == counted
    assert not secrets_in(tables + written)
    assert "Traceback" not in written, written


def _results(dsn: str) -> list[str]:
    with connected(dsn) as server:
        return [str(entry["outcome"]) for entry in entries(server, find(server, "payday"))]
