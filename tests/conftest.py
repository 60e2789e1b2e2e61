from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
import structlog  # noqa: F401  # loaded when a client is made: an application does so at its start
from blockbuster import blockbuster_ctx
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from paymentoptions_async import PaymentOptions
from paymentoptions_async.sandbox import Sandbox

from . import postgres
from .helpers import FAST

# The machines are noisy: how long an example takes says nothing. A failure prints its seed all the same.
hypothesis_settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("noisy")


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[None]:
    """A call of this package that would block the event loop fails its test."""
    with blockbuster_ctx("paymentoptions_async"):
        yield


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[Sandbox]:
    """A sandbox in its worst case: a repeated reference is charged again."""
    async with Sandbox() as sandbox:
        yield sandbox
    assert asyncio.all_tasks() == {asyncio.current_task()}, "something is still running"


@pytest_asyncio.fixture
async def client(gateway: Sandbox) -> AsyncIterator[PaymentOptions]:
    """A client of that sandbox."""
    async with PaymentOptions(gateway.settings(timeouts=FAST)) as client:
        yield client


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """The PostgreSQL server that all tests share. Tests that stop one start their own."""
    with postgres.server() as server:
        yield server


@pytest.fixture
def postgres_dsn(postgres_server: Any) -> str:
    """The address of an empty schema in it."""
    return postgres.empty_schema(postgres_server.get_uri())
