"""Applies every fault in a copy, and says which instrument sees it."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .table import CONTROL, MUTANTS, Mutant

_ROOT: Final = Path(__file__).parents[2]
_PYTEST: Final = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--timeout=60")
_INSTRUMENTS: Final = {
    "simulation": ("-m", "tests.simulation", "--seeds", "0:1500", "--jobs", "1"),
    "agreement": (*_PYTEST, "tests/test_agreement.py"),
    "unit": (
        *_PYTEST, "tests/test_verdict.py", "tests/test_charging.py", "tests/test_promise.py", "tests/test_recording.py",
        "tests/test_reconciling.py", "tests/test_redaction.py", "tests/test_logs.py", "tests/transport",
        "tests/webhooks", "tests/resources", "tests/failures/test_cancel.py", "tests/failures/test_unrecorded.py",
        "tests/ledger",
    ),
    "leaks": (*_PYTEST, "tests/leaks/test_answers.py", "tests/leaks/test_lines.py"),
    "torture": (*_PYTEST, "tests/torture/test_kill.py", "tests/torture/test_points.py"),
}  # fmt: skip


def patched(mutant: Mutant) -> str:
    """The text of its file with the fault in it.

    Raises:
        ValueError: The file has changed, so that the place is not to be found.
    """
    text = (_ROOT / "paymentoptions_async" / mutant.file).read_text()
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: {mutant.file} does not hold its place once any more")
    return text.replace(mutant.old, mutant.new)


@contextmanager
def copy_of(mutant: Mutant) -> Iterator[Path]:
    """A copy of the package and its tests with the fault in it."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for part in ("paymentoptions_async", "tests", "examples"):
            shutil.copytree(_ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", "README.md"):
            shutil.copy(_ROOT / part, root / part)
        (root / "paymentoptions_async" / mutant.file).write_text(patched(mutant))
        yield root


def sees(root: Path, command: tuple[str, ...], seconds: float) -> str:
    """Whether an instrument fails on a copy."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *command], cwd=root, env=environment, capture_output=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    return "seen" if done.returncode else "-"


def _examine(mutant: Mutant, instruments: list[str], seconds: float) -> dict[str, str]:
    with copy_of(mutant) as root:
        return {name: sees(root, _INSTRUMENTS[name], seconds) for name in instruments}


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--instruments", default=",".join(_INSTRUMENTS), help="some of them, by commas")
    parser.add_argument("--only", default="", help="a part of the name")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=600.0, help="for one instrument on one mutant")
    wanted = parser.parse_args()
    instruments = wanted.instruments.split(",")
    chosen = [mutant for mutant in MUTANTS if wanted.only in mutant.name]
    print("| mutant |", " | ".join(instruments), "|\n|---|" + "---|" * len(instruments), flush=True)
    survivors, caught = 0, Counter[str]()
    if ghosts := [name for name, word in _examine(CONTROL, instruments, wanted.seconds).items() if word != "-"]:
        print(f"where nothing is wrong, these fail: {', '.join(ghosts)}")
        return 2
    with ThreadPoolExecutor(wanted.jobs) as pool:
        for mutant, told in zip(
            chosen, pool.map(lambda one: _examine(one, instruments, wanted.seconds), chosen), strict=True
        ):
            seen = [name for name, word in told.items() if word != "-"]
            caught.update(seen)
            survivors += not seen
            print(f"| {mutant.name} |", " | ".join(told.values()), "|", flush=True)
    print("| all |", " | ".join(str(caught[name]) for name in instruments), "|")
    print(f"\n{len(chosen)} mutants, {survivors} seen by none of these")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
