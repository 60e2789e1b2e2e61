"""A few seeds in every run of the tests, always the same; others by `python -m tests.simulation`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Final

import pytest

_FEW: Final = 150


def simulated(first: int, last: int, **environment: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.simulation.runs", str(first), str(last)]
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("half", [0, 1])
def test_the_promise_holds_whatever_is_drawn(half: int) -> None:
    first = half * _FEW
    told = simulated(first, first + _FEW)
    assert "failed" not in told, f"seed {told['failed']}:\n{told['why']}"
    for outcome in ("Payment", "DeclinedError", "OutcomeUnknownError", "NotSentError", "Challenge"):
        assert told["seen"][outcome] > 0


def test_a_seed_replays_exactly() -> None:
    first = 500
    traces = {simulated(first, first + 20, PYTHONHASHSEED=seed)["trace"] for seed in ("1", "2")}
    assert len(traces) == 1, f"seeds from {first}"
