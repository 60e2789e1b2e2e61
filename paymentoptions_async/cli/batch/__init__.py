"""`paymentoptions batch`: many charges from a file."""

from __future__ import annotations

import typer

from .keeping import purge, results, resume
from .report import report
from .run import run
from .submit import submit
from .watch import watch
from .work import work

__all__ = ["batch"]

batch = typer.Typer(
    help="Charge many cards from a file, and tell what became of each.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)
batch.command()(run)
batch.command()(report)
for command in (submit, work, watch, resume, results, purge):
    batch.command()(command)
