"""What it takes to begin: the import, and a whole process from its start to its first answer.

    python -m benchmarks.imports

Milliseconds are medians over rounds in which fresh processes take turns, with the quartiles; instructions are
callgrind's (`valgrind`), for the whole process, Python's own among them.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import paymentoptions_async

from .measuring import instructions, server
from .purchase import spread

ROUNDS: Final = 11
IMPORTS: Final = {
    "plain": "import aiohttp, orjson",
    "ours": "import paymentoptions_async",
    "httpx": "import httpx",
    "httpx2": "import httpx2",
    "stripe-httpx": "import stripe, httpx",
    "stripe-aiohttp": "import stripe, aiohttp",
    "square": "from square import AsyncSquare",
    "openai": "from openai import AsyncOpenAI",
}


def imported(statement: str) -> float:
    """Milliseconds of an import, in a fresh process."""
    code = f"import time; t = time.perf_counter(); {statement}; print((time.perf_counter() - t) * 1e3)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def answered(name: str, base_url: str) -> float:
    """Milliseconds of a process that makes one call and ends."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "benchmarks.contenders", name, base_url, "1", "1"], check=True)
    return (time.perf_counter() - begun) * 1e3


def report(imports: Mapping[str, str] = IMPORTS, rounds: int = ROUNDS) -> None:
    """Print the table."""
    # What is installed has its bytecode; a checkout may lack it, and would be compiled anew in every process.
    compileall.compile_dir(Path(paymentoptions_async.__file__).parent, quiet=1)
    importing: dict[str, list[float]] = {name: [] for name in imports}
    answering: dict[str, list[float]] = {name: [] for name in imports}
    with server() as base_url:
        for _ in range(rounds):
            for name, statement in imports.items():
                importing[name].append(imported(statement))
                answering[name].append(answered(name, base_url))
    print("| client | import, ms | start to first answer, ms | import, million instructions |\n|---|---|---|---|")
    print(f"| Python alone | | | {instructions('-c', 'pass') / 1e6:,.0f} |", flush=True)
    for name, statement in imports.items():
        times = f"{spread(importing[name], '{:.0f}')} | {spread(answering[name], '{:.0f}')}"
        print(f"| {name} | {times} | {instructions('-c', statement) / 1e6:,.0f} |", flush=True)


if __name__ == "__main__":
    report()
