from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .. import postgres
from .places import STORES, Place, PostgresPlace, SqlitePlace

# Their assertions are to say as much as those of a test.
pytest.register_assert_rewrite("tests.torture.processes", "tests.torture.rounds")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """The kind of the ledgers."""
    kind: str = request.param
    return kind


@pytest.fixture
def new_place(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Place]:
    """Makes a place on which there was no ledger before."""
    if store == "sqlite":
        numbers = iter(range(1 << 20))
        return lambda: SqlitePlace(tmp_path / f"charges-{next(numbers)}.db")
    server = request.getfixturevalue("postgres_server")
    return lambda: PostgresPlace.of(postgres.empty_schema(server.get_uri()))
