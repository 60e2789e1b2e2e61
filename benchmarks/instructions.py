"""Instructions of a purchase, ours and the baseline's, counted by callgrind.

    python -m benchmarks.instructions

They hardly depend on what else the machine does. Needs `valgrind`, and takes ten minutes.
"""

from __future__ import annotations

from typing import Final

from .contenders import BASELINE, OURS
from .measuring import instructions_of_call, server

CONCURRENCIES: Final = (1, 64, 256)


def report() -> None:
    """Print the table."""
    print("| in flight | client | 1000 instructions | times plain |\n|---|---|---|---|")
    with server() as base_url:
        for concurrency in CONCURRENCIES:
            base = 0.0
            for name in (BASELINE, *OURS):
                told = instructions_of_call("benchmarks.contenders", name, base_url, str(concurrency))
                base = base or told
                print(f"| {concurrency} | {name} | {told:.0f} | {told / base:.2f} |", flush=True)


if __name__ == "__main__":
    report()
