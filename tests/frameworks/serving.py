"""A shop as a process of its own, which can be ended in any way and opened again at the same address."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import aiohttp
import attrs

from paymentoptions_async import SqliteLedger, State
from paymentoptions_async.cli.notice import credentials
from paymentoptions_async.sandbox import Sandbox

from .apps import App

__all__ = ["SECRETS", "Shop", "environment_of", "opened"]

ROOT: Final = Path(__file__).parents[2]
SECRETS: Final = {
    "PAYMENTOPTIONS_LEDGER_SECRET": "a secret of the shop's ledger",
    "PAYMENTOPTIONS_WEBHOOK_SECRET": "a secret of the shop's webhooks",
}

# Seconds in which a server has to be there, or to be gone.
_PATIENCE: Final = 30.0

# How a server ends that was asked to, by itself or by the signal that it passes on to itself at last.
_GONE_AS_ASKED: Final = (0, -signal.SIGTERM, 128 + signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@attrs.define
class Shop:
    """The shop, open or closed.

    Attributes:
        app: How it is served.
        folder: Where it keeps its ledger and its log.
        environment: What it is told beside its own address.
        port: Where it listens.
    """

    app: App
    folder: Path
    environment: Mapping[str, str]
    port: int = attrs.field(factory=_free_port)
    _process: Process | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """All that it has written, over all its lives."""
        return self.folder / "shop.log"

    async def open(self) -> None:
        """Start its server, and wait until that answers."""
        process = await self.start()
        async with aiohttp.ClientSession() as session, asyncio.timeout(_PATIENCE):
            while process.returncode is None:
                with suppress(aiohttp.ClientConnectionError):
                    async with session.get(self.url) as answer:
                        assert answer.status == 200
                        return
                await asyncio.sleep(0.02)
        raise AssertionError(f"the shop did not open:\n{self.log.read_text()}")

    async def start(self) -> Process:
        """Start its server, come what may."""
        own = {"SHOP_URL": self.url, "SHOP_PORT": str(self.port), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.app.words(self.port),
                cwd=self.folder,
                env={**os.environ, **self.environment, **own},
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that its workers go with it
            )
        return self._process

    async def close(self) -> None:
        """Ask its server to end, as every supervisor does."""
        assert self._process is not None
        self._process.terminate()
        async with asyncio.timeout(_PATIENCE):
            code = await self._process.wait()
        assert code in _GONE_AS_ASKED, f"exit code {code}:\n{self.log.read_text()}"

    async def kill(self) -> None:
        """End its server and the server's workers by force."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def states(self) -> dict[str, State]:
        """What its ledger says, by reference."""
        async with SqliteLedger(self.folder / "shop.db") as ledger:
            return {record.merchant_txn_ref: record.outcome.state async for record in ledger.records()}


@asynccontextmanager
async def opened(app: App, folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Shop]:
    """An open shop. Nothing of it outlives the block."""
    shop = Shop(app, folder, environment)
    try:
        await shop.open()
        yield shop
    finally:
        await shop.kill()


def environment_of(gateway: Sandbox) -> dict[str, str]:
    """What a shop is told of a sandbox of this process."""
    return {**credentials(gateway)["environment"], **SECRETS}
