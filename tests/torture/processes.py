"""Real processes, each of which is started in a few milliseconds and ended by force if need be."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from . import charger
from .charger import Job

KILLED: Final = -signal.SIGKILL
CUT_OFF: Final = -signal.SIGXFSZ
"""Killed by the kernel in the middle of writing a file."""

_PATIENCE: Final = 60.0
_ROOT: Final = str(Path(__file__).parents[2])

# A server that has everything loaded and forks: no thread and nothing that is open comes from here.
_processes: Final = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([charger.__name__])


class Life:
    """A process that was started.

    Attributes:
        seconds: How long it lived, once it has ended.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.seconds = 0.0
        self._process = _processes.Process(target=charger.live, args=(job,), daemon=True)
        self._process.start()
        self._started = time.monotonic()
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._process.sentinel, self._end)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self.seconds = time.monotonic() - self._started
        self._ended.set()

    async def killed_after(self, seconds: float) -> bool:
        """Let it live for so long. Whether that was not to its end."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            self._process.kill()
        return await self.end() == KILLED

    async def end(self) -> int:
        """How it ended, which it does by itself. It has said nothing."""
        async with asyncio.timeout(_PATIENCE):
            await self._ended.wait()
        self._process.join()
        code = self._process.exitcode
        troubles = self.job.troubles.read_text() if self.job.troubles.exists() else ""
        assert code in (0, KILLED, CUT_OFF), f"exit code {code}: {troubles}"
        assert not troubles
        return code

    async def destroy(self) -> None:
        """Whatever has happened, it is gone after this."""
        self._process.kill()
        await self._ended.wait()
        self._process.join()
        self._process.close()


@asynccontextmanager
async def started(job: Job) -> AsyncIterator[Life]:
    """A process that does a job. It does not outlive the block."""
    if _ROOT not in sys.path:
        # Also where pytest was not started as `python -m pytest`, the process is to find this module.
        sys.path.append(_ROOT)
    life = Life(job)
    try:
        yield life
    finally:
        await life.destroy()
