"""What the fixtures of the pytest plugin cost.

    python -m benchmarks.testing

* how long a sandbox, and a client of it, take to start and to end, in one process after another had them already;
* what a test pays for asking for them, by runs of pytest over many empty tests that import the package;
* what a run of pytest pays that asks for none: the import of the plugin, in fresh processes.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.testing import quick_client

STARTS: Final = 100
TESTS: Final = 200
ROUNDS: Final = 5
PROCESSES: Final = 15
IMPORT: Final = (
    "import sys, time, pytest; begun = time.perf_counter(); import {};"
    " sys.stdout.write(str((time.perf_counter() - begun) * 1000))"
)
EMPTY: Final = """
import pytest
import paymentoptions_async.testing

@pytest.mark.asyncio
@pytest.mark.parametrize("number", range({tests}))
async def test_nothing(number{fixtures}): ...
"""


async def life() -> tuple[float, float]:
    """Milliseconds to start, and to end."""
    begun = time.perf_counter()
    gateway = Sandbox()
    await gateway.start()
    client = quick_client(gateway)
    started = time.perf_counter()
    await client.close()
    await gateway.close()
    return (started - begun) * 1000, (time.perf_counter() - started) * 1000


async def lives() -> None:
    first, _ = await life()
    starts, ends = zip(*[await life() for _ in range(STARTS)], strict=True)
    print(f"* a sandbox and a client of it start for the first time in a process: {first:.1f} ms")
    print(
        f"* then, medians of {STARTS}: they start in {median(starts):.2f} ms, and end in {median(ends):.2f} ms",
        flush=True,
    )


def imported(module: str) -> float:
    """Milliseconds to import it beside pytest, in fresh processes."""
    command = [sys.executable, "-c", IMPORT.format(module)]
    return median(float(subprocess.check_output(command)) for _ in range(PROCESSES))


def seconds(folder: Path, fixtures: str) -> float:
    """CPU time that pytest takes for the empty tests."""
    (folder / "test_empty.py").write_text(EMPTY.format(tests=TESTS, fixtures=fixtures))
    flags = ["-q", "-o", "asyncio_default_fixture_loop_scope=function", "-p", "no:cacheprovider"]
    begun = _cpu()
    subprocess.run([sys.executable, "-m", "pytest", *flags], cwd=folder, check=True, capture_output=True)
    return _cpu() - begun


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def runs() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        turns = [(seconds(folder, ""), seconds(folder, ", gateway, payments")) for _ in range(ROUNDS)]
    without, asking = (median(turn) for turn in zip(*turns, strict=True))
    print(f"* {TESTS} empty tests: {without:.2f} s of CPU time, asking for `gateway` and `payments` {asking:.2f} s,")
    print(f"  so {(asking - without) / TESTS * 1000:.2f} ms more for each")


if __name__ == "__main__":
    asyncio.run(lives())
    runs()
    for name in ("_paymentoptions_pytest", "paymentoptions_async"):
        print(f"* import of `{name}` beside pytest: {imported(name):.2f} ms")
