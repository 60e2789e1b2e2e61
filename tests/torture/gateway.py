"""A gateway in a process of its own, slow and faulty, that hands out its books in the end.

    python -m tests.torture.gateway SEED BOOKS

It prints what a client has to be told, and ends with its input. Then the file of the books says how often each
reference was charged.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

import attrs

from paymentoptions_async.cli.notice import credentials
from paymentoptions_async.sandbox import Sandbox, WebhookPolicy
from paymentoptions_async.sandbox.faults import FAULT_KINDS, Fault

_ROOT: Final = Path(__file__).parents[2]
_FAULT_RATE: Final = 0.05
_LATENCY: Final = (0.005, 0.06)

# All but those that hang: a charge would wait for its deadline, and the test with it.
_FAULTS: Final = tuple(Fault(kind, at) for kind, row in FAULT_KINDS.items() if kind != "hang" for at in row.positions)


@attrs.define
class RemoteGateway:
    """That process, seen from here.

    Attributes:
        environment: What a client has to be told.
    """

    environment: dict[str, str]
    _process: subprocess.Popen[str]
    _books: Path

    def close_books(self) -> Counter[str]:
        """End it. How often each reference was charged."""
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0
        return Counter(json.loads(self._books.read_bytes()))


@contextmanager
def gateway(seed: int, folder: Path) -> Iterator[RemoteGateway]:
    """The process, as long as the block lasts.

    Args:
        seed: Of its latencies and faults.
        folder: For its books.
    """
    books = folder / "books.json"
    command = [sys.executable, "-W", "error", "-m", "tests.torture.gateway", str(seed), str(books)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield RemoteGateway(json.loads(process.stdout.readline()), process, books)
        finally:
            process.kill()


async def _serve(seed: int, books: Path) -> None:
    rng = Random(seed)
    sandbox = Sandbox(
        latency=lambda: rng.uniform(*_LATENCY),
        faults=lambda: rng.choice(_FAULTS) if rng.random() < _FAULT_RATE else None,
        webhooks=WebhookPolicy(enabled=False),
    )
    async with sandbox:
        print(json.dumps(credentials(sandbox)["environment"]), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        written = json.dumps({reference: sandbox.charges(reference) for reference in sandbox.references()})
    await asyncio.to_thread(books.write_text, written)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
