"""The small form: each target takes its seeds, and inputs that hypothesis makes of them.

The long form is guided by coverage: `nox -s fuzz`.
"""

from __future__ import annotations

from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

from .mutation import mutated
from .table import TARGETS

SEED: Final = 20261124
"""With another one other inputs are made; a failure shows it beside its input."""


def inputs(name: str, random: Random, again: int) -> bytes:
    """An input for a target: one of its seeds, changed a few times."""
    made = random.choice(TARGETS[name].seeds)
    for _ in range(again):
        made = mutated(made, random)
    return made


@pytest.mark.parametrize("name", TARGETS)
def test_what_it_begins_with_is_taken(name: str) -> None:
    for begin in TARGETS[name].seeds:
        TARGETS[name].run(begin)


@pytest.mark.parametrize("name", TARGETS)
@seed(SEED)
@settings(max_examples=100, database=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), again=st.integers(1, 3))
def test_what_was_changed_ends_as_it_is_documented(name: str, random: Random, again: int) -> None:
    made = inputs(name, random, again)
    note(f"seed {SEED}, input {made!r}")
    TARGETS[name].run(made)


@pytest.mark.parametrize("name", TARGETS)
@seed(SEED)
@settings(max_examples=30, database=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(made=st.binary(max_size=200))
def test_any_bytes_end_as_it_is_documented(name: str, made: bytes) -> None:
    note(f"seed {SEED}")
    TARGETS[name].run(made)


def test_the_same_seed_makes_the_same_inputs() -> None:
    assert [inputs("judge", Random(5), 3) for _ in range(2)] == [inputs("judge", Random(5), 3)] * 2
