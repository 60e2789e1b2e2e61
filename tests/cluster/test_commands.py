from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async.cluster import submit
from paymentoptions_async.sandbox import Sandbox

from ..cli.processes import Ended, clean_environment, command, environment_of, run
from .charges import CARD, KEY, body_of, jsonl, sealer, secrets_in, source

_PATIENCE = 20


class Machine:
    """The commands on one machine."""

    def __init__(self, dsn: str, gateway: Sandbox, **more: str) -> None:
        self.environment = {
            **environment_of(gateway), "PAYMENTOPTIONS_LEDGER": dsn, "PAYMENTOPTIONS_SEAL_KEY": KEY.hex(), **more,
        }  # fmt: skip

    async def __call__(self, *arguments: object) -> Ended:
        return await asyncio.to_thread(lambda: run("batch", *arguments, **self.environment))

    @contextmanager
    def working(self, *arguments: object) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            command("batch", "work", "--lease", 2, *arguments), env=clean_environment(**self.environment), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        with process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "charges.jsonl"
    path.write_bytes(jsonl(body_of(number) for number in range(30)))
    return path


async def stopped(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, told = await asyncio.to_thread(process.communicate, None, _PATIENCE)
    return process.returncode, told


async def submitted(dsn: str) -> None:
    await asyncio.to_thread(lambda: submit(dsn, source(30), sealer(), name="payday"))


@pytest.mark.asyncio
async def test_a_batch_goes_from_submit_to_results(postgres_dsn: str, file: Path, tmp_path: Path) -> None:
    results = tmp_path / "payday.results.jsonl"
    async with Sandbox(faults=["reset:after_commit"]) as gateway:
        machine = Machine(postgres_dsn, gateway)
        begun = await machine("submit", file, "--name", "payday", "--json")
        assert (begun.code, begun.result["charges"]) == (0, 30)
        assert "CVC" in begun.err
        with machine.working() as worker:
            watched = await machine("watch", "payday", "--json")
            assert (watched.code, watched.result["outcomes"]["paid"], watched.result["outcomes"]["unknown"]) == (
                3,
                29,
                1,
            )
            assert (await stopped(worker))[0] == 0
        written, reported = await machine("results", "payday", "-o", results), await machine("report", results)
        assert (written.code, reported.code) == (0, 3)
        assert [gateway.charges(f"order-{number:05}") for number in range(30)] == [1] * 30
    entries = [json.loads(line) for line in results.read_text().splitlines()]
    assert [(entry["line"], entry["merchant_txn_ref"]) for entry in entries] == [
        (number + 1, f"order-{number:05}") for number in range(30)
    ]
    everything = results.read_text() + "".join(ended.out + ended.err for ended in (begun, watched, written, reported))
    assert not secrets_in(everything)


@pytest.mark.asyncio
async def test_watch_tells_a_pause_and_resume_ends_it(gateway: Sandbox, postgres_dsn: str) -> None:
    await submitted(postgres_dsn)
    machine = Machine(postgres_dsn, gateway)
    with Machine(postgres_dsn, gateway, PAYMENTOPTIONS_API_KEY="a wrong one").working("--concurrency", 1) as worker:
        watched = await machine("watch", "payday", "--json")
        await stopped(worker)
    assert watched.code == 1
    assert "credentials were refused" in watched.err
    assert (await machine("resume", "payday", "--json")).result["open"] == 30


@pytest.mark.asyncio
async def test_purge_leaves_nothing_to_charge(gateway: Sandbox, postgres_dsn: str) -> None:
    await submitted(postgres_dsn)
    purged = await Machine(postgres_dsn, gateway)("purge", "payday", "--yes", "--json")
    assert (purged.code, purged.result["not_begun"]) == (0, 30)


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (("work",), {}, "PostgreSQL"),
        (("watch", "payday"), {"PAYMENTOPTIONS_LEDGER": "charges.db"}, "PostgreSQL"),
        (("submit", "no-such-file.csv", "--name", "payday"), {}, "cannot read"),
        (("submit", "-", "--name", CARD), {}, "a card number does not belong there"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    arguments: tuple[Any, ...], environment: dict[str, str], told: str
) -> None:
    ended = run("batch", *arguments, **environment)
    assert ended.code == 2
    assert told in ended.err
    assert CARD not in ended.err
    assert len(ended.err.splitlines()) == 1


def test_the_seal_key_is_asked_for(postgres_dsn: str, file: Path) -> None:
    ended = run("batch", "submit", file, "--name", "payday", PAYMENTOPTIONS_LEDGER=postgres_dsn)
    assert ended.code == 2
    assert "PAYMENTOPTIONS_SEAL_KEY" in ended.err


def test_a_batch_that_is_not_there_is_told(postgres_dsn: str) -> None:
    ended = run("batch", "watch", "payday", PAYMENTOPTIONS_LEDGER=postgres_dsn)
    assert ended.code == 1
    assert "no batch of this name" in ended.err


def test_a_server_that_is_away_is_told_without_its_password() -> None:
    ended = run("batch", "resume", "payday", PAYMENTOPTIONS_LEDGER="postgresql://app:hidden@127.0.0.1:9/x")
    assert ended.code == 1
    assert "hidden" not in ended.err
    assert "cannot be used" in ended.err


def test_check_stores_nothing_and_needs_no_server(file: Path) -> None:
    file.write_bytes(jsonl([body_of(0), body_of(1, amount="much")]))
    ended = run("batch", "submit", file, "--name", "payday", "--check")
    assert ended.code == 2
    assert "line 2: amount" in ended.out
