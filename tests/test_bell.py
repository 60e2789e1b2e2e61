"""Whoever listens to a reference hears every ring of it, and nothing else."""

from __future__ import annotations

import pytest

from paymentoptions_async.bell import Bell


def test_all_who_listen_to_a_reference_hear_it() -> None:
    bell = Bell()
    with bell.listening("ref") as one, bell.listening("ref") as two, bell.listening("other") as three:
        bell.ring("ref")
        assert (one.is_set(), two.is_set(), three.is_set()) == (True, True, False)


def test_what_rang_before_is_not_kept() -> None:
    bell = Bell()
    bell.ring("ref")
    with bell.listening("ref") as rung:
        assert not rung.is_set()


def test_it_rings_again_after_it_was_heard() -> None:
    bell = Bell()
    with bell.listening("ref") as rung:
        bell.ring("ref")
        rung.clear()
        bell.ring("ref")
        assert rung.is_set()


def test_one_who_goes_leaves_the_others_listening() -> None:
    bell = Bell()
    with bell.listening("ref") as rung:
        with bell.listening("ref"):
            pass
        bell.ring("ref")
        assert rung.is_set()


def test_nothing_stays_behind() -> None:
    bell = Bell()
    with pytest.raises(ZeroDivisionError), bell.listening("ref"), bell.listening("ref"):
        _ = 1 / 0
    assert not bell._listening
