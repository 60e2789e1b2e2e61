"""What all integrations have in common: how an application says which client it wants, for as long as it lives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

from ..client import PaymentOptions
from ..errors import ConfigurationError

__all__ = ["KEY", "Opens", "not_open", "path_of"]

Opens: TypeAlias = Callable[[], AbstractAsyncContextManager[PaymentOptions]]
"""Opens the client when the application starts, and closes it when it ends: `PaymentOptions.from_env`, or a function
of yours under `contextlib.asynccontextmanager` that opens a ledger with it."""

KEY: Final = "paymentoptions"
"""What the client is kept under, where a framework keeps things by name."""


def not_open(hint: str) -> ConfigurationError:
    """Raised where the client is asked for, and the application has not opened it."""
    return ConfigurationError(f"the application has no open client: {hint}")


def path_of(webhooks: str) -> str:
    """The path of the webhooks as a router is to be told it: `webhooks.url` puts one slash before the token.

    Args:
        webhooks: As the application names it.

    Raises:
        ConfigurationError: It does not begin with a slash. A router would take it, and nothing would ever be delivered.
    """
    if not webhooks.startswith("/"):
        raise ConfigurationError(f"the path of the webhooks has to begin with a slash: {webhooks!r}")
    return webhooks.rstrip("/")
