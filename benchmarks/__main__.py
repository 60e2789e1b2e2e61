"""Measure all, or the parts that are named, and write the tables into `RESULTS.md`.

    python -m benchmarks                   # all of it, most of an hour
    python -m benchmarks purchase memory   # these

Each part is a module of its own that prints its tables. They stand in `RESULTS.md` between a comment with the part's
command and `<!-- end -->`, below when and under what load they were made; the text around them is written by hand.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
PARTS: Final = ("machine", "purchase", "memory", "imports", "instructions", "ledger", "batch", "testing")


def measured(part: str) -> str:
    """What it prints, below a line that says how it came about."""
    begun, before = datetime.now(UTC), os.getloadavg()[0]
    command = [sys.executable, "-m", f"benchmarks.{part}"]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    after = os.getloadavg()[0]
    load = f"load average {before:.1f} before it, {after:.1f} after it"
    return f"`python -m benchmarks.{part}` on {begun:%Y-%m-%d} at {begun:%H:%M} UTC; {load}.\n\n{told}"


def replaced(page: str, part: str, block: str) -> str:
    """The page with another block for that part.

    Raises:
        ValueError: The page has no place for it, or several.
    """
    begin, end = f"<!-- python -m benchmarks.{part} -->\n", "\n<!-- end -->"
    pattern = re.compile(f"({re.escape(begin)}).*?({re.escape(end)})", re.DOTALL)
    written, count = pattern.subn(lambda found: f"{found[1]}\n{block}\n{found[2]}", page)
    if count != 1:
        raise ValueError(f"benchmarks.{part}: {count} places in the page, not one")
    return written


def main(parts: list[str]) -> None:
    """Each part is written as soon as it is done."""
    for part in parts or PARTS:
        print(f"benchmarks.{part} ...", flush=True)
        block = measured(part)
        RESULTS.write_text(replaced(RESULTS.read_text(), part, block))


if __name__ == "__main__":
    main(sys.argv[1:])
