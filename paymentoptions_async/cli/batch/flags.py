"""The flags of `batch`: where charges come from, and how they are charged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import attrs
import typer

__all__ = [
    "ChargesArgument", "ConcurrencyOption", "FileFlags", "PaceFlags", "QuietOption", "RateOption", "ResultFlags",
    "SandboxFlags", "SourceFlags",
]  # fmt: skip

_FILE: Final = "The file of charges"
_RESULTS: Final = "The results"
_PACE: Final = "The pace"
_SANDBOX: Final = "The sandbox"

ChargesArgument = Annotated[
    str,
    typer.Argument(metavar="CHARGES", help="CSV or JSONL, also packed as .gz; or - for stdin.", show_default=False),
]
ConcurrencyOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=4096,
        help="How many charges at a time. Else as many as the gateway bears, which is found out.",
        show_default=False,
        rich_help_panel=_PACE,
    ),
]
RateOption = Annotated[
    float | None,
    typer.Option(
        min=0.001,
        metavar="PER_SECOND",
        help="How many charges may begin in a second.",
        show_default=False,
        rich_help_panel=_PACE,
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.", rich_help_panel=_RESULTS)]


@attrs.frozen(kw_only=True)
class FileFlags:
    """How the file is read."""

    map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="NAME=PATH",
            help="The member of the body that a CSV column is, such as mail=billing_address.email; an empty PATH"
            " leaves the column out. Or a .toml or .json file of such pairs. May be given again.",
            show_default=False,
            rich_help_panel=_FILE,
        ),
    ] = None
    defaults: Annotated[
        str | None,
        typer.Option(
            metavar="BODY.json",
            help="A body in the vendor's form, for whatever a line does not say.",
            show_default=False,
            rich_help_panel=_FILE,
        ),
    ] = None
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="Charge the good lines although there are bad ones.", rich_help_panel=_FILE),
    ] = False
    check: Annotated[
        bool,
        typer.Option("--check", help="Tell every bad line, and send nothing.", rich_help_panel=_FILE),
    ] = False


@attrs.frozen(kw_only=True)
class SourceFlags(FileFlags):
    """The same, where it is charged at once."""

    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Tell what would be charged, and send nothing.", rich_help_panel=_FILE),
    ] = False


@attrs.frozen(kw_only=True)
class ResultFlags:
    """Where the results go."""

    results: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl",
            help="Else CHARGES.results.jsonl. The unknown ones are beside it.",
            show_default=False,
            rich_help_panel=_RESULTS,
        ),
    ] = None
    results_csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv", help="Else CHARGES.results.csv.", show_default=False, rich_help_panel=_RESULTS
        ),
    ] = None
    no_report: Annotated[
        bool,
        typer.Option("--no-report", help="Write no CHARGES.report.html.", rich_help_panel=_RESULTS),
    ] = False
    quiet: QuietOption = False


@attrs.frozen(kw_only=True)
class PaceFlags:
    """How fast it goes."""

    concurrency: ConcurrencyOption = None
    rate: RateOption = None


@attrs.frozen(kw_only=True)
class SandboxFlags:
    """The embedded gateway."""

    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Charge an embedded gateway that lives for this command. No environment is needed.",
            rich_help_panel=_SANDBOX,
        ),
    ] = False
    fault_rate: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="With --sandbox: the part of the requests that goes wrong.", rich_help_panel=_SANDBOX
        ),
    ] = 0.0
    seed: Annotated[
        int | None,
        typer.Option(
            help="With --sandbox: of its latencies and faults. It is shown, so that it can be given again.",
            show_default=False,
            rich_help_panel=_SANDBOX,
        ),
    ] = None
