"""How many kills: a few in every run of the tests, all of them in `nox -s torture`."""

from __future__ import annotations

import os
from typing import Final, NamedTuple


class BatchSize(NamedTuple):
    """How much is done to `batch run`.

    Attributes:
        charges: In the file.
        kills: Of the process.
        longest: Seconds that it charges before it is killed, at the most.
    """

    charges: int
    kills: int
    longest: float


class Sizes(NamedTuple):
    """How much is done.

    Attributes:
        kills: Of a process that is alone, by store.
        kills_of_two: Of one of two processes that share a store, by store.
        charges_of_three_workers: In a batch of which one worker is killed and one frozen.
        batch: On one machine.
        seconds: Which a test may take at the most.
    """

    kills: dict[str, int]
    kills_of_two: dict[str, int]
    charges_of_three_workers: int
    batch: BatchSize
    seconds: int


_SIZES: Final = {
    "small": Sizes({"sqlite": 25, "postgres": 10}, {"sqlite": 4, "postgres": 4}, 300, BatchSize(600, 4, 0.4), 120),
    "full": Sizes(
        {"sqlite": 1000, "postgres": 200}, {"sqlite": 100, "postgres": 50}, 10_000, BatchSize(200_000, 60, 6), 1200
    ),
}

# A word that is not known ends here: nobody believes to have had the full form who has not.
SIZES: Final = _SIZES[os.environ.get("PAYMENTOPTIONS_TORTURE", "small")]
