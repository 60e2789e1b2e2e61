"""Runs many seeds, as many processes at once as wished; ends with the first failure, and says its seed."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, Final

from .runs import run_seeds

# A fresh process for so many: nothing is ever freed of a killed one.
_CHUNK: Final = 200


def _sum(first: int, last: int, jobs: int) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    starts = range(first, last, _CHUNK)
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.simulation.runs"])
    with ProcessPoolExecutor(jobs, context, max_tasks_per_child=1) as pool:
        running = [pool.submit(run_seeds, start, min(start + _CHUNK, last)) for start in starts]
        for chunk in running:
            told = chunk.result()
            if "failed" in told:
                for waiting in running:
                    waiting.cancel()
                return told
            told.pop("trace")
            seen += Counter(told.pop("seen"))
            counts += Counter(told)
    return {**counts, "seen": dict(seen.most_common())}


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", default="0:1000", help="FIRST:LAST, the last one left out")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    first, last = map(int, wanted.seeds.split(":"))
    began = time.perf_counter()
    told = _sum(first, last, wanted.jobs)
    if "failed" in told:
        print(f"seed {told['failed']} failed:\n{told['why']}")
        return 1
    print(json.dumps({**told, "seconds": round(time.perf_counter() - began, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
