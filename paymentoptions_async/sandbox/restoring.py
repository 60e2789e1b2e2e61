"""The books as a database kept them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import orjson

from .plans import Subscription
from .records import DeliveryRecord, RequestRecord
from .state import HostedPage, StoredCard, Transaction
from .storage import CONVERTER
from .webhooks import Letter

if TYPE_CHECKING:
    from .books import Books
    from .storage import Entries

__all__ = ["ahead_of", "letters_of", "restore"]

_NONE: Final[dict[str, bytes]] = {}


def restore(books: Books, entries: Entries) -> None:
    """Fill empty books."""
    transactions = [CONVERTER.loads(json, Transaction) for json in entries.get("transaction", _NONE).values()]
    for transaction in sorted(transactions, key=lambda one: one.ref):
        transaction.addresses = books.shared(transaction.addresses)
        transaction.return_urls = books.shared(transaction.return_urls)
        books.enter(transaction)
    for token, json in entries.get("card", _NONE).items():
        books.cards[token] = CONVERTER.loads(json, StoredCard)
    for key, json in entries.get("page", _NONE).items():
        books.pages[key] = CONVERTER.loads(json, HostedPage)
    for key, json in entries.get("subscription", _NONE).items():
        books.subscriptions[key] = CONVERTER.loads(json, Subscription)
    for ref, json in entries.get("attempts", _NONE).items():
        books.attempts[ref] = orjson.loads(json)
    requests = [CONVERTER.loads(json, RequestRecord) for json in entries.get("request", _NONE).values()]
    for request in sorted(requests, key=lambda one: one.serial):
        books.note_request(request)
    deliveries = [CONVERTER.loads(json, DeliveryRecord) for json in entries.get("delivery", _NONE).values()]
    for delivery in sorted(deliveries, key=lambda one: one.serial):
        books.note_delivery(delivery)
    last = max(
        (int(serial) for kind in ("request", "delivery", "letter") for serial in entries.get(kind, _NONE)), default=0
    )
    books.count_from(ref=max((one.ref for one in transactions), default=0), serial=last)


def ahead_of(entries: Entries) -> timedelta:
    """By how much the clock was turned on."""
    return timedelta(seconds=orjson.loads(entries.get("clock", _NONE).get("ahead", b"0")))


def letters_of(entries: Entries) -> list[Letter]:
    """The webhooks that were under way."""
    return [CONVERTER.loads(json, Letter) for json in entries.get("letter", _NONE).values()]
