"""The Typer application: the commands, and how a mistake in the arguments is told."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated, Final

import typer

from .batch import batch
from .doctor import doctor
from .exits import EXIT_TABLE, ExitCode
from .follow_ups import capture, refund, void
from .ledger import ledger
from .page import page
from .purchase import authorize, purchase
from .sandbox import sandbox
from .status import status, wait
from .subscription import subscription
from .usage import tell_error, without_secrets

__all__ = ["app", "run"]

app = typer.Typer(
    name="paymentoptions",
    add_completion=False,
    # A pretty traceback shows the locals of every frame.
    pretty_exceptions_enable=False,
)
for command in (purchase, authorize, capture, void, refund, status, wait):
    app.command()(command)
app.add_typer(subscription, name="subscription")
app.command()(page)
app.add_typer(batch, name="batch")
app.add_typer(ledger, name="ledger")
app.command()(sandbox)
app.command()(doctor)

# The class of every mistake in the arguments. Older versions of Typer take it from Click, newer ones hold a copy.
_UsageError: Final[type[Exception]] = typer.BadParameter.__mro__[1]


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"paymentoptions-async {version('paymentoptions-async')}")
        raise typer.Exit


@app.callback(invoke_without_command=True, epilog=EXIT_TABLE)
def root(
    context: typer.Context,
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Charge cards through the PaymentOptions gateway: never twice, and never in doubt about it."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(ExitCode.USAGE)


def run() -> int:
    """Run the command with this process's arguments.

    Returns:
        The exit code.
    """
    # A process can be started with stdout closed. The result then goes to stderr.
    sys.stdout = sys.stdout or sys.stderr
    try:
        return int(app(prog_name="paymentoptions", standalone_mode=False) or ExitCode.OK)
    except _UsageError as mistake:
        _tell_mistake(mistake)
        return ExitCode.USAGE
    except typer.Abort:
        return ExitCode.INTERRUPTED


def _tell_mistake(mistake: Exception) -> None:
    # Not by Typer itself, which shows what was typed: a card number or a password may be in the wrong place.
    message = str(getattr(mistake, "format_message", mistake.__str__)())
    if "extra argument" in message:
        message = "only one BODY.json, REF or ID is taken, and no argument after it"
    tell_error(f"{without_secrets(message)}\nTry 'paymentoptions --help'.")
