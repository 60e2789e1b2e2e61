"""What became of a charge: the value that is judged, stored in the ledger and delivered."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

import orjson

from . import lenient
from .codes import Reason

__all__ = ["NAMED_BY", "Outcome", "Refusal", "State"]

NAMED_BY: Final = "named_by"
"""The member of a stored answer that tells an id apart which did not come with the gateway's own answer."""


class State(StrEnum):
    """Where a charge is. All but `SENDING` and `REFUSED` are for good, as far as this client can tell."""

    SENDING = "sending"
    PAID = "paid"
    PARTIAL = "partial"
    CHALLENGED = "challenged"
    DECLINED = "declined"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Refusal(StrEnum):
    """Why a charge in state `REFUSED` never began. The same reference may be charged again.

    `NOT_CHARGED` is the word of a person about what was unknown.
    """

    INVALID = "invalid"
    AUTHENTICATION = "authentication"
    RATE_LIMITED = "rate_limited"
    NOT_SENT = "not_sent"
    NOT_CHARGED = "not_charged"


class Outcome(NamedTuple):
    """What is known of a charge after its attempts.

    Attributes:
        state: What happened to the money.
        evidence: What was seen, oldest first; free of card data.
        attempts: How many attempts were made under this reference, earlier calls included.
        answer: The gateway's answer, masked JSON, where a readable one came. Kept as bytes: a ledger in memory holds
            many, and a tree of each would make every garbage collection walk through all of them.
        status: Its HTTP status.
        reason: The class of its response code, where it had a known one.
        response_code: The acquirer's code.
        gateway_code: The gateway's own code.
        refusal: Why, where the state is `REFUSED`.
        retry_after: Seconds that the gateway asked to wait.
        lost: Whether the state is `UNKNOWN` because an answer was lost, and not because the gateway itself said so.
        contradicted: Whether the ledger that gives it knows of something that contradicts it.
    """

    state: State
    evidence: tuple[str, ...] = ()
    attempts: int = 1
    answer: bytes | None = None
    status: int | None = None
    reason: Reason | None = None
    response_code: int | None = None
    gateway_code: str | None = None
    refusal: Refusal | None = None
    retry_after: float | None = None
    lost: bool = False
    contradicted: bool = False

    @property
    def transaction_id(self) -> str | None:
        """The gateway's id, where its own answer told one. Read at each call."""
        return self._id(named=False)

    @property
    def named_id(self) -> str | None:
        """An id that a webhook has named and nobody has confirmed. Read at each call."""
        return self._id(named=True)

    def _id(self, *, named: bool) -> str | None:
        answer = lenient.part(orjson.loads(self.answer)) if self.answer else {}
        if (NAMED_BY in answer) is not named:
            return None
        return lenient.identity(lenient.part(answer.get("transaction_details")).get("id"))
