"""`paymentoptions ledger`: what the ledger remembers, for the person who has to look at it."""

from __future__ import annotations

import typer

from .keeping import export, prune
from .looking import list_records, show
from .settling import resolve

__all__ = ["ledger"]

ledger = typer.Typer(
    help="Look into the ledger, and settle what is unknown.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)
ledger.command("list")(list_records)
ledger.command()(show)
ledger.command()(resolve)
ledger.command()(export)
ledger.command()(prune)
