"""What all integrations have in common: how an application says which client it wants, for as long as it lives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

from ..client import PaymentOptions
from ..errors import ConfigurationError

__all__ = ["KEY", "Opens", "not_open"]

Opens: TypeAlias = Callable[[], AbstractAsyncContextManager[PaymentOptions]]
"""Opens the client when the application starts, and closes it when it ends: `PaymentOptions.from_env`, or a function
of yours under `contextlib.asynccontextmanager` that opens a ledger with it."""

KEY: Final = "paymentoptions"
"""What the client is kept under, where a framework keeps things by name."""


def not_open(hint: str) -> ConfigurationError:
    """Raised where the client is asked for, and the application has not opened it."""
    return ConfigurationError(f"the application has no open client: {hint}")
