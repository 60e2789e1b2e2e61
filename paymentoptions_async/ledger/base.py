"""What every ledger promises, and the rules that all of them ask.

A record is claimed before the first byte leaves and finished with the token of that claim. The rules are plain
functions over a record, so that a store has to bring nothing but its reading and writing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from ..errors import ReferenceConflictError, ReferenceInUseError
from ..models.outcome import Outcome, State

__all__ = ["Claim", "Ledger", "Record", "claim_rule", "finish_rule"]


class Record(NamedTuple):
    """What the ledger knows of one reference. It never holds a card number in clear, nor a CVC in any form.

    Attributes:
        merchant_txn_ref: The reference.
        fingerprint: A keyed hash of the content that was charged under it.
        token: Counts the claims. Only the holder of the last one may finish.
        lease_ends: Until when the holder may be at it, in seconds of the wall clock (UTC).
        outcome: What is known so far; `SENDING` while a holder is at it.
    """

    merchant_txn_ref: str
    fingerprint: bytes
    token: int
    lease_ends: float
    outcome: Outcome


class Claim(NamedTuple):
    """The right to send, once.

    Attributes:
        merchant_txn_ref: The reference.
        token: Proves the right when the charge is finished.
        attempts: How many times this reference was sent before, by earlier claims.
    """

    merchant_txn_ref: str
    token: int
    attempts: int


class Ledger(Protocol):
    """A store of records, unique by reference.

    Both calls are atomic. If its caller is cancelled meanwhile, `finish` runs to its end all the same, and `claim`
    gives the right back before the cancel goes on.
    """

    async def claim(self, merchant_txn_ref: str, fingerprint: bytes, lease: float) -> Claim | Outcome:
        """Ask for the right to send.

        Args:
            merchant_txn_ref: The reference.
            fingerprint: A keyed hash of what is to be charged.
            lease: Seconds that the charge may take. After them its outcome counts as unknown.

        Returns:
            The right, or the outcome of an earlier charge, in which case nothing may be sent.

        Raises:
            ReferenceConflictError: The reference stands for other content.
            ReferenceInUseError: Somebody else holds the right now.
        """
        ...

    async def finish(self, claim: Claim, outcome: Outcome) -> None:
        """Write down what became of a claim. One that has been superseded changes nothing."""
        ...


def claim_rule(
    record: Record | None, merchant_txn_ref: str, fingerprint: bytes, *, now: float, lease: float
) -> Record | Outcome:
    """Who may send: the new record to be stored, or the outcome to be told instead.

    Args:
        record: What is stored, or `None`.
        merchant_txn_ref: The reference.
        fingerprint: Of the content that is to be charged.
        now: Seconds of the wall clock (UTC).
        lease: Seconds.

    Raises:
        ReferenceConflictError: The reference stands for other content.
        ReferenceInUseError: Somebody else holds the right now.
    """
    if record is None:
        return _claimed(merchant_txn_ref, fingerprint, 1, 0, now + lease)
    attempts = record.outcome.attempts
    if record.outcome.state is State.REFUSED:
        # Nothing was charged, and mending the request may be what is being tried.
        return _claimed(merchant_txn_ref, fingerprint, record.token + 1, attempts, now + lease)
    if record.fingerprint != fingerprint:
        raise ReferenceConflictError(
            "this merchant_txn_ref stands for another charge",
            merchant_txn_ref=merchant_txn_ref,
        )
    if record.outcome.state is not State.SENDING:
        return record.outcome
    if now < record.lease_ends:
        raise ReferenceInUseError(
            "this merchant_txn_ref is being charged by another client",
            merchant_txn_ref=merchant_txn_ref,
            lease_ends=datetime.fromtimestamp(record.lease_ends, UTC),
        )
    return Outcome(
        state=State.UNKNOWN,
        attempts=attempts,
        evidence=("the process that was charging it ended without a word",),
    )


def _claimed(reference: str, fingerprint: bytes, token: int, attempts: int, lease_ends: float) -> Record:
    return Record(reference, fingerprint, token, lease_ends, Outcome(state=State.SENDING, attempts=attempts))


def finish_rule(record: Record, claim: Claim, outcome: Outcome) -> Record:
    """The record after its end. A claim whose token is not the last one changes nothing."""
    if record.token != claim.token or record.outcome.state is not State.SENDING:
        return record
    return record._replace(outcome=outcome)
