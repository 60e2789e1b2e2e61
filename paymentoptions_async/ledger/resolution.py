"""What settles an unknown outcome: a word about the money, and whose it is."""

from __future__ import annotations

from typing import NamedTuple, Self

import orjson

from ..errors import InvalidRequestError, Problem
from ..models.outcome import NAMED_BY, Outcome, Refusal, State
from ..redaction import redact_text

__all__ = ["Resolution"]

_LONGEST = 500


class Resolution(NamedTuple):
    """How a charge of unknown outcome ended after all. A person makes one of `paid`, `declined` and `not_charged`.

    Attributes:
        outcome: What happened to the money.
        by: Who says so: a person's name, or what was asked.
        reason: How that is known.
        token: Of the claim that the gateway itself was asked about; `None` where a person says so.
    """

    outcome: Outcome
    by: str
    reason: str
    token: str | None = None

    @classmethod
    def paid(cls, *, by: str, reason: str, transaction_id: str | None = None) -> Self:
        """The money moved, once. Later calls with this reference get the payment.

        Args:
            by: The name of who has looked.
            reason: How that is known, such as the portal's entry.
            transaction_id: The gateway's id; may be left out where its unclear answer told it.

        Raises:
            InvalidRequestError: A text is empty or too long.
        """
        answer = None
        if transaction_id is not None:
            if _text("transaction_id", transaction_id) != transaction_id:
                raise _wrong(Problem("transaction_id", "the gateway's id, which is no card number"))
            answer = orjson.dumps({"transaction_details": {"id": transaction_id}})
        return cls._made(Outcome(state=State.PAID, answer=answer), by, reason)

    @classmethod
    def declined(cls, *, by: str, reason: str) -> Self:
        """The issuer or a risk rule said no. Later calls with this reference are told so; a new try takes a new one.

        Args:
            by: The name of who has looked.
            reason: How that is known.

        Raises:
            InvalidRequestError: A text is empty or too long.
        """
        return cls._made(Outcome(state=State.DECLINED), by, reason)

    @classmethod
    def not_charged(cls, *, by: str, reason: str) -> Self:
        """The gateway knows nothing of the charge. **The next call with this reference sends it again.**

        Args:
            by: The name of who has looked.
            reason: How that is known.

        Raises:
            InvalidRequestError: A text is empty or too long.
        """
        return cls._made(Outcome(state=State.REFUSED, refusal=Refusal.NOT_CHARGED), by, reason)

    @classmethod
    def named(cls, transaction_id: str, token: str) -> Self:
        """Nothing is settled, but a webhook has named the transaction: now the gateway can be asked for it.

        Args:
            transaction_id: The gateway's id.
            token: Of the claim that it is about.
        """
        reason = f"a webhook named transaction {transaction_id}"
        # Told apart from an id that came with an answer to the charge: what is asked by this one must name the charge.
        answer = orjson.dumps({NAMED_BY: "a webhook", "transaction_details": {"id": transaction_id}})
        return cls(Outcome(state=State.UNKNOWN, evidence=(reason,), answer=answer), "a webhook", reason, token)

    @classmethod
    def _made(cls, outcome: Outcome, by: str, reason: str) -> Self:
        by, reason = _text("by", by), _text("reason", reason)
        return cls(outcome._replace(evidence=(f"{outcome.state} by the word of {by}: {reason}",)), by, reason)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST or not value.isprintable():
        raise _wrong(Problem(name, f"a text of 1 to {_LONGEST} printable characters"))
    return redact_text(value.strip())


def _wrong(problem: Problem) -> InvalidRequestError:
    return InvalidRequestError(f"not resolved: {problem}", problems=(problem,))
