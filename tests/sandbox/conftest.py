from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(autouse=True)
def silent_server(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client or a fault does: the server has nothing to complain about."""
    yield
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []
