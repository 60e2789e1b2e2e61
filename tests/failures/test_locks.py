"""What drops the locks of a SQLite file, and must not drop what was written to it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from paymentoptions_async import LedgerError, SqliteLedger
from paymentoptions_async.ledger import Claim, Intent

# Opens the file and closes it: whoever takes itself for the last one removes the write-ahead log.
_PASSER_BY: Final = (
    "import json, sqlite3, sys; file = sqlite3.connect(sys.argv[1]);"
    " print(json.dumps(sorted(row[0] for row in file.execute('SELECT merchant_txn_ref FROM charge')))); file.close()"
)

_FORKED: Final = """
import asyncio, os, sys
from paymentoptions_async import SqliteLedger, LedgerError
from paymentoptions_async.ledger import Intent

async def claim(ledger, reference):
    return await ledger.claim(Intent(reference, b"print"), token=reference, lease=60)

async def anew():
    async with SqliteLedger(sys.argv[1]) as ledger:
        try:
            await claim(ledger, "child")
        except LedgerError as error:
            print(error, flush=True)

ledger = SqliteLedger(sys.argv[1])
asyncio.run(claim(ledger, "parent"))
if os.fork() == 0:
    asyncio.run(anew())
    os._exit(0)
os.wait()
asyncio.run(ledger.close())
"""


def seen_from_outside(path: Path) -> list[str]:
    """The references that another process finds."""
    told = subprocess.run([sys.executable, "-c", _PASSER_BY, path], capture_output=True, text=True, check=True)
    references: list[str] = json.loads(told.stdout)
    return references


async def claim(ledger: SqliteLedger, reference: str) -> Claim:
    answer = await ledger.claim(Intent(reference, b"print"), token=reference, lease=60)
    assert isinstance(answer, Claim)
    return answer


@pytest.mark.asyncio
async def test_a_second_ledger_on_the_file_takes_no_lock_from_the_first(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with SqliteLedger(path) as first:
        await claim(first, "one")
        async with SqliteLedger(path) as second:
            await claim(second, "two")
        assert await asyncio.to_thread(seen_from_outside, path) == ["one", "two"]
        await claim(first, "three")
        assert await asyncio.to_thread(seen_from_outside, path) == ["one", "three", "two"]


@pytest.mark.asyncio
async def test_a_log_that_was_removed_because_the_application_read_the_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with SqliteLedger(path) as ledger:
        await claim(ledger, "one")
        await asyncio.to_thread(path.read_bytes)
        assert await asyncio.to_thread(seen_from_outside, path) == ["one"]
        with pytest.raises(LedgerError, match=r"write-ahead log .* was removed"):
            await claim(ledger, "two")
        await claim(ledger, "three")
    assert await asyncio.to_thread(seen_from_outside, path) == ["one", "three"]


def test_a_file_that_was_in_use_before_a_fork_is_refused_after_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FORKED, path], capture_output=True, text=True, timeout=30, check=True
    )
    assert "was in use when this process was forked" in told.stdout
    assert seen_from_outside(path) == ["parent"]


def test_a_file_that_was_closed_before_a_fork_is_used_after_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    closed = _FORKED.replace("if os.fork()", "asyncio.run(ledger.close())\nif os.fork()")
    subprocess.run([sys.executable, "-W", "ignore", "-c", closed, path], capture_output=True, timeout=30, check=True)
    assert seen_from_outside(path) == ["child", "parent"]


@pytest.mark.asyncio
async def test_a_commit_is_flushed_to_the_disk(tmp_path: Path) -> None:
    async with SqliteLedger(tmp_path / "ledger.db") as ledger:
        for name, value in (("synchronous", 2), ("journal_mode", "wal"), ("fullfsync", 1)):
            row = await ledger._commits.submit(lambda file, name=name: file.execute(f"PRAGMA {name}").fetchone())  # type: ignore[misc]
            assert row == (value,)


@pytest.mark.asyncio
async def test_a_call_that_cannot_be_carried_out_harms_no_other(tmp_path: Path) -> None:
    async with SqliteLedger(tmp_path / "ledger.db") as ledger:
        await claim(ledger, "open")
        answers = await asyncio.gather(
            claim(ledger, "one"), ledger.find("\ud800"), claim(ledger, "two"), return_exceptions=True
        )
        assert isinstance(answers[1], LedgerError)
        assert [type(answer) for answer in answers[::2]] == [Claim, Claim]
        assert await ledger.find("two") is not None


@pytest.mark.asyncio
async def test_an_application_may_change_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with SqliteLedger("ledger.db") as ledger:
        await claim(ledger, "one")
        os.chdir("/")
        await claim(ledger, "two")
    assert (tmp_path / "ledger.db").exists()
