"""`kill -9` in the middle of a purchase, and what the person on duty does then."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async.sandbox import Sandbox

from .conftest import Cli
from .processes import BODY, CARD, Ended, Shell, clean_environment, command

pytestmark = pytest.mark.asyncio

Desk = Callable[..., Coroutine[Any, Any, Ended]]
WORDS = ("--by", "Kim", "--reason", "looked it up")


@pytest.fixture
def desk(cli: Cli) -> Desk:
    """`paymentoptions ledger` in a thread of this process, which serves the gateway meanwhile."""

    def call(shell: Shell, *arguments: str) -> Ended:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in shell.environment.items():
                patch.setenv(name, value)
            return cli("ledger", *arguments)

    async def called(shell: Shell, *arguments: str) -> Ended:
        return await asyncio.to_thread(call, shell, *arguments)

    return called


async def killed(cli: Shell, gateway: Sandbox) -> None:
    """A purchase that dies while the gateway says nothing."""
    process = await asyncio.create_subprocess_exec(
        *command("purchase", BODY),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean_environment(**cli.environment),
    )
    async with asyncio.timeout(20):
        while not gateway.attempts("qwe"):  # the sandbox has no event for it
            await asyncio.sleep(0.01)
    process.kill()
    await process.communicate()


def lease_runs_out(place: Path) -> None:
    """What 90 seconds do."""
    with closing(sqlite3.connect(place)) as file, file:
        assert file.execute("UPDATE charge SET lease_ends = lease_ends - 100").rowcount == 1


async def test_what_never_arrived_is_found_not_charged_and_then_paid_once(desk: Desk, tmp_path: Path) -> None:
    place = tmp_path / "ledger.db"
    async with Sandbox(faults=["hang:after_read"]) as gateway:
        cli = Shell(gateway, place)
        await killed(cli, gateway)

        in_use = await cli("purchase", BODY, "--json")
        assert (in_use.code, in_use.result["outcome"]) == (3, "in_use")
        assert in_use.result["money"] == "not touched by this call"
        assert in_use.result["error"]["lease_ends"]
        # It is being charged, as far as anybody can tell: no alarm yet.
        assert (await desk(cli, "list")).code == 0

        lease_runs_out(place)
        unknown = await cli("purchase", BODY)
        assert unknown.code == 3
        assert unknown.out.startswith("UNKNOWN. Money: may have moved.")
        listed = await desk(cli, "list", "--json")
        assert listed.code == 3
        assert (listed.result["merchant_txn_ref"], listed.result["state"]) == ("qwe", "unknown")

        assert (await desk(cli, "resolve", "qwe", "--not-charged", *WORDS)).code == 2
        settled = await desk(cli, "resolve", "qwe", "--not-charged", "--yes", *WORDS)
        assert settled.code == 0
        assert "The next call with this reference or key will be sent" in settled.out
        paid = await cli("purchase", BODY, "--json")
        again = await cli("purchase", BODY)
        assert (paid.code, again.code, gateway.charges("qwe")) == (0, 0, 1)
        assert paid.result["payment"]["replayed"] is False
        assert "replayed" in again.out
        for ended in (in_use, unknown, listed, settled, paid, again):
            assert CARD not in ended.out + ended.err


async def test_what_did_arrive_is_resolved_as_paid_and_never_sent_again(desk: Desk, tmp_path: Path) -> None:
    place = tmp_path / "ledger.db"
    async with Sandbox(faults=["hang:after_commit"]) as gateway:
        cli = Shell(gateway, place)
        await killed(cli, gateway)
        lease_runs_out(place)
        assert (await cli("purchase", BODY)).code == 3
        paid = await desk(cli, "resolve", "qwe", "--paid", "--transaction-id", "tx-1", *WORDS)
        assert paid.code == 0
        again = await cli("purchase", BODY, "--json")
        assert (again.code, again.result["payment"]["transaction_id"]) == (0, "tx-1")
        assert (gateway.charges("qwe"), gateway.attempts("qwe")) == (1, 1)


async def test_no_command_shows_a_card_number_that_the_gateway_echoes(desk: Desk, tmp_path: Path) -> None:
    async with Sandbox(echo_card="full") as gateway:
        cli = Shell(gateway, tmp_path / "ledger.db")
        assert (await cli("purchase", BODY)).code == 0
        for arguments in (("show", "qwe"), ("show", "qwe", "--json"), ("export",), ("export", "--csv")):
            ended = await desk(cli, *arguments)
            assert ended.code == 0
            assert "520000******1005" in ended.out
            assert CARD not in ended.out + ended.err
        assert CARD.encode() not in (tmp_path / "ledger.db").read_bytes()


async def test_a_purchase_is_remembered_in_postgresql(desk: Desk, tmp_path: Path, postgres_dsn: str) -> None:
    async with Sandbox() as gateway:
        cli = Shell(gateway, tmp_path)
        cli.environment["PAYMENTOPTIONS_LEDGER"] = postgres_dsn
        first = await cli("purchase", BODY, "--json")
        again = await cli("purchase", BODY, "--json")
        assert [each.result["payment"]["replayed"] for each in (first, again)] == [False, True]
        assert gateway.charges("qwe") == 1
        listed = await desk(cli, "list", "--all", "--json")
        assert json.loads(listed.out)["state"] == "paid"
        assert "ok       ledger: PostgreSQL" in (await cli("doctor")).out


async def test_asking_about_all_tells_what_cannot_be_asked(desk: Desk, tmp_path: Path) -> None:
    async with Sandbox(faults=["reset:after_commit"]) as gateway:
        cli = Shell(gateway, tmp_path / "ledger.db")
        nothing = await desk(cli, "resolve", "--ask", "--all")
        assert (nothing.code, "no ledger at" in nothing.err) == (1, True)
        assert (await cli("purchase", BODY)).code == 3
        assert (await cli("purchase", BODY, "--ref", "unclear", "--amount", "9000068")).code == 3
        asked = await desk(cli, "resolve", "--ask", "--all", "--json")
        assert (asked.code, asked.result["merchant_txn_ref"], asked.result["state"]) == (3, "unclear", "paid")
        assert asked.err == "Error: 1 unknown without a transaction id: look them up in the gateway's portal\n"
        assert (await desk(cli, "resolve", "--ask", "nobody")).code == 1
        assert (await desk(cli, "resolve", "qwe", "--declined", *WORDS)).code == 0
        nothing = await desk(cli, "resolve", "--ask", "--all")
        assert (nothing.code, nothing.out, nothing.err) == (0, "", "Error: nothing is unknown\n")
