"""Batches for the tests: files of charges, and the command on a gateway that is watched."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import Any, Final

import orjson

from paymentoptions_async.sandbox import Sandbox

from ...batch.files import bodies, csv_bytes
from ..processes import Ended, clean_environment, command, environment_of

__all__ = ["DECLINED", "charges", "ended", "entries", "outcomes", "started", "until_charged"]

DECLINED: Final = {"number": "4000000000009995"}


def charges(folder: Path, count: int, *more: dict[str, Any], **changes: Any) -> Path:
    """A CSV file with so many charges."""
    path = folder / "charges.csv"
    path.write_bytes(csv_bytes([*bodies(count, **changes), *more]))
    return path


def entries(path: Path) -> list[dict[str, Any]]:
    """All results in a file."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def outcomes(path: Path) -> Counter[str]:
    """How many, by outcome."""
    return Counter(entry["outcome"] for entry in entries(path))


async def started(gateway: Sandbox, *arguments: object, ledger: Path) -> asyncio.subprocess.Process:
    """The command as a process of its own."""
    return await asyncio.create_subprocess_exec(
        *command("batch", "run", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean_environment(**environment_of(gateway), PAYMENTOPTIONS_LEDGER=str(ledger)),
    )


async def until_charged(gateway: Sandbox, count: int) -> None:
    """Wait until money moved so often."""
    async with asyncio.timeout(20):
        while gateway.total_charges() < count:  # the sandbox has no event for it
            await asyncio.sleep(0.005)


async def ended(process: asyncio.subprocess.Process, *numbers: signal.Signals) -> Ended:
    """Send signals, and wait for the end."""
    for number in numbers:
        process.send_signal(number)
        await asyncio.sleep(0.1)  # two of one kind at once are one
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())
