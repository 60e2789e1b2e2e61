"""Where something of a charge stays, all cards in one run: files, tables, pages, a command's output and a tracker."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from paymentoptions_async import PaymentOptions, PaymentOptionsError, PostgresLedger, SqliteLedger
from paymentoptions_async.cluster import submit
from paymentoptions_async.models.wire import request_body
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.rules import TEST_CARDS

from ..cli.processes import Shell, clean_environment, command, environment_of
from ..cluster.charges import SECRET, dump, sealer, source_of
from ..cluster.workers import until_done, working
from ..failures.servers import Server, server
from ..helpers import FAST
from ..sandbox.calls import HEADERS, PREFIX
from .numbers import CVC, NUMBERS, Number, order
from .search import kept, leaks, rows_of
from .shop import MARK

ROOT: Final = Path(__file__).parents[2]
ACCEPTED: Final = [number for number in NUMBERS if number.is_accepted]
REFERENCES: Final = {number: f"{MARK}-{turn}" for turn, number in enumerate(NUMBERS)}


def body(number: Number, **changes: Any) -> dict[str, Any]:
    """What goes over the wire."""
    content: dict[str, Any] = json.loads(request_body(order(number, REFERENCES[number], **changes), "m").content)
    return content


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def charge_all(client: PaymentOptions) -> None:
    for number in NUMBERS:
        for _ in range(2):  # the second reads what the first has left
            try:
                await client.payments.purchase(order(number, REFERENCES[number]))
            except PaymentOptionsError:
                continue


@pytest.mark.asyncio
async def test_no_file_of_a_ledger_and_none_of_the_sandbox_shows_a_card(tmp_path: Path) -> None:
    async with Sandbox(echo_card="full", database=tmp_path / "sandbox.db") as gateway:
        settings = gateway.settings(ledger_secret=SECRET, timeouts=FAST, log_level="critical")
        async with SqliteLedger(tmp_path / "ledger.db") as ledger, PaymentOptions(settings, ledger=ledger) as client:
            await charge_all(client)
            in_use = await asyncio.to_thread(contents, tmp_path)
    assert {"ledger.db", "ledger.db-wal", "sandbox.db", "sandbox.db-wal"} <= in_use.keys()
    for content in (*in_use.values(), *(await asyncio.to_thread(contents, tmp_path)).values()):
        assert kept(content, *NUMBERS) == []
    assert in_use["ledger.db-wal"].count(MARK.encode()) > len(ACCEPTED)
    assert in_use["sandbox.db-wal"].count(MARK.encode()) > len(ACCEPTED)


@pytest.mark.asyncio
async def test_no_page_of_the_sandbox_shows_a_card_whatever_it_was_sent() -> None:
    shown: list[str] = []
    async with Sandbox() as gateway, aiohttp.ClientSession(gateway.base_url) as session:
        for number in NUMBERS:
            changes = {"time_zone": f"zone {number.reveal()}"} if number.has_check_digit else {}
            for path in ("/payment", "/paymentv2", "/hpp/generate/link"):
                async with session.post(PREFIX + path, json=body(number, **changes), headers=HEADERS) as answer:
                    told = await answer.json()
                if target := told.get("redirect_url") or told.get("url"):
                    async with session.get(target) as page:
                        shown.append(await page.text())
            async with session.get(f"/references/{REFERENCES[number]}") as page:
                shown.append(await page.text())
        for path in ("/", "/?lang=ja", f"/?search={MARK}"):
            async with session.get(path) as page:
                shown.append(await page.text())
    assert "".join(shown).count(MARK) > len(NUMBERS)
    listed = {card.number for card in TEST_CARDS}  # which the page offers to be used
    assert leaks("\n".join(shown), *(one for one in NUMBERS if one.reveal() not in listed)) == []


@pytest.fixture(scope="module")
def talkative() -> Iterator[Server]:
    """A PostgreSQL server that writes every statement into its log, with all values."""
    with server() as running:
        running.run(
            "ALTER SYSTEM SET log_statement = 'all'", "ALTER SYSTEM SET log_min_duration_statement = 0",
            "ALTER SYSTEM SET wal_compression = off", "SELECT pg_reload_conf()",
        )  # fmt: skip
        yield running


@pytest.mark.asyncio
async def test_no_table_and_no_log_of_postgresql_shows_a_card(talkative: Server) -> None:
    dsn = talkative.schema()
    bodies = [body(number, merchant_txn_ref=f"batch-{REFERENCES[number]}") for number in ACCEPTED]
    async with Sandbox(echo_card="full") as gateway:
        settings = gateway.settings(ledger_secret=SECRET, timeouts=FAST, log_level="critical")
        async with PostgresLedger(dsn) as ledger, PaymentOptions(settings, ledger=ledger) as client:
            await charge_all(client)
        await asyncio.to_thread(lambda: submit(dsn, source_of(bodies), sealer(), name="leaks"))
        waiting = await asyncio.to_thread(dump, dsn)
        async with working(dsn, gateway):
            await until_done(dsn)
    tables = await asyncio.to_thread(dump, dsn)
    files = await asyncio.to_thread(contents, Path(talkative.data))
    log = files["log"].decode("utf-8", "replace")
    assert waiting.count("(sealed)") >= len(ACCEPTED)
    assert tables.count(MARK) > 3 * len(ACCEPTED)
    assert log.count(MARK) > 10 * len(ACCEPTED)
    for told in (waiting, tables, log):
        assert leaks(told, *NUMBERS) == []
    everything = rows_of(b"\n".join(files.values()))
    assert not [number for number in NUMBERS if number.reveal() in everything]


@pytest.mark.asyncio
async def test_no_output_and_no_file_of_the_commands_shows_a_card(tmp_path: Path) -> None:
    given = tmp_path / "charges.jsonl"
    given.write_text("".join(json.dumps(body(number)) + "\n" for number in NUMBERS))
    made = tmp_path / "made"
    made.mkdir()
    async with Sandbox(echo_card="full", faults=["reset:after_commit", "garbage", "503:before_commit"]) as gateway:
        shell = Shell(gateway, made / "ledger.db")
        ended = [
            await shell("batch", "run", given, "--results", made / "results.jsonl", "--skip-bad", "--verbose"),
            await shell("ledger", "list", "--json"),
            await shell("purchase", "-", "--verbose", stdin=json.dumps(body(NUMBERS[0]))),
            await shell("purchase", "-", "--json", stdin=json.dumps(body(NUMBERS[2]))),
        ]
    told = "".join(f"{one.out}{one.err}" for one in ended)
    files = contents(made)
    assert {"results.jsonl", "ledger.db"} <= files.keys()
    assert told.count(MARK) > len(ACCEPTED)
    assert files["results.jsonl"].count(MARK.encode()) == len(NUMBERS)
    assert leaks(told, *NUMBERS) == []
    for name, content in files.items():
        look = kept if name.startswith("ledger") else leaks
        assert look(content, *NUMBERS) == []


@pytest.mark.asyncio
async def test_no_argument_of_a_command_shows_a_card_that_comes_by_stdin_or_by_the_environment() -> None:
    card = {"PAYMENTOPTIONS_CARD_NUMBER": NUMBERS[0].reveal(), "PAYMENTOPTIONS_CARD_CVC": CVC}
    async with Sandbox(latency=30) as gateway:
        environment = clean_environment(**environment_of(gateway), **card, PAYMENTOPTIONS_LEDGER="")
        shown = await asyncio.to_thread(_arguments_of, gateway, command("purchase", "--sandbox", "--json"), environment)
    assert "purchase" in shown
    assert leaks(shown, *NUMBERS) == []


def _arguments_of(gateway: Sandbox, arguments: list[str], environment: dict[str, str]) -> str:
    """What everybody on the machine can read of a process and its threads."""
    shown = ""
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            for path in Path(f"/proc/{process.pid}").glob("task/*/c[om][dm]*"):
                try:
                    shown += path.read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
            time.sleep(0.05)
        assert process.returncode == 0
    return shown


@pytest.mark.asyncio
async def test_nothing_that_sentry_would_send_shows_a_card() -> None:
    async with Sandbox(echo_card="full") as gateway:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.leaks.tracker", cwd=ROOT, env=clean_environment(**environment_of(gateway)),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
    assert process.returncode == 0, err[-2000:]
    assert out.count(MARK.encode()) > 3 * len(NUMBERS)
    assert b'"vars"' in out
    assert leaks(out, *NUMBERS) == []
