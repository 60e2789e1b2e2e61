"""What can go wrong on the wire, as values with a text form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, Self

import attrs

__all__ = ["FAULT_KINDS", "Fault", "Faults", "Position", "draw_from"]

Position = Literal["before_read", "after_read", "before_commit", "after_commit", "in_headers", "in_body"]


class _Kind(NamedTuple):
    positions: tuple[Position, ...]
    seconds: float | None
    tells: str


_DEATH: Final[tuple[Position, ...]] = (
    "before_read",
    "after_read",
    "after_commit",
    "in_headers",
    "in_body",
)
_STATUS: Final[tuple[Position, ...]] = ("before_commit", "after_commit")

FAULT_KINDS: Final[dict[str, _Kind]] = {
    "refuse": _Kind(("before_read",), 0.05, "the request is reset, then the port refuses connections for some seconds"),
    "reset": _Kind(_DEATH, None, "the connection is reset"),
    "close": _Kind(_DEATH, None, "the connection is closed"),
    "hang": _Kind(_DEATH[:3], None, "the connection stays open and nothing comes"),
    "garbage": _Kind(("after_commit",), None, "the answer is not HTTP"),
    "garbage_body": _Kind(("after_commit",), None, "the answer is 201 with a body that is not JSON"),
    "empty_body": _Kind(("after_commit",), None, "the answer is 201 with an empty body"),
    "big_body": _Kind(("after_commit",), None, "the answer is 201 with 1.5 MiB of garbage"),
    "drip": _Kind(("after_commit",), 0.05, "the right answer comes in pieces over some seconds"),
    "429": _Kind(("before_commit",), 1.0, "too many requests, with Retry-After in seconds or a date"),
    "500": _Kind(_STATUS, None, "internal server error, as JSON"),
    "502": _Kind(_STATUS, None, "bad gateway, a proxy's HTML"),
    "503": _Kind(_STATUS, None, "service unavailable, as JSON"),
    "504": _Kind(_STATUS, None, "gateway timeout, a proxy's HTML"),
}


def _known(kind: str) -> str:
    if kind not in FAULT_KINDS:
        raise ValueError(f"no fault {kind!r}: one of {', '.join(FAULT_KINDS)}")
    return kind


def _worst_position(fault: Fault) -> Position:
    positions = FAULT_KINDS[fault.kind].positions
    return "after_commit" if "after_commit" in positions else positions[0]


def _fits(fault: Fault, _attribute: attrs.Attribute[Position], at: Position) -> None:
    positions = FAULT_KINDS[fault.kind].positions
    if at not in positions:
        raise ValueError(f"no fault {fault.kind}:{at}: at one of {', '.join(positions)}")


def _timed(fault: Fault, _attribute: attrs.Attribute[float | None], seconds: float | None) -> None:
    timed = FAULT_KINDS[fault.kind].seconds is not None
    if timed != (seconds is not None) or (seconds is not None and not seconds >= 0):
        rule = "seconds, 0 or more" if timed else "no seconds"
        raise ValueError(f"fault {fault.kind}: takes {rule}")


def _dated(fault: Fault, _attribute: attrs.Attribute[bool], as_date: bool) -> None:
    if as_date and (fault.kind != "429" or fault.seconds != FAULT_KINDS["429"].seconds):
        raise ValueError(f"fault {fault.kind}: takes no date, or not so far ahead")


@attrs.frozen
class Fault:
    """One thing that goes wrong with one request.

    The text form is `kind`, `kind:position` or `kind:seconds` (`reset:in_body`, `drip:0.2`,
    `429:date`); `Fault.parse(str(fault)) == fault`.

    Attributes:
        kind: One of `FAULT_KINDS`.
        at: Where on the request's way it strikes. By default after the money moved, where the kind
            can.
        seconds: How long a `refuse` or `drip` lasts, or the `Retry-After` of a `429`.
        as_date: Whether a `429` gives its `Retry-After` as an HTTP date, 1 second ahead.

    Raises:
        ValueError: There is no such fault, or not there.
    """

    kind: str = attrs.field(converter=_known)
    at: Position = attrs.field(default=attrs.Factory(_worst_position, takes_self=True), validator=_fits)
    seconds: float | None = attrs.field(
        default=attrs.Factory(lambda fault: FAULT_KINDS[fault.kind].seconds, takes_self=True),
        validator=_timed,
    )
    as_date: bool = attrs.field(default=False, validator=_dated)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form.

        Raises:
            ValueError: There is no such fault.
        """
        kind, _, detail = text.partition(":")
        if not detail:
            return cls(kind)
        if FAULT_KINDS[_known(kind)].seconds is None:
            return cls(kind, at=detail)  # type: ignore[arg-type]  # the validator tells
        return cls(kind, as_date=True) if detail == "date" else cls(kind, seconds=float(detail))

    def __str__(self) -> str:
        if self.as_date:
            return f"{self.kind}:date"
        if self.seconds is not None:
            return f"{self.kind}:{self.seconds:.15g}"
        return f"{self.kind}:{self.at}" if len(FAULT_KINDS[self.kind].positions) > 1 else self.kind


Faults = Iterable[Fault | str | None] | Callable[[], Fault | str | None]


def draw_from(faults: Faults) -> Callable[[], Fault | None]:
    """A function that gives the fault of the next request, or `None`.

    Args:
        faults: One for each request in order of arrival, none after the last; or a callable that is
            asked for each request.

    Raises:
        ValueError: A text in a sequence is no fault. Other iterables are read as they are drawn.
    """
    if callable(faults):
        ask = faults
        return lambda: _fault(ask())
    if isinstance(faults, Sequence):
        faults = [_fault(fault) for fault in faults]
    rest: Iterator[Fault | str | None] = iter(faults)
    return lambda: _fault(next(rest, None))


def _fault(fault: Fault | str | None) -> Fault | None:
    return Fault.parse(fault) if isinstance(fault, str) else fault
