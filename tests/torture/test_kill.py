"""`kill -9` at any moment: nobody is charged twice, nobody is forgotten, and every doubt is one that had to be."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from paymentoptions_async.sandbox import Sandbox

from .. import postgres
from .places import Place, PostgresPlace, SqlitePlace
from .rounds import Counts, Pace, Rounds
from .sizes import SIZES

STORES: Final = ("sqlite", "postgres")

# The gateway takes its time, so that kills also fall while it decides.
_FASTEST, _SLOWEST = 0.001, 0.008


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def new_place(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Place]:
    """Makes a place where no ledger is yet, in a folder that is empty."""
    if store == "sqlite":
        return lambda: SqlitePlace(tmp_path / f"list-{time.monotonic_ns()}" / "charges.db")
    server = request.getfixturevalue("postgres_server")
    return lambda: PostgresPlace(postgres.empty_schema(server.get_uri()))
