"""What every ledger promises, and the values that it deals in.

A record is claimed before the first byte leaves and finished with the token of that claim. What may be done in which
state is told by `rules`, so that a store has to bring nothing but its reading and writing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from ..models.outcome import Outcome
from .resolution import Resolution

__all__ = ["Claim", "Event", "Intent", "Ledger", "Mark", "Record"]

_PAGE = 500


class Intent(NamedTuple):
    """What is to be charged, as far as a ledger may know it: no card number in clear, no CVC in any form.

    Attributes:
        merchant_txn_ref: The reference.
        fingerprint: A keyed hash of the content.
        operation: The gateway's name of it, such as `payment`.
        amount: As it is sent.
        currency: ISO 4217 code.
        card: The first six and the last four digits.
        former_fingerprints: Of the same content, by keys that were in use before. They are compared, not stored.
        subject: The gateway's id of the transaction that it is done to: captured, voided, refunded.
    """

    merchant_txn_ref: str
    fingerprint: bytes
    operation: str = "payment"
    amount: str = ""
    currency: str = ""
    card: str | None = None
    former_fingerprints: tuple[bytes, ...] = ()
    subject: str | None = None


class Claim(NamedTuple):
    """The right to send, once.

    Attributes:
        merchant_txn_ref: The reference.
        token: Proves the right when the charge is finished.
        attempts: How many times this reference was sent before, by earlier claims.
        intent: What it was asked for, where the holder adds it: a record that is gone when its claim is finished is
            made anew of it.
    """

    merchant_txn_ref: str
    token: str
    attempts: int = 0
    intent: Intent | None = None


class Mark(StrEnum):
    """What sets a record apart.

    Attributes:
        RESOLVED: Its outcome was unknown, and a person has told it since.
        CONTRADICTED: The gateway's own answer came later and says otherwise: money may have moved twice, or be booked
            wrongly. A person must look.
    """

    RESOLVED = "resolved"
    CONTRADICTED = "contradicted"


class Event(NamedTuple):
    """Something that a record went through and that is not its plain course.

    Attributes:
        at: Seconds of the wall clock (UTC).
        what: What happened.
        by: Who or what said so.
        reason: Why.
        state: What the gateway itself has told, where it comes to that.
    """

    at: float
    what: str
    by: str
    reason: str
    state: str | None = None


class Record(NamedTuple):
    """What the ledger knows of one reference.

    Attributes:
        intent: What was to be charged.
        token: Of the last claim. Only its holder may finish.
        lease_ends: Until when the holder may be at it, in seconds of the wall clock (UTC).
        created: When the reference was first claimed, likewise.
        changed: When the record was last changed.
        outcome: What is known so far; `SENDING` while a holder is at it.
        mark: What sets it apart.
        history: What it went through besides, oldest first.
    """

    intent: Intent
    token: str
    lease_ends: float
    created: float
    changed: float
    outcome: Outcome
    mark: Mark | None = None
    history: tuple[Event, ...] = ()

    @property
    def merchant_txn_ref(self) -> str:
        """The reference."""
        return self.intent.merchant_txn_ref


class Ledger(Protocol):
    """A store of records, unique by reference. Each call is atomic, and durable once it has returned.

    All of them raise `LedgerError` where the store cannot be read or written. One that is cancelled may have been
    carried out all the same. Used with `async with`, or closed by `close()`.
    """

    @abstractmethod
    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        """Ask for the right to send.

        Args:
            intent: What is to be charged.
            token: Of the caller's making, and never used before. A claim that is asked for again with its token is
                given again.
            lease: Seconds that the charge may take. After them its outcome counts as unknown.

        Returns:
            The right, or the outcome of an earlier charge, in which case nothing may be sent.

        Raises:
            ReferenceConflictError: The reference stands for other content.
            ReferenceInUseError: Somebody else holds the right now.
        """

    @abstractmethod
    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        """Write down what became of a claim. To do it again changes nothing.

        One that was never sent is given back so, also where it was cancelled and nobody knows whether it was given: a
        server that carries it out later finds that, and gives no right.

        Returns:
            Whether the record says so now, and nothing contradicts it. It does not where the claim was never given, or
            where somebody resolved it meanwhile: then what was sent is noted in the record as a contradiction.
        """

    @abstractmethod
    async def find(self, merchant_txn_ref: str) -> Record | None:
        """What is known of a reference. A lease that has run out is shown as unknown."""

    async def find_all(self, references: Sequence[str]) -> dict[str, Record]:
        """What is known of some references, by reference. A store may ask for them at once."""
        found = [await self.find(reference) for reference in references]
        return {record.merchant_txn_ref: record for record in found if record is not None}

    @abstractmethod
    async def resolve(self, merchant_txn_ref: str, resolution: Resolution) -> Record:
        """Settle what is unknown, what waits for its payer, or what was settled wrongly or contradicted before.

        Returns:
            The record as it is now. To say again what it says already changes nothing.

        Raises:
            InvalidRequestError: There is no such record, or the gateway itself has settled it otherwise.
            ReferenceInUseError: It is being charged now.
        """

    @abstractmethod
    async def page(self, *, after: str, limit: int, unsettled: bool) -> list[Record]:
        """Some records in the order of their references; see `records`."""

    @abstractmethod
    async def prune(self, *, older_than: float) -> int:
        """Forget what was settled and has not changed for a time: its reference can be charged anew.

        What is unknown, waits for its payer, is being charged or is contradicted is never forgotten.

        Args:
            older_than: Seconds, not less than 0.

        Returns:
            How many records were forgotten.

        Raises:
            InvalidRequestError: Another number.
        """

    @abstractmethod
    async def close(self) -> None:
        """Write what is still to be written, and let the store go."""

    async def records(self, *, unsettled: bool = False) -> AsyncIterator[Record]:
        """All records, or those that somebody has to look at, in the order of their references.

        Args:
            unsettled: Only what is unknown, is being charged, waits for its payer or is contradicted.
        """
        after = ""
        while page := await self.page(after=after, limit=_PAGE, unsettled=unsettled):
            for record in page:
                yield record
            after = page[-1].merchant_txn_ref

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
