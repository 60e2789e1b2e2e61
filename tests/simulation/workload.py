"""Draws scenarios. Whoever wants others writes another file like this one: the checker does not know it."""

from __future__ import annotations

from random import Random
from typing import Final

from .script import RETRY_COST, TOTAL, Act, Decision, Kind, Scenario, Trouble, Way

__all__ = ["draw_scenario", "draw_trouble"]

# In the long one every lease runs out meanwhile.
_SPANS: Final = (12.0, 12.0, 150.0)
_ACTS: Final = (
    *((Kind.PURCHASE,) * 12),
    *((Kind.PAYER,) * 2), *((Kind.PERSON,) * 2), Kind.OUTAGE,
    Kind.OTHER, Kind.BATCH, Kind.RECONCILE, Kind.WAIT, Kind.KILL, Kind.KILL, Kind.FREEZE, Kind.CLOSE, Kind.JUMP,
)  # fmt: skip
_JUMPS: Final = (-7200.0, -30.0, -1.0, 1.0, 20.0, 50.0, 7200.0)
_WAYS: Final = tuple(way for way in Way if way is not Way.THROUGH)
_DECISIONS: Final = (
    *((Decision.PAID,) * 10), *((Decision.DECLINED,) * 3), *((Decision.CHALLENGED,) * 2),
    Decision.PARTIAL, Decision.UNCLEAR_PAID, Decision.UNCLEAR, Decision.GARBLED_PAID, Decision.BROKEN_PAID,
    Decision.BROKEN, Decision.INVALID, Decision.UNAUTHENTICATED, Decision.BUSY, Decision.BUSY,
)  # fmt: skip


def draw_scenario(seed: int) -> Scenario:
    """What a seed stands for."""
    rng = Random(seed)
    rejects = rng.random() < 0.4
    processes = rng.choice((1, 1, 2, 3))
    span = rng.choice(_SPANS)
    references = tuple(f"r{number}" for number in range(rng.randint(1, 6)))
    acts = [
        Act(at=rng.random() * span / 2, kind=Kind.PURCHASE, process=rng.randrange(processes), reference=reference)
        for reference in references
    ]
    acts += [_draw_act(rng, span, processes, references) for _ in range(rng.randint(2, 14))]
    return Scenario(
        seed=seed,
        duplicates="reject" if rejects else "charge",
        repeats=rejects and rng.random() < 0.6,
        processes=processes,
        references=references,
        acts=tuple(sorted(acts, key=lambda act: act.at)),
        trouble=rng.choice((0.0, 0.1, 0.3, 0.6)),
        store_trouble=rng.choice((0.0, 0.0, 0.05, 0.2)),
        store_slow=rng.choice((0.0, 0.0, 0.0, 0.1)),
        webhooks=rng.random() < 0.5,
        budget=rng.choice((500, 500, RETRY_COST, 0)),
    )


def _draw_act(rng: Random, span: float, processes: int, references: tuple[str, ...]) -> Act:
    kind = rng.choice(_ACTS)
    seconds = 0.0
    if kind is Kind.JUMP:
        seconds = rng.choice(_JUMPS)
    elif kind in (Kind.FREEZE, Kind.KILL, Kind.WAIT, Kind.OUTAGE):
        seconds = rng.choice((0.01, 0.5, 3.0, 60.0))
    elif rng.random() < 0.2:
        # Most calls are over soon.
        seconds = rng.random() * rng.choice((0.02, 0.4, TOTAL))
    return Act(
        at=rng.random() * span,
        kind=kind,
        process=rng.randrange(processes),
        reference=rng.choice(references),
        seconds=seconds,
        says_yes=rng.random() < 0.7,
    )


def draw_trouble(rng: Random, share: float) -> Trouble:
    """The fate of the next request."""
    bad = rng.random() < share
    slow = rng.random() < share / 4
    return Trouble(
        way=rng.choice(_WAYS) if bad else Way.THROUGH,
        after=rng.random(),
        there=rng.random() * 0.05,
        thought=rng.random() * (2.5 * TOTAL if slow else 0.3),
        back=rng.random() * 0.05,
        pieces=rng.choice((1, 1, 2, 5)),
        decision=rng.choice(_DECISIONS),
        hangs_up_after=rng.choice((None, None, 0.0, 0.3)),
    )
