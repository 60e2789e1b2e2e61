"""`paymentoptions batch work`."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Annotated, Final

import attrs
import typer

from ... import ConfigurationError, PaymentOptions, PostgresLedger, Settings
from ..exits import ExitCode
from ..flags import CallFlags
from ..ledger.place import LedgerOption
from ..ledger.work import faults_told
from ..logs import configure_logs
from ..output import write_json, write_rows
from ..spread import spread
from .flags import ConcurrencyOption, PaceFlags, SandboxFlags
from .gateways import settings_of
from .inputs import tell
from .servers import dsn_of

if TYPE_CHECKING:
    from ...cluster import Sealer, Worker

__all__ = ["work"]

_LEASE: Final = 30.0
_LEDGER_CONNECTIONS: Final = 10
_DRAINING: Final = "Stopping: nothing new begins, and what is under way is finished. Once more stops at once."


@spread
def work(
    *,
    concurrency: ConcurrencyOption = None,
    lease: Annotated[
        float,
        typer.Option(
            min=1.0,
            metavar="SECONDS",
            help="A worker that is not heard of for so long counts as dead, and its charges are taken over.",
        ),
    ] = _LEASE,
    ledger: LedgerOption = None,
    call: CallFlags,
) -> None:
    """Charge what was submitted, until Ctrl-C or SIGTERM.

    Run it on as many machines as you like. Each needs the gateway's
    credentials, PAYMENTOPTIONS_LEDGER_SECRET and PAYMENTOPTIONS_SEAL_KEY,
    the same on all, and the same ledger in PostgreSQL. A worker may be
    killed at any moment: no charge is made twice, and none is lost.

    Ctrl-C or SIGTERM lets what is under way end and hands the rest back to
    the other workers; a second one stops at once.

    For example:

        paymentoptions batch work --concurrency 32
    """
    configure_logs(verbose=call.verbose)
    with faults_told():
        dsn = dsn_of(ledger)
        from ...cluster import Sealer

        if Settings.from_env().ledger_secret is None:
            raise ConfigurationError("PAYMENTOPTIONS_LEDGER_SECRET: the same on every machine")
        outcomes = asyncio.run(_work(dsn, Sealer.from_env(), concurrency=concurrency, lease=lease, call=call))
    if call.as_json:
        write_json({"results": outcomes, "exit_code": ExitCode.OK})
    else:
        write_rows("STOPPED. These results were written by this worker.", outcomes.items(), exit_code=ExitCode.OK)


async def _work(dsn: str, sealer: Sealer, *, concurrency: int | None, lease: float, call: CallFlags) -> dict[str, int]:
    from ...cluster import Worker

    async with AsyncExitStack() as stack:
        settings = await settings_of(SandboxFlags(), call, PaceFlags(concurrency=concurrency), stack)
        if not call.verbose:
            # An answer that neither a row nor the ledger has is in a line or nowhere.
            settings = attrs.evolve(settings, log_level="error")
        ledger = await stack.enter_async_context(PostgresLedger(dsn, max_connections=_LEDGER_CONNECTIONS))
        client = await stack.enter_async_context(PaymentOptions(settings, ledger=ledger))
        worker = Worker(
            dsn, client=client, ledger=ledger, sealer=sealer, concurrency=concurrency, lease=lease,
            log_level="info" if call.verbose else "warning",
        )  # fmt: skip
        _stop_at_signals(worker)
        tell("Working.")
        await worker.run()
        return dict(worker.outcomes)


def _stop_at_signals(worker: Worker) -> None:
    stops = 0

    def stop() -> None:
        nonlocal stops
        stops += 1
        if stops == 1:
            worker.stop()
            tell(_DRAINING)
        else:
            worker.cut()

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(number, stop)
