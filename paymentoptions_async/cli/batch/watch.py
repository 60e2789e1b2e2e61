"""`paymentoptions batch watch`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ...batch.tally import Tally
from ..exits import ExitCode
from ..ledger.place import LedgerOption
from ..ledger.work import faults_told
from ..logs import configure_logs
from ..output import write_json, write_rows
from .flags import QuietOption
from .inputs import tell
from .progress import progress_of
from .servers import NameArgument, found
from .summary import exit_code_of, summary_json, summary_rows, title_of

if TYPE_CHECKING:
    from ...cluster.batches import Figures

__all__ = ["watch"]

_LOOK_EVERY: Final = 0.5
_PAUSED: Final = "The batch is paused: {why}. Mend that, then `paymentoptions batch resume {name}`."


def watch(
    name: NameArgument,
    *,
    quiet: QuietOption = False,
    ledger: LedgerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout at the end.")] = False,
) -> None:
    """Show how far a batch is until it is over or paused. Ctrl-C ends the watching, not the batch.

    Exit codes are those of `batch run`.

    For example:

        paymentoptions batch watch payday
    """
    configure_logs(verbose=False)
    with faults_told():
        try:
            paused = asyncio.run(_watch(ledger, name, quiet=quiet))
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        tally, left = _added_up(ledger, name)
    code = exit_code_of(tally, left=left, stopped=False)
    if paused is not None:
        tell(_PAUSED.format(why=paused, name=name))
    if as_json:
        write_json({**summary_json(tally), "left": left, "paused": paused, "exit_code": code})
    else:
        write_rows(title_of(tally, left=left), summary_rows(tally), exit_code=code)
    raise typer.Exit(code)


class _Watched:
    """How far the batch was at the last look."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures

    @property
    def in_flight(self) -> int:
        return self.figures.in_flight

    @property
    def limit(self) -> int:
        return self.figures.limit


async def _watch(ledger: str | None, name: str, *, quiet: bool) -> str | None:
    """Wait for the end, and tell why it is none."""
    watched = _Watched(await asyncio.to_thread(_figures, ledger, name))
    progress = progress_of(watched.figures.total, watched.figures.outcomes, quiet=quiet)
    showing = asyncio.create_task(progress.run(watched))
    try:
        while watched.figures.done < watched.figures.total and not _has_stopped(watched.figures):
            await asyncio.sleep(_LOOK_EVERY)
            watched.figures = await asyncio.to_thread(_figures, ledger, name)
            progress.found(watched.figures.outcomes)
    finally:
        showing.cancel()
        await asyncio.wait([showing])
    return watched.figures.paused


def _has_stopped(figures: Figures) -> bool:
    return figures.paused is not None and not figures.in_flight


def _figures(ledger: str | None, name: str) -> Figures:
    from ...cluster.batches import figures

    with found(ledger, name) as (server, batch):
        return figures(server, batch)


def _added_up(ledger: str | None, name: str) -> tuple[Tally, int]:
    from ...cluster.batches import entries

    tally = Tally()
    with found(ledger, name) as (server, batch):
        for entry in entries(server, batch):
            tally.add(entry)
        return tally, batch.total - tally.total
