"""The gateway of a batch: the one of the environment, or an embedded one in which things go wrong by chance."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from math import log
from random import Random
from typing import Final

import attrs

from ... import Settings, Timeouts
from ...batch.entries import Place
from ..flags import CallFlags
from .flags import PaceFlags, SandboxFlags

__all__ = ["place_of", "seeded", "settings_of"]

_SANDBOX: Final = Place("sandbox", "sandbox")
# A batch may have as many charges in flight as its limit grows to.
_CONNECTIONS: Final = 256
_LATENCY: Final = 0.06
_SPREAD: Final = 0.45
# None that hangs: a batch to try out would wait for its deadline.
_FAULTS: Final = (
    "reset:before_read", "reset:after_read", "reset:after_commit", "close:in_headers", "close:in_body", "refuse",
    "garbage", "empty_body", "drip", "429", "500:before_commit", "502:after_commit", "503:before_commit",
    "504:after_commit",
)  # fmt: skip


def seeded(flags: SandboxFlags) -> SandboxFlags:
    """The flags with a seed, where none was given."""
    return flags if flags.seed is not None else attrs.evolve(flags, seed=secrets.randbelow(2**31))


def place_of(sandbox: SandboxFlags) -> Place:
    """Where is charged.

    Raises:
        ConfigurationError: A setting is missing or wrong.
    """
    if sandbox.sandbox:
        return _SANDBOX
    settings = Settings.from_env()
    return Place(settings.base_url, settings.merchant_id)


async def settings_of(sandbox: SandboxFlags, call: CallFlags, pace: PaceFlags, stack: AsyncExitStack) -> Settings:
    """The settings of the client; an embedded gateway is started for it.

    Args:
        sandbox: Whether there is one, and how.
        call: Patience, and how much is told.
        pace: How many connections are needed.
        stack: Ends the gateway.
    """
    settings = await _started(sandbox, stack) if sandbox.sandbox else Settings.from_env()
    timeouts = settings.timeouts if call.timeout is None else Timeouts(total=call.timeout)
    return attrs.evolve(
        settings,
        timeouts=timeouts,
        # Every unknown outcome would be a line; the results tell them.
        log_level="info" if call.verbose else "critical",
        max_connections=max(_CONNECTIONS, pace.concurrency or 0),
    )


async def _started(flags: SandboxFlags, stack: AsyncExitStack) -> Settings:
    from ...sandbox import Sandbox, WebhookPolicy

    random = Random(flags.seed)  # noqa: S311  # nothing secret comes of it
    sandbox = Sandbox(
        faults=_faults(flags.fault_rate, random),
        latency=lambda: random.lognormvariate(log(_LATENCY), _SPREAD),
        webhooks=WebhookPolicy(enabled=False),
    )
    return (await stack.enter_async_context(sandbox)).settings()


def _faults(rate: float, random: Random) -> Callable[[], str | None]:
    return lambda: random.choice(_FAULTS) if random.random() < rate else None
