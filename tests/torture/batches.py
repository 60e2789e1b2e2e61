"""A file of charges, and `paymentoptions batch run` on it as process after process."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import attrs
import orjson

from ..cli.processes import BODY, clean_environment, command

AT_ONCE: Final = 32
"""Charges under way in a process."""

_DECLINED: Final = "4000000000009995"
_DECLINED_EVERY: Final = 20
_LOOK_EVERY: Final = 0.01
_EARLY: Final = 0.2


def reference(line: int) -> str:
    """Of a line of the file."""
    return f"line-{line:06}"


def is_declined(line: int) -> bool:
    """Whether the issuer says no to it."""
    return line % _DECLINED_EVERY == 0


def write_charges(path: Path, count: int) -> None:
    """Write a file with so many lines.

    Args:
        path: JSONL.
        count: How many.
    """
    body = orjson.loads(BODY.read_bytes())
    declined = {**body, "card": {**body["card"], "number": _DECLINED}}
    with path.open("wb") as file:
        for line in range(1, count + 1):
            file.write(orjson.dumps((declined if is_declined(line) else body) | {"merchant_txn_ref": reference(line)}))
            file.write(b"\n")


class Moment(NamedTuple):
    """When a process is killed.

    Attributes:
        seconds: From then on.
        of_result: Whether it counts from the first result that it writes, else from its start.
    """

    seconds: float
    of_result: bool

    @classmethod
    def draw(cls, rng: Random, longest: float) -> Moment:
        """Mostly while it charges; now and then before that."""
        if rng.random() < _EARLY:
            return cls(rng.uniform(0, 1), of_result=False)
        return cls(rng.uniform(0, longest), of_result=True)


@attrs.define
class Runner:
    """The command on one file.

    Attributes:
        folder: Where the file is, and all that is made of it.
        environment: What a client of the gateway has to be told.
        lives: How many processes there were.
        peak: The most memory that any of them held at a time, in KiB.
        told: What the one said that came to its end.
    """

    folder: Path
    environment: Mapping[str, str]
    lives: int = 0
    peak: int = 0
    told: dict[str, Any] = attrs.field(factory=dict)

    @property
    def charges(self) -> Path:
        """The file."""
        return self.folder / "charges.jsonl"

    @property
    def results(self) -> Path:
        """What it writes as it goes."""
        return self.folder / "charges.results.jsonl"

    @property
    def ledger(self) -> Path:
        """Where it remembers."""
        return self.folder / "charges.db"

    async def live(self, moment: Moment | None) -> bool:
        """Start it, and kill it.

        Args:
            moment: When. `None` spares it.

        Returns:
            Whether it was killed.
        """
        self.lives += 1
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            process = await asyncio.create_subprocess_exec(
                *command("batch", "run", self.charges, "--concurrency", AT_ONCE, "--quiet", "--json"),
                stdout=out,
                stderr=err,
                env=clean_environment(**self.environment, PAYMENTOPTIONS_LEDGER=str(self.ledger)),
            )
            try:
                return await self._watch(process, moment)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    async def _watch(self, process: asyncio.subprocess.Process, moment: Moment | None) -> bool:
        written, since = self._written(), time.monotonic()
        waits = moment is not None and moment.of_result
        while process.returncode is None:
            self.peak = max(self.peak, _peak_of(process.pid))
            if waits and self._written() > written:
                waits, since = False, time.monotonic()
            if moment is not None and not waits and time.monotonic() - since >= moment.seconds:
                process.kill()
                await process.wait()
                return True
            await asyncio.sleep(_LOOK_EVERY)
        out, err = (self.folder / "out").read_text(), (self.folder / "err").read_text()
        assert process.returncode in (0, 1, 3), err
        self.told = json.loads(out)
        return False

    def _written(self) -> int:
        return self.results.stat().st_size if self.results.exists() else 0

    def entries(self) -> Iterator[dict[str, Any]]:
        """All results, as they stand in the file."""
        with self.results.open("rb") as file:
            yield from map(orjson.loads, file)


def _peak_of(process: int) -> int:
    """The most that it has held, by the kernel's word. That of its parent would count into what `wait` tells."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
