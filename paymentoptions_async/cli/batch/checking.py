"""The look through the whole file before anything is sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

import attrs

from ...batch.entries import Place, request_identity
from ...batch.journal import Journal
from ...batch.sources import Line, Source
from ...models.rules import amount_text
from ..exits import ExitCode
from ..output import write_json, write_rows, write_text
from ..usage import BadUsageError
from ..values import shown

__all__ = [
    "Findings", "Same", "bad_line", "compare_told", "look_over", "tell_bad", "tell_check", "tell_dry_run",
]  # fmt: skip

# So many are told in the one object of --json; in words all are.
_MOST_IN_JSON: Final = 1000


@attrs.define
class Findings:
    """What a file holds.

    Attributes:
        lines: How many charges.
        last: The number of the last line.
        bad: In how many something is wrong.
        cards: How many hold a card, and with that a CVC.
        sums: What the good ones ask for, by currency.
        told: The first bad lines.
    """

    lines: int = 0
    last: int = 0
    bad: int = 0
    cards: int = 0
    sums: defaultdict[str, Decimal] = attrs.field(factory=lambda: defaultdict(Decimal))
    told: list[Line] = attrs.field(factory=list)

    def add(self, line: Line) -> None:
        """Count one line."""
        self.lines, self.last = self.lines + 1, line.number
        if line.request is None:
            self.bad += 1
            if len(self.told) < _MOST_IN_JSON:
                self.told.append(line)
            return
        self.cards += line.request.card is not None
        self.sums[line.request.currency] += Decimal(amount_text(line.request.amount))


def look_over(source: Source, told: Callable[[Line], None] = lambda _line: None) -> Findings:
    """Read the whole file.

    Args:
        source: The charges.
        told: Is told of every line.
    """
    findings = Findings()
    for line in source.lines():
        findings.add(line)
        told(line)
    return findings


class Same:
    """Sees that the results of earlier runs are about the same charges as the file.

    Args:
        journal: The results.
        place: Where is charged.
    """

    def __init__(self, journal: Journal, place: Place) -> None:
        self._journal, self._place = journal, place
        self._found = 0

    def compare(self, line: Line) -> None:
        """Hold a line against its result, where it has one that tells something.

        Raises:
            BadUsageError: That is about another charge.
        """
        if not self._journal.is_telling(line.number):
            return
        self._found += 1
        if line.request is None or not self._journal.is_about(line.number, request_identity(line.request, self._place)):
            raise BadUsageError(
                f"{self._journal.path} holds the result of another charge for line {line.number}: was the file changed"
                " since? Move the results away, or give --results; what was charged stays known to the ledger"
            )

    def check_all(self) -> None:
        """See that no result is about a line that was not compared.

        Raises:
            BadUsageError: One is.
        """
        if missing := self._journal.telling - self._found:
            raise BadUsageError(
                f"{self._journal.path} holds {missing} results of lines that are not in the file: was it cut since?"
                " Move the results away, or give --results; what was charged stays known to the ledger"
            )


def compare_told(source: Source, journal: Journal, place: Place) -> None:
    """See the same where the file was looked through before: only lines that have such a result are read.

    Args:
        source: The charges.
        journal: The results.
        place: Where is charged.
    """
    same = Same(journal, place)
    if journal.telling:
        for line in source.lines(lambda number: not journal.is_telling(number)):
            same.compare(line)
    same.check_all()


def bad_line(line: Line) -> str:
    """A bad line in words."""
    return shown(f"line {line.number}: {'; '.join(map(str, line.problems))}")


def tell_check(findings: Findings, *, as_json: bool) -> ExitCode:
    """Tell what the look has come to, for `--check`, and how the command ends.

    Args:
        findings: What was seen.
        as_json: Whether machines read it.
    """
    code = ExitCode.USAGE if findings.bad else ExitCode.OK
    if as_json:
        write_json({**_counts(findings), "bad_lines": [_bad_json(line) for line in findings.told], "exit_code": code})
    else:
        title = f"{findings.bad} of {findings.lines} lines are bad." if findings.bad else "Every line is good."
        write_rows(f"{title} Nothing was sent.", _rows(findings), exit_code=code)
    return code


def _counts(findings: Findings) -> dict[str, Any]:
    return {
        "lines": findings.lines,
        "bad": findings.bad,
        "with_card": findings.cards,
        "asked": {currency: f"{amount:f}" for currency, amount in sorted(findings.sums.items())},
    }


def _bad_json(line: Line) -> dict[str, Any]:
    return {
        "line": line.number,
        "merchant_txn_ref": line.reference,
        "problems": [{"path": path, "rule": rule} for path, rule in line.problems],
    }


def _rows(findings: Findings) -> Iterator[tuple[str, object]]:
    yield "charges", findings.lines - findings.bad
    for currency, amount in sorted(findings.sums.items()):
        yield "asked", f"{amount:,f} {currency}"
    yield "with a card", findings.cards


def tell_dry_run(findings: Findings, known: Counter[str], *, as_json: bool) -> ExitCode:
    """Tell what would be charged.

    Args:
        findings: What was seen in the file.
        known: What the ledger knows of its charges already, by state.
        as_json: Whether machines read it.
    """
    code = ExitCode.USAGE if findings.bad else ExitCode.OK
    fresh = findings.lines - findings.bad - known.total()
    if as_json:
        write_json({**_counts(findings), "new": fresh, "known": dict(known), "exit_code": code})
        return code
    rows = [*_rows(findings), ("new to the ledger", fresh)]
    rows += [(f"known as {state}", count) for state, count in sorted(known.items())]
    rows += [("bad lines", f"{findings.bad}; --check tells them")] if findings.bad else []
    write_rows("This would be charged. Nothing was sent.", rows, exit_code=code)
    return code


def tell_bad(line: Line) -> None:
    """Write a bad line to stdout."""
    if line.request is None:
        write_text(f"{bad_line(line)}\n")
