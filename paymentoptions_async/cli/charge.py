"""One purchase from start to end, with its end told truly whatever it was."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Any, Final, Literal, Self

import attrs
import structlog

from .. import (
    Challenge,
    ConfigurationError,
    Ledger,
    MemoryLedger,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    PurchaseRequest,
    Settings,
    Timeouts,
)
from .ledger.place import open_ledger
from .result import Asked, Result, of_answer, of_error, of_stop

__all__ = ["Order", "charge"]

# Ctrl-C comes out of asyncio.run as KeyboardInterrupt, SIGTERM as CancelledError.
_STOPS: Final = (KeyboardInterrupt, asyncio.CancelledError)

_NO_KEY: Final = (
    "not set in the environment: PAYMENTOPTIONS_LEDGER_SECRET. Make one, and keep it as long as the ledger:"
    " python3 -c 'import secrets; print(secrets.token_hex(32))'"
)


@attrs.frozen(kw_only=True)
class Order:
    """What to charge, and how.

    Attributes:
        request: The request.
        version: Of the vendor's operation.
        sandbox: Whether the embedded gateway is charged, and not the one of the environment.
        ledger: Where the ledger is; `None` for the default. The embedded gateway has one in memory.
        faults: Of the sandbox, one for each request.
        timeout: The deadline in seconds; `None` for the client's own.
        verbose: Whether the client writes its `info` lines.
    """

    request: PurchaseRequest
    version: Literal[1, 2] = 1
    sandbox: bool = False
    ledger: str | None = attrs.field(default=None, repr=False)
    faults: tuple[str, ...] = ()
    timeout: float | None = None
    verbose: bool = False


class _Watch:
    """Sees how a purchase ends, and lets no end pass that could hide what happened to the money.

    A crash gives Python's exit code 1, which would say that the money did not move. So from the moment a charge
    begins every ending is caught here, written to stderr where it is a bug, and told as what it is.
    """

    def __init__(self) -> None:
        self.begun = False
        self.answer: Payment | Challenge | None = None
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
            structlog.get_logger().critical("purchase.crashed", exc_info=error)
        return self.begun


def charge(order: Order) -> Result:
    """Charge once, and tell how it ended. Ctrl-C and SIGTERM end it too."""
    watch = _Watch()
    with watch:
        asyncio.run(_charge(order, _ledger(order), watch))
    result = _result(order.request, watch)
    return attrs.evolve(result, asked=Asked.of(order.request), sandbox_charges=watch.charges)


def _result(request: PurchaseRequest, watch: _Watch) -> Result:
    if watch.answer is not None:
        return of_answer(watch.answer)
    if isinstance(watch.ending, PaymentOptionsError):
        return of_error(watch.ending)
    notes = tuple(getattr(watch.ending, "__notes__", ()))
    return of_stop(
        _why(watch.ending),
        reference=request.merchant_txn_ref,
        may_have_moved=watch.begun and not _was_refused(notes, request.merchant_txn_ref),
        notes=notes,
    )


def _why(ending: BaseException | None) -> str:
    if ending is None or isinstance(ending, _STOPS):
        return "stopped from outside, by Ctrl-C or SIGTERM"
    return f"a fault of this program: {type(ending).__name__}"


def _was_refused(notes: tuple[str, ...], reference: str) -> bool:
    return any(note.startswith(f"{reference}: refused, ") for note in notes)


async def _charge(order: Order, ledger: Ledger, watch: _Watch) -> None:
    _end_at_sigterm()
    async with AsyncExitStack() as stack:
        settings = await _settings(order, stack, watch)
        await stack.enter_async_context(ledger)
        client = await stack.enter_async_context(PaymentOptions(settings, ledger=ledger))
        watch.begun = True
        try:
            watch.answer = await client.payments.purchase(order.request, version=order.version)
        except BaseException as ending:
            # The client's notes are on this one; asyncio.run may raise another in its place.
            watch.ending = ending
            raise


def _end_at_sigterm() -> None:
    task = asyncio.current_task()
    if task is not None:
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _settings(order: Order, stack: AsyncExitStack, watch: _Watch) -> Settings:
    settings = await _sandbox(order, stack, watch) if order.sandbox else Settings.from_env()
    changes: dict[str, Any] = {"log_level": "info" if order.verbose else "warning"}
    if order.timeout is not None:
        changes["timeouts"] = Timeouts(total=order.timeout)
    return attrs.evolve(settings, **changes)


def _ledger(order: Order) -> Ledger:
    if order.sandbox:
        return MemoryLedger()
    # Nothing is made where the settings are wrong.
    if Settings.from_env().ledger_secret is None:
        raise ConfigurationError(_NO_KEY)
    return open_ledger(order.ledger, make=True)


async def _sandbox(order: Order, stack: AsyncExitStack, watch: _Watch) -> Settings:
    from ..sandbox import Sandbox

    sandbox = await stack.enter_async_context(Sandbox(faults=order.faults))

    def read_the_books() -> None:
        watch.charges = sandbox.charges(order.request.merchant_txn_ref)

    stack.callback(read_the_books)
    return sandbox.settings()
