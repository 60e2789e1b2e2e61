"""What became of one line of a file, as it is written down: a flat object, whose members are all always there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from ..models import lenient
from ..models.purchase_request import PurchaseRequest
from ..models.rules import amount_text
from .result import ChargeOutcome, ChargeResult
from .sources import Line

__all__ = [
    "DOUBTFUL", "FINAL", "MEMBERS", "OPEN", "UNTOUCHED", "Place", "entry_of", "identity_of", "is_entry",
    "refused_entry", "request_identity",
]  # fmt: skip

MEMBERS: Final = (
    "line", "merchant_txn_ref", "outcome", "money", "transaction_id", "amount", "currency", "moved", "card", "reason",
    "response_code", "gateway_code", "error", "message", "evidence", "redirect_url", "replayed", "recorded", "seconds",
    "time", "gateway", "merchant_id",
)  # fmt: skip
"""The members in their order. `amount` is what was asked, `moved` what moved of it, both as text."""

FINAL: Final = frozenset({ChargeOutcome.PAID, ChargeOutcome.DECLINED, ChargeOutcome.PARTIAL})
"""Outcomes that no further run can change: their lines are passed over."""

OPEN: Final = frozenset({ChargeOutcome.UNKNOWN, ChargeOutcome.CHALLENGE, ChargeOutcome.PARTIAL})
"""Outcomes that somebody has to look at."""

DOUBTFUL: Final = OPEN - FINAL
"""Those of them that may still come to be anything."""

UNTOUCHED: Final = frozenset({ChargeOutcome.REFUSED, ChargeOutcome.NOT_SENT})
"""Outcomes of a try that touched no money."""

_REFUSED: Final = "not touched"
_UNRECORDED: Final = "the ledger does not say so"


class Place(NamedTuple):
    """Where a run charges.

    Attributes:
        gateway: The address of the gateway.
        merchant_id: Goes out where a request has none of its own.
    """

    gateway: str
    merchant_id: str


def entry_of(line: Line, result: ChargeResult, place: Place, at: datetime) -> dict[str, Any]:
    """Of a line that was charged, or tried.

    Args:
        line: With its request.
        result: What became of it.
        place: Where it was charged.
        at: When that was known.
    """
    payment, challenge, error = result.payment, result.challenge, result.error
    answered = payment or getattr(error, "payment", None)
    found = payment or challenge or error
    moved = answered if result.outcome in (ChargeOutcome.PAID, ChargeOutcome.PARTIAL) else None
    recorded = getattr(found, "recorded", True)
    return _entry(line, place) | {
        "outcome": result.outcome.value,
        "money": result.money if recorded else f"{result.money}; {_UNRECORDED}",
        "transaction_id": getattr(answered or challenge or error, "transaction_id", None),
        "moved": f"{moved.amount:f}" if moved else None,
        "reason": getattr(error, "reason", None),
        "response_code": getattr(error, "response_code", None),
        "gateway_code": getattr(error, "gateway_code", None),
        "error": type(error).__name__ if error else None,
        "message": str(error.args[0]) if error else None,
        "evidence": list(getattr(error, "evidence", ())),
        "redirect_url": challenge.redirect_url if challenge else None,
        "replayed": result.replayed,
        "recorded": recorded,
        "seconds": round(result.seconds, 6),
        "time": at.isoformat(timespec="milliseconds"),
    }


def refused_entry(line: Line, place: Place, at: datetime) -> dict[str, Any]:
    """Of a line in which something is wrong, so that nothing was tried.

    Args:
        line: With its problems.
        place: Where it would have been charged.
        at: When.
    """
    return _entry(line, place) | {
        "outcome": ChargeOutcome.REFUSED.value,
        "money": _REFUSED,
        "error": "InvalidRequestError",
        "message": "; ".join(map(str, line.problems)),
        "replayed": False,
        "recorded": True,
        "time": at.isoformat(timespec="milliseconds"),
    }


def _entry(line: Line, place: Place) -> dict[str, Any]:
    request = line.request
    asked = dict.fromkeys(MEMBERS) | {"line": line.number, "merchant_txn_ref": line.reference, "evidence": []}
    if request is None:
        return asked | {"gateway": place.gateway, "merchant_id": place.merchant_id}
    return asked | dict(zip(_IDENTITY, _identity(request, place), strict=True))


_IDENTITY: Final = ("gateway", "merchant_id", "merchant_txn_ref", "amount", "currency", "card")


def _identity(request: PurchaseRequest, place: Place) -> tuple[str | None, ...]:
    return (
        place.gateway,
        request.merchant_id or place.merchant_id,
        request.merchant_txn_ref,
        amount_text(request.amount),
        request.currency,
        request.card.masked if request.card else None,
    )


def request_identity(request: PurchaseRequest, place: Place) -> int:
    """What an entry must have in common with a request to be about it, in 64 bits.

    Args:
        request: Of a line.
        place: Where it is to be charged.
    """
    return hash(_identity(request, place)) & 0xFFFF_FFFF_FFFF_FFFF


def identity_of(entry: Mapping[str, Any]) -> int:
    """The same of an entry."""
    return hash(tuple(entry.get(name) for name in _IDENTITY)) & 0xFFFF_FFFF_FFFF_FFFF


# --- what was read ----------------------------------------------------------------------------------------

_TEXT: Final = (str,)
_MAYBE: Final = (str, type(None))
_KINDS: Final[Mapping[str, tuple[type, ...]]] = dict.fromkeys(MEMBERS, _MAYBE) | {
    "line": (int,), "outcome": _TEXT, "evidence": (list,), "replayed": (bool,), "recorded": (bool,), "time": _TEXT,
    "gateway": _TEXT, "merchant_id": _TEXT, "response_code": (int, type(None)), "seconds": (int, float, type(None)),
}  # fmt: skip
_OUTCOMES: Final = frozenset(map(str, ChargeOutcome))
_YEAR: Final = 31_536_000.0


def is_entry(value: object) -> bool:
    """Whether what was read from a file is an entry, so that nothing in it fails later."""
    if not isinstance(value, dict) or not all(type(value.get(name, ...)) in kinds for name, kinds in _KINDS.items()):
        return False
    return (
        value["outcome"] in _OUTCOMES
        and _is_amount(value["amount"], or_none=value["currency"] is None)
        and _is_amount(value["moved"], or_none=True)
        and 0 <= (value["seconds"] or 0) <= _YEAR
        and all(isinstance(seen, str) for seen in value["evidence"])
        and _is_time(value["time"])
    )


def _is_amount(text: str | None, *, or_none: bool) -> bool:
    return or_none if text is None else lenient.decimal(text) is not None


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).timestamp() >= 0
    except (ValueError, OverflowError):
        return False
