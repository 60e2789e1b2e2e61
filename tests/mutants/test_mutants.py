"""Every fault can still be made, and the instrument of the test run is not blind to it."""

from __future__ import annotations

import pytest

from .__main__ import copy_of, patched, sees
from .table import MUTANTS, Mutant

# The gravest that a few seeds must see: each can charge a second time, or tell an untruth about money.
_GRAVE = ("an unknown charge is sent again", "success is read before the redirect")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_fault_can_still_be_made(mutant: Mutant) -> None:
    compile(patched(mutant), mutant.file, "exec")


def test_each_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("name", _GRAVE)
def test_a_few_seeds_of_the_simulation_see_it(name: str) -> None:
    [mutant] = [mutant for mutant in MUTANTS if mutant.name == name]
    with copy_of(mutant) as root:
        assert sees(root, ("-m", "tests.simulation", "--seeds", "0:200", "--jobs", "1"), seconds=60) == "seen"
