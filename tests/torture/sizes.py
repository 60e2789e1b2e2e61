"""How many kills: a few in every run of the tests, all of them in `nox -s torture`."""

from __future__ import annotations

import os
from typing import Final, NamedTuple


class Sizes(NamedTuple):
    """How much is done.

    Attributes:
        kills: Of a process that is alone, by store.
        kills_of_two: Of one of two processes that share a store, by store.
        seconds: Which a test may take at the most.
    """

    kills: dict[str, int]
    kills_of_two: dict[str, int]
    seconds: int


_SIZES: Final = {
    "small": Sizes({"sqlite": 25, "postgres": 10}, {"sqlite": 4, "postgres": 4}, 120),
    "full": Sizes({"sqlite": 1000, "postgres": 200}, {"sqlite": 100, "postgres": 50}, 1200),
}

# A word that is not known ends here: nobody believes to have had the full form who has not.
SIZES: Final = _SIZES[os.environ.get("PAYMENTOPTIONS_TORTURE", "small")]
