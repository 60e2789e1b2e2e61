from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .disks import place
from .servers import Server, server


@pytest.fixture
def path() -> Iterator[Path]:
    """Of a ledger that is not there yet, on a small disk."""
    with place() as path:
        yield path


@pytest.fixture(scope="session")
def own_server() -> Iterator[Server]:
    """A PostgreSQL server of this folder's own: it may be stopped, as long as it is started again."""
    with server() as running:
        yield running
