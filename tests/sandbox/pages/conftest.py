from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from . import people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser that all tests share; each opens a window of its own."""
    async with people.browser() as browser:
        yield browser
