"""`paymentoptions batch submit`."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from ...batch.sources import Source
from ..exits import ExitCode
from ..flags import VersionOption
from ..ledger.place import LedgerOption
from ..ledger.work import faults_told
from ..logs import configure_logs
from ..output import write_json, write_rows
from ..spread import spread
from ..usage import BadUsageError, check_no_card
from .checking import Findings, bad_line, look_over, tell_bad, tell_check
from .flags import ChargesArgument, FileFlags, RateOption
from .inputs import opened, tell
from .servers import dsn_of

__all__ = ["submit"]

_MOST_TOLD: Final = 20
_CVC: Final = (
    "{cards} of these charges hold a card with its CVC. They are kept sealed until they are charged, and erased then;"
    " the file is not: PCI DSS forbids to keep a CVC after authorisation. Delete the file, or pay by stored payment"
    " methods, which need none."
)


@spread
def submit(
    charges: ChargesArgument,
    *,
    name: Annotated[str, typer.Option("--name", help="What the batch is called from now on.", show_default=False)],
    file: FileFlags,
    rate: RateOption = None,
    api_version: VersionOption = 1,
    ledger: LedgerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Store a batch for workers on any number of machines, and charge nothing here.

    CHARGES is read and looked at as by `batch run`. The charges are stored in
    the ledger's PostgreSQL, their bodies sealed with the key in
    PAYMENTOPTIONS_SEAL_KEY; `batch work` charges them.

    All of it is stored or nothing. To submit the same file under the same
    name again changes nothing; another file under that name is refused.

    --rate holds for all workers together.

    For example:

        paymentoptions batch submit charges.csv --name payday --rate 50
    """
    configure_logs(verbose=False)
    with faults_told():
        check_no_card("--name", name)
        with opened(charges, file) as source:
            if file.check:
                code = tell_check(look_over(source, (lambda _: None) if as_json else tell_bad), as_json=as_json)
                raise typer.Exit(code)
            dsn = dsn_of(ledger)
            from ...cluster import Sealer
            from ...cluster import submit as store

            sealer = Sealer.from_env()
            findings = _looked_over(source, skip_bad=file.skip_bad)
            batch = store(dsn, source, sealer, name=name, api_version=api_version, rate=rate, skip_bad=file.skip_bad)
    told = {"name": batch.name, "charges": batch.total, "bad": findings.bad, "rate": batch.rate}
    if as_json:
        write_json({**told, "exit_code": ExitCode.OK})
    else:
        rows = [*told.items(), ("next", f"`paymentoptions batch work` on any machine, `batch watch {batch.name}` here")]
        write_rows("SUBMITTED. Nothing was charged here.", rows[1:], exit_code=ExitCode.OK)


def _looked_over(source: Source, *, skip_bad: bool) -> Findings:
    findings = look_over(source)
    if findings.bad and not skip_bad:
        for line in findings.told[:_MOST_TOLD]:
            tell(bad_line(line))
        raise BadUsageError(
            f"{findings.bad} of {findings.lines} lines are bad, and nothing was stored: mend them (--check tells all),"
            " or leave them out with --skip-bad"
        )
    if findings.cards:
        tell(_CVC.format(cards=findings.cards))
    return findings
