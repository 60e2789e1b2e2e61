"""Some seeds, one after the other, in this process: `python -m tests.simulation.runs FIRST LAST`."""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from collections import Counter
from hashlib import sha256
from typing import Any

from .workload import draw_scenario
from .world import run_scenario

__all__ = ["run_seeds"]


def run_seeds(first: int, last: int) -> dict[str, Any]:
    """Run the seeds from `first` to below `last`, as far as the first failure."""
    gc.disable()
    kept = []  # what a killed process has left is never cleaned up: that would run its `finally`
    seen: Counter[str] = Counter()
    trace = sha256()
    purchases = sendings = 0
    for seed in range(first, last):
        try:
            world = run_scenario(draw_scenario(seed))
        except BaseException:  # noqa: BLE001  # whatever ends it is a failure of this seed
            return {"failed": seed, "why": traceback.format_exc()}
        kept.append(world)
        trace.update(f"{world.history.sendings} {world.history.calls} {world.loop.now} {world.loop.steps}".encode())
        seen += world.checker.seen
        purchases += sum(call.is_charge and call.result is not None for call in world.history.calls)
        sendings += len(world.history.sendings)
    return {
        "seeds": last - first,
        "purchases": purchases,
        "sendings": sendings,
        "seen": seen,
        "trace": trace.hexdigest(),
    }


if __name__ == "__main__":
    print(json.dumps(run_seeds(*map(int, sys.argv[1:]))), flush=True)
    # Without the interpreter's own end, which would collect what is kept.
    os._exit(0)
