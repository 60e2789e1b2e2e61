"""A ledger across a fork, and at the end of a process that has not closed it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

_COMMON: Final = """
import asyncio, os, sys, warnings
from paymentoptions_async import ConfigurationError, LedgerError, NotSentError, Payment, PaymentOptions, PurchaseRequest
from paymentoptions_async import SqliteLedger
from paymentoptions_async.ledger import Claim, Intent
from paymentoptions_async.sandbox import Sandbox

# Later versions of Python warn of every fork with threads; that is what is tried here.
warnings.simplefilter("ignore", DeprecationWarning)

def claim(ledger, reference, token="t"):
    return ledger.claim(Intent(reference, bytes(32)), token=token, lease=60)

def child(work):
    sys.stdout.flush()
    if (pid := os.fork()) == 0:
        try:
            work()
            sys.stdout.flush()
            os._exit(0)
        except BaseException as error:
            print(f"in the child: {error!r}", flush=True)
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
"""

_USED_BEFORE: Final = """
path = sys.argv[1]
ledger = SqliteLedger(path)
asyncio.run(claim(ledger, "before"))

def refused():
    async def ask():
        for _ in range(2):
            try:
                await claim(ledger, "in the child")
            except ConfigurationError as error:
                print(error)
        async with Sandbox() as gateway:
            settings = gateway.settings(ledger_secret="the-ledger's-own-secret")
            async with PaymentOptions(settings, ledger=ledger) as client:
                try:
                    await client.payments.purchase(PurchaseRequest.from_json(open(sys.argv[2], "rb").read()))
                except ConfigurationError as error:
                    print(error, gateway.attempts("qwe"))
        # One of its own would work without any lock: SQLite's list of them is inherited, and they are not.
        async with SqliteLedger(path) as own:
            try:
                await claim(own, "in the child")
            except LedgerError as error:
                print(error)
        await ledger.close()
        print("closed")
    asyncio.run(ask())

child(refused)

async def go_on():
    print(isinstance(await claim(ledger, "after"), Claim))
    print(await ledger.find("in the child"))
    await ledger.close()

asyncio.run(go_on())
"""

_MADE_BEFORE: Final = """
path = sys.argv[1]
ledger = SqliteLedger(path)

def used(reference):
    async def ask():
        async with ledger:
            print(isinstance(await claim(ledger, reference), Claim))
    return lambda: asyncio.run(ask())

child(used("one"))
child(used("two"))
used("three")()
"""

_LEFT_OPEN: Final = """
path = sys.argv[1]
ledger = SqliteLedger(path)

async def ask():
    print(isinstance(await claim(ledger, "ref"), Claim))
    if sys.argv[3] == "busy":
        # Handed over, and not waited for.
        for number in range(100):
            ledger._commits.submit(lambda file: None)

asyncio.run(ask())
if sys.argv[3] == "dropped":
    del ledger
print("done")
"""

_POSTGRES_LEFT_OPEN: Final = """
from paymentoptions_async import PostgresLedger

async def ask():
    ledger = PostgresLedger(sys.argv[1])
    print(isinstance(await claim(ledger, "ref"), Claim))
    # Once all connections stand: psycopg's pool swallows a cancel that finds it connecting, and stays for ever.
    while (told := ledger._pool.get_stats())["pool_available"] < told["pool_size"]:
        await asyncio.sleep(0.01)
    # In the middle of something.
    asyncio.get_running_loop().create_task(ledger._run(lambda server: server.execute("SELECT pg_sleep(60)")))
    await asyncio.sleep(0.1)

asyncio.run(ask())
print("done")
"""


def run(code: str, *arguments: str) -> list[str]:
    """The lines that a process of its own prints. It must end by itself, in time and in order."""
    sample = Path(__file__).parent.parent / "samples" / "purchase.request.json"
    path, *others = arguments
    command = [sys.executable, "-W", "default", "-c", _COMMON + code, path, str(sample), *others]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stdout.splitlines()


def test_a_ledger_that_was_in_use_before_a_fork_says_so_in_the_child_and_goes_on_in_the_parent(tmp_path: Path) -> None:
    told = "the ledger was in use before this process was forked: use it after that only"
    file = "the ledger charges.db was in use when this process was forked: use it after that only"
    assert run(_USED_BEFORE, str(tmp_path / "charges.db")) == [
        told, told, f"{told} 0", file, "closed", "True", "None",
    ]  # fmt: skip


def test_a_ledger_that_was_made_before_a_fork_and_is_used_after_it_works_everywhere(tmp_path: Path) -> None:
    assert run(_MADE_BEFORE, str(tmp_path / "charges.db")) == ["True"] * 3


@pytest.mark.parametrize("how", ["idle", "busy", "dropped"])
def test_a_process_ends_though_its_ledger_was_not_closed(tmp_path: Path, how: str) -> None:
    path = tmp_path / "charges.db"
    assert run(_LEFT_OPEN, str(path), how) == ["True", "done"]
    # What was promised is there.
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT state FROM charge WHERE merchant_txn_ref = 'ref'").fetchone() == ("sending",)


def test_a_process_ends_though_its_server_is_busy(postgres_dsn: str) -> None:
    assert run(_POSTGRES_LEFT_OPEN, postgres_dsn) == ["True", "done"]
