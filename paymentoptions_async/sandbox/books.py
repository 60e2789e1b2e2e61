"""The sandbox's books: what was asked, charged, stored and noted."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, InvalidOperation
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from paymentoptions_async.redaction import may_hold_card_number, redact

from .records import DeliveryRecord, Log, RequestRecord
from .state import TransactionState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from .plans import Subscription
    from .state import HostedPage, StoredCard, Transaction
    from .storage import Storage

__all__ = ["Books"]

_FIRST_REF: Final = 74797  # as in the vendor's sample


class Books:
    """All that one sandbox remembers.

    Args:
        storage: Where it is kept as well, so that it outlives the process.
    """

    def __init__(self, storage: Storage | None = None) -> None:
        self.attempts: Counter[str] = Counter()
        self.charges: Counter[str] = Counter()
        self.cards: dict[str, StoredCard] = {}
        self.pages: dict[str, HostedPage] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.storage = storage
        self._transactions: dict[str, Transaction] = {}
        self._by_ref: dict[str, list[Transaction]] = {}
        self._challenges: dict[str, Transaction] = {}
        self._shared: dict[bytes, dict[str, Any]] = {}
        self._requests: Log[RequestRecord] = Log()
        self._deliveries: Log[DeliveryRecord] = Log()
        self._refs = count(_FIRST_REF)
        self._serials = count(1)

    # --- looking ----------------------------------------------------------------------------------

    def transaction(self, transaction_id: str) -> Transaction | None:
        """The transaction that the gateway gave this id."""
        return self._transactions.get(transaction_id)

    def transactions(self) -> tuple[Transaction, ...]:
        """All, oldest first."""
        return tuple(self._transactions.values())

    def transactions_of(self, ref: str) -> tuple[Transaction, ...]:
        """All of a reference, oldest first."""
        return tuple(self._by_ref.get(ref, ()))

    def first(self, ref: str) -> Transaction | None:
        """The transaction that a reference was first used for; a page that nobody has paid does not use it."""
        for transaction in self._by_ref.get(ref, ()):
            if transaction.page is None or transaction.state is not TransactionState.PENDING:
                return transaction
        return None

    def challenge(self, token: str) -> Transaction | None:
        """The transaction whose 3-D Secure page has this token."""
        return self._challenges.get(token)

    def pages_of(self, ref: str) -> tuple[HostedPage, ...]:
        """The hosted pages of a reference, oldest first."""
        pages = (transaction.page for transaction in self._by_ref.get(ref, ()))
        return tuple(self.pages[page] for page in pages if page is not None)

    def subscriptions_of(self, ref: str) -> tuple[Subscription, ...]:
        """The subscriptions of a reference, oldest first."""
        return tuple(one for one in self.subscriptions.values() if one.ref == ref)

    def requests_of(self, ref: str) -> tuple[RequestRecord, ...]:
        """The newest requests about a reference, oldest first."""
        return self._requests.of(ref)

    def deliveries_of(self, ref: str) -> tuple[DeliveryRecord, ...]:
        """The newest attempts to deliver a webhook about a reference, oldest first."""
        return self._deliveries.of(ref)

    def balance(self, ref: str) -> Decimal:
        """What the merchant has of a reference: captured and not refunded."""
        return sum((transaction.balance for transaction in self._by_ref.get(ref, ())), Decimal(0))

    def search(self, text: str, limit: int, offset: int = 0) -> list[Transaction]:
        """Transactions whose reference, id or masked card holds the text, or whose amount it is; newest first.

        Args:
            text: What to look for, in any case; an empty one finds all.
            limit: How many to give.
            offset: How many to leave out first.
        """
        return list(islice(self._found(text.strip().lower()), offset, offset + limit))

    def _found(self, text: str) -> Iterator[Transaction]:
        try:
            amount = Decimal(text)
        except InvalidOperation:
            amount = None
        for transaction in reversed(self._transactions.values()):
            told = f"{transaction.merchant_txn_ref}\n{transaction.id}\n{transaction.masked_card or ''}"
            if text in told.lower() or transaction.amount == amount:
                yield transaction

    # --- writing ----------------------------------------------------------------------------------

    def next_ref(self) -> int:
        """The gateway's own counter of transactions."""
        return next(self._refs)

    def next_serial(self) -> int:
        """The counter of the records."""
        return next(self._serials)

    def shared(self, part: dict[str, Any]) -> dict[str, Any]:
        """The first part that is equal to this one: ten thousand purchases of a test have one payer.

        A card number that stands where none belongs is masked, since a part is kept.
        """
        written = orjson.dumps(part)
        if may_hold_card_number(written):
            part = redact(part)
            written = orjson.dumps(part)
        return self._shared.setdefault(written, part)

    def attempt(self, ref: str) -> None:
        """A request to charge was read."""
        self.attempts[ref] += 1
        self._keep("attempts", ref, self.attempts[ref])

    def enter(self, transaction: Transaction) -> None:
        """Write a new transaction down."""
        self._transactions[transaction.id] = transaction
        self._by_ref.setdefault(transaction.merchant_txn_ref, []).append(transaction)
        if transaction.challenge is not None:
            self._challenges[transaction.challenge] = transaction
        if transaction.charged:
            self.charges[transaction.merchant_txn_ref] += 1
        self._keep("transaction", transaction.id, transaction)

    def change(self, transaction: Transaction, *, charged: bool = False) -> None:
        """Write down what has become of a transaction.

        Args:
            transaction: As it is now.
            charged: Whether money has moved to the merchant by it just now.
        """
        if transaction.challenge is not None:
            self._challenges[transaction.challenge] = transaction
        if charged:
            self.charges[transaction.merchant_txn_ref] += 1
        self._keep("transaction", transaction.id, transaction)

    def store_card(self, token: str, card: StoredCard) -> None:
        """Keep a card under a token."""
        self.cards[token] = card
        self._keep("card", token, card)

    def keep_page(self, page: HostedPage) -> None:
        """Write a hosted page down, new or changed."""
        self.pages[page.id] = page
        self._keep("page", page.id, page)

    def keep_subscription(self, subscription: Subscription) -> None:
        """Write a subscription down, new or changed."""
        self.subscriptions[subscription.id] = subscription
        self._keep("subscription", subscription.id, subscription)

    def keep_clock(self, ahead: timedelta) -> None:
        """Write down by how much the clock was turned on."""
        self._keep("clock", "ahead", ahead.total_seconds())

    def count_from(self, *, ref: int, serial: int) -> None:
        """Go on counting after these."""
        self._refs = count(max(ref + 1, _FIRST_REF))
        self._serials = count(serial + 1)

    def note_request(self, record: RequestRecord) -> None:
        """Note a request that was served."""
        self._note("request", record, self._requests.add(record))

    def note_delivery(self, record: DeliveryRecord) -> None:
        """Note an attempt to deliver a webhook."""
        self._note("delivery", record, self._deliveries.add(record))

    def _note(
        self, kind: str, record: RequestRecord | DeliveryRecord, forgotten: list[RequestRecord] | list[DeliveryRecord]
    ) -> None:
        self._keep(kind, str(record.serial), record)
        if self.storage is not None:
            for old in forgotten:
                self.storage.drop(kind, str(old.serial))

    def _keep(self, kind: str, key: str, value: object) -> None:
        if self.storage is not None:
            self.storage.put(kind, key, value)
