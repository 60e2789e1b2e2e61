"""The process that is killed: it charges a list, and keeps a journal that outlives it."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, Self

# Loaded and made before the fork, so that a process is charging a few milliseconds after its start.
import psycopg_pool  # noqa: F401
import structlog  # noqa: F401
import tenacity  # noqa: F401

from paymentoptions_async import (
    Challenge,
    OutcomeUnknownError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    ReferenceInUseError,
    Settings,
    Timeouts,
)
from paymentoptions_async.client import _warm_up
from paymentoptions_async.sandbox.contract import API_KEY, MERCHANT_ID, X_API_KEY

from ..helpers import request
from .places import Place
from .points import POINTS

AT_ONCE: Final = 16

TIMEOUTS: Final = Timeouts(total=20, connect=10)
LEASE: Final = TIMEOUTS.total + 30.0
"""Seconds after which what a dead process was at counts as unknown."""


class Job(NamedTuple):
    """What a process is told.

    Attributes:
        place: Where the ledger is.
        base_url: Where the gateway is.
        journal: The file to write to. What goes wrong goes into another one beside it.
        now: What the clock shows. It stands still.
        numbers: Which part of the list is to be charged.
        point: Where the process ends itself, if at all.
    """

    place: Place
    base_url: str
    journal: Path
    now: float
    numbers: range
    point: str | None = None

    @property
    def troubles(self) -> Path:
        """All that the process says of itself; it has no reason to."""
        return self.journal.with_suffix(".err")


class Told(NamedTuple):
    """What a call came to.

    Attributes:
        how: `paid`, `unknown`, `in_use`, or what must not be.
        transaction_id: Of the payment, or `-`.
        source: `fresh` where this call has charged, else `replayed`.
    """

    how: str
    transaction_id: str = "-"
    source: str = "replayed"


_warm_up()
request()


def reference(number: int) -> str:
    """An entry of the list. They sort as they are numbered."""
    return f"ref-{number:05}"


def live(job: Job) -> None:
    """The life of the process."""
    _hold_tongue(job.troubles)
    warnings.simplefilter("error")
    if job.point is not None:
        POINTS[job.point](job.place)
    asyncio.run(_charge(job))


def _hold_tongue(path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


async def _charge(job: Job) -> None:
    settings = Settings(
        api_key=API_KEY,
        x_api_key=X_API_KEY,
        merchant_id=MERCHANT_ID,
        base_url=job.base_url,
        timeouts=TIMEOUTS,
        ledger_secret="a secret of the tests' ledger",
        log_level="critical",
    )
    numbers = iter(job.numbers)
    with Journal(job.journal) as journal:
        async with job.place.ledger(lambda: job.now) as ledger, PaymentOptions(settings, ledger=ledger) as client:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(_work(client, numbers, journal))


async def _work(client: PaymentOptions, numbers: Iterator[int], journal: Journal) -> None:
    for number in numbers:
        journal.write("begin", reference(number))
        journal.write("end", reference(number), *await _purchase(client, reference(number)))


async def _purchase(client: PaymentOptions, ref: str) -> Told:
    try:
        payment = await client.payments.purchase(request(ref))
    except OutcomeUnknownError as error:
        return Told("unknown", source="replayed" if error.replayed else "fresh")
    except ReferenceInUseError:
        return Told("in_use")
    except PaymentOptionsError as error:
        return Told(type(error).__name__, str(error).replace(" ", "_"))
    return _told(payment)


def _told(payment: Payment | Challenge) -> Told:
    if not isinstance(payment, Payment) or not payment.recorded:
        return Told(f"not_recorded:{payment!r}".replace(" ", "_"))
    return Told("paid", payment.transaction_id, "replayed" if payment.replayed else "fresh")


class Journal:
    """Lines of a file. What was written is there after a kill: the page cache is the kernel's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def __enter__(self) -> Self:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def write(self, *words: str) -> None:
        os.write(self._file, f"{' '.join(words)}\n".encode())


class Story(NamedTuple):
    """What a journal tells.

    Attributes:
        begun: The references whose call began.
        ended: What those calls came to that ended.
    """

    begun: frozenset[str]
    ended: dict[str, Told]

    @property
    def open(self) -> frozenset[str]:
        """The references whose call was cut off."""
        return self.begun - self.ended.keys()


def read(path: Path) -> Story:
    """A journal, as the process left it."""
    begun: set[str] = set()
    ended: dict[str, Told] = {}
    # A kill may tear a line where a page of memory ends: what follows the last line's end counts as not written.
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    for what, ref, *told in map(str.split, lines):
        if what == "begin":
            begun.add(ref)
        else:
            ended[ref] = Told(*told)
    return Story(frozenset(begun), ended)
