"""The sandbox's books: what was asked, charged and stored. No full card number, no CVC."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

if TYPE_CHECKING:
    from .rules import CardRule, Decision

__all__ = ["Books", "StoredCard", "Transaction"]

_FIRST_REF: Final = 74797  # as in the vendor's sample


@attrs.frozen
class StoredCard:
    """What is kept of a card: enough to decide by it and to name it, too little to use it."""

    masked: str
    scheme: str
    rule: CardRule
    name: str
    exp_month: str
    exp_year: str


@attrs.frozen
class Transaction:
    """A decided purchase, with all that its answer says.

    Attributes:
        id: The gateway's id; of a challenge, the token of its page.
        ref: The gateway's counter.
        timestamp: As it is written into the answer.
        decision: What was decided.
        card: The card that paid.
        token: The id under which the card is stored, where it is.
        request: The members of the body that the answers repeat; none of the card.
        addresses: The addresses of the body by their names, shared with the transactions that have the same.
    """

    id: str
    ref: int
    timestamp: str
    decision: Decision
    card: StoredCard
    token: str | None
    request: dict[str, Any]
    addresses: dict[str, Any]


class Books:
    """All that one sandbox remembers."""

    def __init__(self) -> None:
        self.attempts: Counter[str] = Counter()
        self.charges: Counter[str] = Counter()
        self.cards: dict[str, StoredCard] = {}
        self._first: dict[str, Transaction] = {}
        self._decided: dict[str, Transaction] = {}
        self._addresses: dict[bytes, dict[str, Any]] = {}
        self._refs = count(_FIRST_REF)

    def next_ref(self) -> int:
        """The gateway's own counter of transactions."""
        return next(self._refs)

    def first(self, merchant_txn_ref: str) -> Transaction | None:
        """The transaction that a reference was first decided with."""
        return self._first.get(merchant_txn_ref)

    def by_id(self, transaction_id: str) -> Transaction | None:
        """The decided transaction that the gateway gave this id."""
        return self._decided.get(transaction_id)

    def shared(self, addresses: dict[str, Any]) -> dict[str, Any]:
        """The first addresses that are equal to these: ten thousand purchases of a test have one payer."""
        return self._addresses.setdefault(orjson.dumps(addresses), addresses)

    def enter(self, transaction: Transaction, *, charged: bool) -> None:
        """Write a transaction down."""
        merchant_txn_ref = transaction.request["merchant_txn_ref"]
        self._first.setdefault(merchant_txn_ref, transaction)
        if not transaction.decision.challenge:  # nothing is decided, and what it has for an id is a token
            self._decided[transaction.id] = transaction
        if charged:
            self.charges[merchant_txn_ref] += 1
