"""Charges from a file: CSV or JSONL, line by line, each a request or what is wrong with it.

What is in no line of the file may come from the defaults, but for the reference: it is what makes a second run safe.
No value of a line is ever told, since it may be card data in the wrong place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Final, NamedTuple

from ..errors import InvalidRequestError, Problem
from ..models import lenient
from ..models.purchase_request import PurchaseRequest
from ..models.wire import read_members, read_object
from ..redaction import Secret, in_flight, shown_text, without_numbers
from .columns import REFERENCE, Columns, cells_of, known_paths, lay_over
from .lines import SourceError, text_lines
from .references import References

__all__ = ["Line", "Source"]

_NOTHING: Final[Mapping[str, Any]] = {}
_LONGEST_REFERENCE: Final = 45

_Reading = Callable[[str], "dict[str, Any] | list[Problem]"]


class Line(NamedTuple):
    """One charge of the file.

    Attributes:
        number: Of the line, from 1.
        request: What to charge; `None` where something is wrong.
        problems: All that is wrong.
        reference: The reference as it may be shown, where one could be read.
    """

    number: int
    request: PurchaseRequest | None
    problems: tuple[Problem, ...] = ()
    reference: str | None = None


class Source:
    """A file of charges that can be read several times.

    It is JSONL where the first line begins with a brace, else CSV; and packed where it begins as gzip does.

    Args:
        stream: The bytes; can be sought in.
        columns: The paths of the CSV's columns that are not named by them; an empty path leaves a column out.
        defaults: A body in the vendor's form. What a line says goes over its members.

    Raises:
        SourceError: The map or the defaults cannot be used.
    """

    def __init__(
        self, stream: BinaryIO, *, columns: Mapping[str, str] = _NOTHING, defaults: Mapping[str, Any] = _NOTHING
    ) -> None:
        if unknown := [path for path in columns.values() if path and path not in known_paths()]:
            raise SourceError(f"the map leads to what is no member of a body: {without_numbers(', '.join(unknown))}")
        if REFERENCE in defaults:
            raise SourceError(f"the defaults have a {REFERENCE}: every line needs one of its own")
        self._stream = stream
        self._columns = columns
        self._defaults = defaults

    def lines(self, skip: Callable[[int], bool] = lambda _number: False) -> Iterator[Line]:
        """All charges from the first line on. Blocking: read it in a thread.

        Args:
            skip: Tells of a line's number whether it is passed over, without a look at it.

        Raises:
            SourceError: The file cannot be read as a whole. Of the header this is told before any line.
        """
        lines = text_lines(self._stream)
        read, lines = self._reading(lines)
        seen = References()
        for number, text in lines:
            if skip(number):
                continue
            if isinstance(text, Problem):
                yield Line(number, None, (text,))
            else:
                yield _once(self._line(number, read(text)), seen)

    def _reading(
        self, lines: Iterator[tuple[int, str | Problem]]
    ) -> tuple[_Reading, Iterator[tuple[int, str | Problem]]]:
        first = next(lines, None)
        if first is None:
            raise SourceError("there is no line in it")
        _, text = first
        if isinstance(text, Problem):
            raise SourceError(f"the first line: {text.rule}")
        if text.startswith("{"):
            if self._columns:
                raise SourceError("a map is for the columns of CSV, and this is JSONL")
            return _json_body, _chained(first, lines)
        header = cells_of(text)
        if isinstance(header, Problem):
            raise SourceError(f"the header: {header.rule}")
        columns = Columns(header, self._columns)
        return lambda line: _csv_body(columns, line), lines

    def _line(self, number: int, body: dict[str, Any] | list[Problem]) -> Line:
        if isinstance(body, list):
            return Line(number, None, tuple(body))
        if body.get(REFERENCE) is None:
            return Line(number, None, (Problem(REFERENCE, "required in the file itself"),))
        whole = lay_over(self._defaults, body)
        shown = _shown_reference(whole)
        request, problems = read_members(whole, PurchaseRequest)
        if request is None:
            return Line(number, None, tuple(problems), shown)
        try:
            request.check()
        except InvalidRequestError as refusal:
            return Line(number, None, refusal.problems, refusal.merchant_txn_ref)
        if shown != request.merchant_txn_ref:
            # A batch writes references down as they are, in files that are kept.
            return Line(number, None, (Problem(REFERENCE, "a reference that does not look like a card number"),), shown)
        return Line(number, request, (), shown)


def _shown_reference(body: Mapping[str, Any]) -> str | None:
    """The reference without the card number that may stand in it, though nothing else of the line may be in order."""
    reference, number = body[REFERENCE], lenient.part(body.get("card")).get("number")
    if not isinstance(reference, str):
        return None
    with in_flight(Secret(number) if isinstance(number, str) else None):
        return shown_text(reference, _LONGEST_REFERENCE)


def _json_body(line: str) -> dict[str, Any] | list[Problem]:
    body, problems = read_object(line)
    return problems if body is None else body


def _csv_body(columns: Columns, line: str) -> dict[str, Any] | list[Problem]:
    cells = cells_of(line)
    body = cells if isinstance(cells, Problem) else columns.body(cells)
    return [body] if isinstance(body, Problem) else body


def _chained(
    first: tuple[int, str | Problem], rest: Iterator[tuple[int, str | Problem]]
) -> Iterator[tuple[int, str | Problem]]:
    yield first
    yield from rest


def _once(line: Line, seen: References) -> Line:
    if line.request is None:
        return line
    first = seen.first_line(line.request.merchant_txn_ref, line.number)
    if first == line.number:
        return line
    problem = Problem(REFERENCE, f"a reference of its own: it stands on line {first} as well")
    return line._replace(request=None, problems=(problem,))
