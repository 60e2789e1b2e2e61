"""How many in flight, in virtual time: against gateways of every kind, none of which is asked how many it bears."""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import fmean
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as some

from paymentoptions_async.batch.limiter import Fixed, Limiter
from paymentoptions_async.batch.signal import Signal

from .model import Moment, World

Service = Callable[[random.Random, float], float]
SERVICES: dict[str, Service] = {
    "even": lambda _chance, _now: 0.02,
    "uneven": lambda chance, _now: chance.gammavariate(4, 0.005),
    "erratic": lambda chance, _now: chance.expovariate(50),
    "of two kinds": lambda chance, _now: 0.01 if chance.random() < 0.8 else 0.06,
    "stalling": lambda _chance, now: 0.02 + max(0.0, 0.04 - now % 0.3),
}
every_service = pytest.mark.parametrize("service", SERVICES)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Another one for each case, and the same each time: chance decides about the gateway, not about the tests."""
    return crc32(request.node.name.encode())


def world(service: str, seed: int, **told: object) -> World:
    chance = random.Random(seed)
    made: World
    made = World(service=lambda: SERVICES[service](chance, made.now), chance=chance, **{"limiter": Limiter(), **told})  # type: ignore[arg-type]
    return made


def mean_in_flight(moments: list[Moment]) -> float:
    return fmean(moment.in_flight for moment in moments)


@every_service
@pytest.mark.parametrize("lost", [0.0, 0.05])
@pytest.mark.parametrize("queue", [None, 16])
@pytest.mark.parametrize("seats", [3, 32, 100])
def test_it_finds_nine_tenths_of_the_best_throughput(
    service: str, lost: float, queue: int | None, seats: int, seed: int
) -> None:
    seconds = 128 / seats
    best = world(service, seed, seats=seats, limiter=Fixed(seats + 16)).throughput(seconds)
    found = world(service, seed, seats=seats, lost=lost, queue=queue)
    found.run(2)
    assert found.throughput(seconds) >= 0.9 * best


@every_service
@pytest.mark.parametrize("queue", [None, 16])
def test_it_follows_a_capacity_that_halves(service: str, queue: int | None, seed: int) -> None:
    halved = world(service, seed, seats=32, queue=queue)
    halved.run(4)
    halved.seats, before = 16, halved.throttled
    halved.run(5)
    at_once = halved.throttled - before
    seen = len(halved.moments)
    halved.run(8)
    assert mean_in_flight(halved.moments[seen:]) <= 16 * 1.5 + 16
    assert at_once <= 32
    assert halved.throttled - before - at_once <= 0.02 * (len(halved.moments) - seen)


@every_service
def test_it_comes_back_when_the_capacity_does(service: str, seed: int) -> None:
    back = world(service, seed, seats=32)
    back.run(3)
    back.seats = 8
    back.run(6)
    back.seats = 32
    best = world(service, seed, seats=32, limiter=Fixed(48)).throughput(5)
    back.run(9)
    assert back.throughput(5) >= 0.85 * best


def test_a_gateway_that_becomes_slower_is_not_taken_for_one_that_is_full(seed: int) -> None:
    slower = World(limiter=Limiter(), service=lambda: 0.02 if slower.now < 3 else 0.06, seats=32)
    slower.run(6)
    assert slower.throughput(5) >= 0.9 * 32 / 0.06


@every_service
def test_a_gateway_without_a_line_is_not_stormed(service: str, seed: int) -> None:
    strict = world(service, seed, seats=32, queue=0)
    strict.run(10)
    assert strict.throttled <= 0.02 * strict.answered
    assert strict.answered >= 0.5 * 10 * 32 / 0.02


def test_it_rises_to_its_ceiling_where_nothing_holds_it_and_no_further() -> None:
    free = World(limiter=Limiter(ceiling=64), service=lambda: 0.02, seats=1000)
    free.run(5)
    assert max(moment.limit for moment in free.moments) == 64


def test_a_limit_that_is_not_made_use_of_does_not_grow() -> None:
    idle = World(limiter=Limiter(), service=lambda: 0.02, seats=1000, demand=3)
    idle.run(20)
    assert max(moment.limit for moment in idle.moments) <= 8


def test_those_in_flight_at_a_429_count_once() -> None:
    limiter = Limiter(start=100)
    for _ in range(100):
        limiter.record(0.02, Signal.ANSWERED, 100)
    before = limiter.limit
    for _ in range(50):
        limiter.back_off(100)
        limiter.record(0.02, Signal.THROTTLED, 100)
    assert limiter.limit == int(before * 0.9)


@given(
    some.integers(1, 10),
    some.integers(1, 300),
    some.lists(some.tuples(some.floats(0, 60), some.sampled_from(Signal), some.integers(1, 300)), max_size=400),
    some.randoms(use_true_random=False),
)
def test_it_stays_between_floor_and_ceiling(
    start: int, ceiling: int, calls: list[tuple[float, Signal, int]], chance: random.Random
) -> None:
    limiter = Limiter(start, ceiling=ceiling)
    for seconds, signal, in_flight in calls:
        limiter.record(seconds, signal, in_flight)
        if chance.random() < 0.1:
            limiter.back_off(in_flight)
        assert 1 <= limiter.limit <= ceiling


def test_what_tells_nothing_changes_nothing() -> None:
    limiter = Limiter()
    for _ in range(10_000):
        limiter.record(0.0, Signal.SILENT, 4)
    assert limiter.limit == 4


def test_a_fixed_one_stays() -> None:
    fixed = Fixed(7)
    fixed.record(9.0, Signal.THROTTLED, 7)
    fixed.back_off(7)
    assert fixed.limit == 7
