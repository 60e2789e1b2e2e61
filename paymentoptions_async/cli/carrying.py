"""One call from start to end, with its end told truly whatever it was."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from enum import Enum
from types import TracebackType
from typing import Any, Final, Self

import attrs
import structlog

from .. import Ledger, MemoryLedger, PaymentOptions, PaymentOptionsError, Settings, Timeouts
from .exits import ExitCode
from .flags import CallFlags
from .result import Asked, Result, of_answer, of_error, of_silence, of_stop

__all__ = ["Order", "Stake", "carry_out"]

# Ctrl-C comes out of asyncio.run as KeyboardInterrupt, SIGTERM as CancelledError.
_STOPS: Final = (KeyboardInterrupt, asyncio.CancelledError)


class Stake(Enum):
    """What is in doubt where a call is cut off once it has begun."""

    MONEY = "money"
    CHANGE = "a change that moves no money"
    NOTHING = "nothing"


@attrs.frozen(kw_only=True)
class Order:
    """What to do, and how.

    Attributes:
        carry_out: Does it with a client.
        told: Makes a result of what that returned.
        stake: What is in doubt where it is cut off.
        reference: The reference of the charge.
        operation_key: The key of a capture, void or refund.
        asked: What is asked for.
        open_ledger: Gives what remembers it. The embedded gateway has a ledger in memory.
        sandbox: Whether the embedded gateway is called, and not the one of the environment.
        faults: Of the sandbox, one for each request.
    """

    carry_out: Callable[[PaymentOptions], Awaitable[Any]]
    told: Callable[[Any], Result] = of_answer
    stake: Stake = Stake.MONEY
    reference: str | None = None
    operation_key: str | None = None
    asked: Asked | None = None
    open_ledger: Callable[[], Ledger] = attrs.field(default=MemoryLedger, repr=False)
    sandbox: bool = False
    faults: tuple[str, ...] = ()


class _Watch:
    """Sees how a call ends, and lets no end pass that could hide what happened to the money.

    A crash gives Python's exit code 1, which would say that the money did not move. So from the moment a call
    begins every ending is caught here, written to stderr where it is a bug, and told as what it is.
    """

    def __init__(self) -> None:
        self.begun = False
        self.answer: Any = None
        self.ending: BaseException | None = None
        self.charges: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.ending = self.ending or error
        if error is None or isinstance(error, (PaymentOptionsError, *_STOPS)):
            return True
        if self.begun:
            structlog.get_logger().critical("call.crashed", exc_info=error)
        return self.begun


def carry_out(order: Order, call: CallFlags) -> Result:
    """Do it once, and tell how it ended. Ctrl-C and SIGTERM end it too."""
    watch = _Watch()
    with watch:
        asyncio.run(_carry_out(order, call, order.open_ledger(), watch))
    result = attrs.evolve(_result(order, watch), asked=order.asked, sandbox_charges=watch.charges)
    if order.operation_key is not None and result.operation_key is None:
        # The client's errors tell the key in the place of a reference.
        return attrs.evolve(result, operation_key=order.operation_key, merchant_txn_ref=None)
    return result


def _result(order: Order, watch: _Watch) -> Result:
    if watch.answer is not None:
        return order.told(watch.answer)
    if isinstance(watch.ending, PaymentOptionsError):
        return of_error(watch.ending)
    stopped = watch.ending is None or isinstance(watch.ending, _STOPS)
    why = "stopped from outside, by Ctrl-C or SIGTERM"
    if not stopped:
        why = f"a fault of this program: {type(watch.ending).__name__}"
    if order.stake is Stake.MONEY:
        return _cut_off(order, watch, why)
    in_doubt = not stopped or (watch.begun and order.stake is Stake.CHANGE)
    return of_silence(why, exit_code=ExitCode.UNKNOWN if in_doubt else ExitCode.INTERRUPTED)


def _cut_off(order: Order, watch: _Watch, why: str) -> Result:
    notes = tuple(getattr(watch.ending, "__notes__", ()))
    name = order.operation_key or order.reference
    was_refused = any(note.startswith(f"{name}: refused, ") for note in notes)
    return of_stop(why, reference=name, may_have_moved=watch.begun and not was_refused, notes=notes)


async def _carry_out(order: Order, call: CallFlags, ledger: Ledger, watch: _Watch) -> None:
    _end_at_sigterm()
    async with AsyncExitStack() as stack:
        settings = await _settings(order, call, stack, watch)
        await stack.enter_async_context(ledger)
        client = await stack.enter_async_context(PaymentOptions(settings, ledger=ledger))
        watch.begun = True
        try:
            watch.answer = await order.carry_out(client)
        except BaseException as ending:
            # The client's notes are on this one; asyncio.run may raise another in its place.
            watch.ending = ending
            raise


def _end_at_sigterm() -> None:
    task = asyncio.current_task()
    if task is not None:
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _settings(order: Order, call: CallFlags, stack: AsyncExitStack, watch: _Watch) -> Settings:
    settings = await _sandbox(order, stack, watch) if order.sandbox else Settings.from_env()
    changes: dict[str, Any] = {"log_level": "info" if call.verbose else "warning"}
    if call.timeout is not None:
        changes["timeouts"] = Timeouts(total=call.timeout)
    return attrs.evolve(settings, **changes)


async def _sandbox(order: Order, stack: AsyncExitStack, watch: _Watch) -> Settings:
    from ..sandbox import Sandbox

    sandbox = await stack.enter_async_context(Sandbox(faults=order.faults))

    def read_the_books() -> None:
        watch.charges = sandbox.charges(order.reference or "")

    stack.callback(read_the_books)
    return sandbox.settings()
