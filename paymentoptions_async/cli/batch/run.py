"""`paymentoptions batch run`."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Final, NamedTuple

import attrs
import typer

from ... import Ledger, MemoryLedger
from ...batch.entries import OPEN, Place
from ...batch.journal import Journal, JournalError
from ...batch.sources import Line, Source
from ...batch.tally import Tally
from ..exits import ExitCode
from ..flags import CallFlags, VersionOption
from ..ledger.place import LedgerOption, NoLedgerError, open_ledger
from ..ledger.work import faults_told
from ..logs import configure_logs
from ..ordering import durable
from ..output import Rows, write_json, write_rows
from ..spread import spread
from ..usage import BadUsageError, tell_error, without_numbers
from ..values import shown
from .checking import Findings, Same, bad_line, compare_told, look_over, tell_bad, tell_check, tell_dry_run
from .deriving import derive, tally_of, write_page
from .flags import ChargesArgument, PaceFlags, ResultFlags, SandboxFlags, SourceFlags
from .gateways import place_of, seeded
from .inputs import opened, shown_name, tell
from .marks import forget, recall, remember, signature_of
from .places import Places, places_of
from .progress import progress_of
from .running import Ending, Job, carry_out
from .signals import held_back
from .summary import exit_code_of, summary_json, summary_rows, title_of

__all__ = ["run"]

# A look into the ledger at so many references at a time.
_LOOKS: Final = 200


@attrs.frozen(kw_only=True)
class _Wish:
    """All that was typed."""

    charges: str
    flags: SourceFlags
    results: ResultFlags
    pace: PaceFlags
    sandbox: SandboxFlags
    ledger: str | None
    version: int
    call: CallFlags

    def open_ledger(self) -> Ledger:
        """What remembers the charges; for the embedded gateway that is one in memory."""
        return MemoryLedger() if self.sandbox.sandbox else durable(self.ledger)


@spread
def run(
    context: typer.Context,
    charges: ChargesArgument,
    *,
    source: SourceFlags,
    results: ResultFlags,
    pace: PaceFlags,
    sandbox: SandboxFlags,
    ledger: LedgerOption = None,
    api_version: VersionOption = 1,
    call: CallFlags,
) -> None:
    """Charge every line of a file once, and say of each what happened to the money.

    CHARGES is CSV, whose columns are members of the vendor's body such as
    amount, card.number or billing_address.email; or JSONL, a body on each
    line. Every line needs a merchant_txn_ref of its own. The whole file is
    looked at first, and nothing is sent where a line is bad.

    Run it again whenever you like, after whatever end: it goes on where it
    stopped, and what was charged is never charged again. Ctrl-C lets what is
    under way end first; Ctrl-C twice stops at once.

    A CVC must not be kept once its charge is authorised (PCI DSS): delete
    such a file as soon as the batch is done, or pay by stored payment
    methods.

    Who you are and what the ledger needs is told as for `purchase`.

    For example:

        paymentoptions batch run charges.csv --check

        paymentoptions batch run charges.csv --rate 50

        paymentoptions batch run charges.csv --sandbox --fault-rate 0.05
    """
    configure_logs(verbose=call.verbose)
    wish = _Wish(
        charges=charges, flags=source, results=results, pace=pace, sandbox=seeded(sandbox), ledger=ledger,
        version=api_version, call=call,
    )  # fmt: skip
    with faults_told(), _journal_faults_told():
        _check(context, wish, seed_given=sandbox.seed is not None)
        with opened(charges, source) as opened_source:
            code = _carried_out(wish, opened_source)
    raise typer.Exit(code)


@contextmanager
def _journal_faults_told() -> Iterator[None]:
    try:
        yield
    except JournalError as fault:
        raise BadUsageError(str(fault)) from None


def _check(context: typer.Context, wish: _Wish, *, seed_given: bool) -> None:
    if wish.flags.check and wish.flags.dry_run:
        raise BadUsageError("--check or --dry-run: one of them")
    if (wish.sandbox.fault_rate or seed_given) and not wish.sandbox.sandbox:
        raise BadUsageError("--fault-rate and --seed need --sandbox")
    source = context.get_parameter_source("ledger")
    if wish.sandbox.sandbox and source is not None and source.name == "COMMANDLINE":
        raise BadUsageError("--ledger is of no use with --sandbox: that gateway ends with the command")


def _carried_out(wish: _Wish, source: Source) -> ExitCode:
    if wish.flags.check:
        return tell_check(look_over(source, _silent if wish.call.as_json else tell_bad), as_json=wish.call.as_json)
    if wish.flags.dry_run:
        return _dry_run(wish, source)
    places = places_of(wish.charges, wish.results, sandbox=wish.sandbox.sandbox)
    place = place_of(wish.sandbox)
    ledger = wish.open_ledger()
    with Journal(places.results, gateway=place.gateway, anew=wish.sandbox.sandbox) as journal:
        try:
            return _charged(wish, source, places, _Books(place, journal, ledger))
        finally:
            with suppress(FileNotFoundError):
                if places.results.stat().st_size == 0:
                    places.results.unlink()


class _Books(NamedTuple):
    """Where is charged, and what is known of that."""

    place: Place
    journal: Journal
    ledger: Ledger


def _silent(_line: Line) -> None:
    pass


def _dry_run(wish: _Wish, source: Source) -> ExitCode:
    known: Counter[str] = Counter()
    references: list[str] = []

    def collect(line: Line) -> None:
        if line.request is not None:
            references.append(line.request.merchant_txn_ref)
            if len(references) == _LOOKS:
                known.update(look.run(_states(ledger, references)))
                references.clear()

    try:
        ledger = MemoryLedger() if wish.sandbox.sandbox else open_ledger(wish.ledger, make=False)
    except NoLedgerError:
        ledger = MemoryLedger()
    with asyncio.Runner() as look:
        try:
            findings = look_over(source, collect)
            known.update(look.run(_states(ledger, references)))
        finally:
            look.run(ledger.close())
    return tell_dry_run(findings, known, as_json=wish.call.as_json)


async def _states(ledger: Ledger, references: list[str]) -> list[str]:
    records = await asyncio.gather(*map(ledger.find, references))
    return [record.outcome.state.value for record in records if record is not None]


def _charged(wish: _Wish, source: Source, places: Places, books: _Books) -> ExitCode:
    place, journal, ledger = books
    signature = signature_of(wish.charges, wish.flags, place)
    findings = _looked_over(wish, source, recall(places.note, signature), books)
    if findings.bad and not wish.flags.skip_bad:
        for line in findings.told[:20]:
            tell(bad_line(line))
        raise BadUsageError(
            f"{findings.bad} of {findings.lines} lines are bad, and nothing was sent: mend them (--check tells all),"
            " or leave them out with --skip-bad"
        )
    remember(places.note, signature, findings)
    _warn(wish, findings)
    job = Job(
        source=source, is_clean=not findings.bad, last=findings.last, journal=journal, place=place, ledger=ledger,
        version=2 if wish.version == 2 else 1, sandbox=wish.sandbox, pace=wish.pace, call=wish.call,
    )  # fmt: skip
    ending = carry_out(job, progress_of(findings.lines, journal.earlier, quiet=wish.results.quiet))
    with held_back():
        return _ended(wish, places, journal, ending, findings.lines)


def _ended(wish: _Wish, places: Places, journal: Journal, ending: Ending, lines: int) -> ExitCode:
    try:
        tally = _derived(wish, places, journal, lines)
    except (JournalError, OSError) as fault:
        # Cards were charged: no other code would be true.
        told = fault.strerror if isinstance(fault, OSError) else fault
        tell_error(
            f"{shown(places.results)} cannot be read any more ({told}): the ledger knows the charges; run it again"
        )
        return ExitCode.UNKNOWN
    if tally.total == lines:
        forget(places.note)
    return _told(wish, places, tally, ending, lines - tally.total)


def _derived(wish: _Wish, places: Places, journal: Journal, lines: int) -> Tally:
    """What cannot be written now is told, and hides nothing of what was charged."""
    try:
        journal.compact()
        tally = derive(places, wish.ledger)
        if places.report is not None:
            left = lines - tally.total
            write_page(tally, places.report, title=shown_name(wish.charges), left=left, ledger=wish.ledger)
    except (BadUsageError, OSError) as fault:
        tally = tally_of(places.results)
        tell_error(f"not all files could be written, but {shown(places.results)} is: {without_numbers(str(fault))}")
    return tally


def _looked_over(wish: _Wish, source: Source, noted: Findings | None, books: _Books) -> Findings:
    from rich.console import Console

    console = Console(stderr=True)
    shows = sys.stderr.isatty() and not wish.results.quiet
    with console.status("Looking through the whole file ...") if shows else nullcontext():
        if noted is None:
            same = Same(books.journal, books.place)
            findings = look_over(source, same.compare)
            same.check_all()
            return findings
        # The note is of the file alone: the results may be other ones since.
        compare_told(source, books.journal, books.place)
        return noted


def _warn(wish: _Wish, findings: Findings) -> None:
    if findings.cards and not wish.sandbox.sandbox:
        tell(
            f"Warning: {findings.cards} of {findings.lines} lines hold a card with its CVC. PCI DSS forbids to keep a"
            " CVC once the charge is authorised: delete the file as soon as this batch is done, or pay by"
            " payment_method.stored_payment_method_id."
        )
    if wish.sandbox.sandbox and not wish.results.quiet:
        tell(f"The embedded gateway draws by --seed {wish.sandbox.seed}. No money moves.")


def _told(wish: _Wish, places: Places, tally: Tally, ending: Ending, left: int) -> ExitCode:
    code = ExitCode.UNKNOWN if ending.in_doubt else exit_code_of(tally, left=left, stopped=ending.stops > 0)
    if ending.trouble and code is ExitCode.OK:
        code = ExitCode.REFUSED
    if wish.call.as_json:
        told = {**summary_json(tally), "left": left, "stopped": ending.stops > 0, "trouble": ending.trouble}
        files = {name: str(path) for name, path in attrs.asdict(places).items() if path is not None and name != "note"}
        write_json({**told, "files": files, "seed": wish.sandbox.seed, "exit_code": code})
    else:
        rows = [*_next(wish, ending, tally, left), *summary_rows(tally), *_files(places, tally)]
        write_rows(title_of(tally, left=left), rows, exit_code=code)
    return code


def _next(wish: _Wish, ending: Ending, tally: Tally, left: int) -> Rows:
    if ending.trouble:
        yield "stopped", ending.trouble
    elif left:
        yield "next", "run the same command again: it goes on where it stopped"
    if (tally.outcomes["unknown"] or tally.unrecorded) and not wish.sandbox.sandbox:
        yield "next", "settle what is unknown (paymentoptions ledger list), then run it again; it sends none of it anew"


def _files(places: Places, tally: Tally) -> Rows:
    yield "results", places.results
    yield "as CSV", places.table
    if tally.unrecorded or any(tally.outcomes[outcome] for outcome in OPEN):
        yield "to look at", places.unknown
    yield "report", places.report
