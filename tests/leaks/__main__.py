"""Measures how much is masked that is no card number: `python -m tests.leaks`, with a count and a seed if wanted."""

from __future__ import annotations

import sys

from .readable import KINDS, share_of

if __name__ == "__main__":
    count, seed = (int(given) for given in (*sys.argv[1:3], *("100000", "20261124")[len(sys.argv) - 1 :]))
    print(f"{count} of each kind, seed {seed}: masked")
    for name, kind in KINDS.items():
        print(f"{share_of(kind, count, seed):9.4%}  {name}")
