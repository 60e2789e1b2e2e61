"""Fuzzes one target or all of them, guided by coverage, and says how far it came. Needs atheris."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import attrs

from .table import TARGETS

__all__ = ["main"]

_STATISTICS: Final = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)")


@attrs.frozen
class _Ended:
    """How one target ended.

    Attributes:
        name: Of the target.
        runs: How many inputs it took.
        coverage: How many places in the package they came through.
        kept: How many inputs were kept since they came through new ones.
        seconds: How long it took.
        fault: What the process said last, where it failed.
    """

    name: str
    runs: int
    coverage: int
    kept: int
    seconds: float
    fault: str | None


def _fuzz(name: str, wanted: argparse.Namespace) -> _Ended:
    began = time.perf_counter()
    artifacts = f"{wanted.artifacts}/{name}-"
    command = [sys.executable, "-m", "tests.fuzzing.guided", name, str(wanted.runs), str(wanted.seed), artifacts]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    told = done.stdout.decode("utf-8", "replace")
    found = _STATISTICS.search(told)
    counted = [int(number) for number in re.findall(r"^#(\d+)", told, re.MULTILINE)]
    runs, coverage, _, kept = map(int, found.groups()) if found else (max(counted, default=0), 0, 0, 0)
    fault = None if done.returncode == 0 and found else told[-6000:]
    return _Ended(name, runs, coverage, kept, time.perf_counter() - began, fault)


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("--target", action="append", choices=TARGETS, help="else all of them")
    parser.add_argument("--runs", type=int, default=20_000, help="inputs for each")
    parser.add_argument("--seed", type=int, default=1, help="the same inputs come again with the same code")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--artifacts", default=tempfile.gettempdir(), help="the folder for an input that failed")
    parser.add_argument("--input", type=Path, help="run one target on this file, and nothing else")
    wanted = parser.parse_args()
    if wanted.input:
        TARGETS[wanted.target[0]].run(wanted.input.read_bytes())
        return 0
    with ThreadPoolExecutor(wanted.jobs) as pool:
        ended = list(pool.map(lambda name: _fuzz(name, wanted), wanted.target or TARGETS))
    for one in ended:
        print(f"{one.name:14} {one.runs:9} inputs, seed {wanted.seed}, {one.seconds:6.0f} s,"
              f" {one.coverage:5} places reached, {one.kept:5} inputs kept")  # fmt: skip
        if one.fault:
            print(f"FAILED:\n{one.fault}")
    print(f"{sum(one.runs for one in ended)} inputs")
    return int(any(one.fault for one in ended))


if __name__ == "__main__":
    sys.exit(main())
