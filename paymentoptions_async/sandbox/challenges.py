"""3-D Secure: the payer answers at the page of a challenge."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from .booking import settle
from .rules import decision_of
from .state import PageState, TransactionState

if TYPE_CHECKING:
    from .gateway import Gateway
    from .state import Transaction

__all__ = ["ChallengeAnswer", "answer_challenge", "find_challenge", "way_back"]

# The only code of class `authentication_required` in the vendor's table.
_NOT_AUTHENTICATED: Final = 65


class ChallengeAnswer(StrEnum):
    """What the payer does at the page."""

    APPROVE = "approve"
    DECLINE = "decline"
    CANCEL = "cancel"
    TIME_OUT = "time_out"


def find_challenge(gateway: Gateway, token: str) -> Transaction | None:
    """The transaction whose 3-D Secure page has this token."""
    return gateway.books.challenge(token)


def answer_challenge(gateway: Gateway, transaction: Transaction, answer: ChallengeAnswer) -> str:
    """Settle a challenge as the payer answers it. A second answer changes nothing.

    Await `gateway.finish()` before the payer is sent on.

    Args:
        gateway: Where it was made.
        transaction: One with a challenge.
        answer: Approved, it is decided by the card and the amount; timed out, it stays undecided, and no webhook
            is sent.

    Returns:
        Where the payer is sent to.
    """
    if transaction.state is TransactionState.PENDING:
        _settle(gateway, transaction, answer)
        _close_page(gateway, transaction)
    return way_back(transaction)


def _settle(gateway: Gateway, transaction: Transaction, answer: ChallengeAnswer) -> None:
    match answer:
        case ChallengeAnswer.APPROVE if transaction.card is not None:
            settle(gateway, transaction, gateway.decide(transaction.card.rule, transaction.amount, version=1))
        case ChallengeAnswer.TIME_OUT:
            transaction.state = TransactionState.TIMED_OUT
            gateway.books.change(transaction)
        case ChallengeAnswer.CANCEL:
            refused = decision_of(_NOT_AUTHENTICATED, transaction.amount)
            settle(gateway, transaction, refused, TransactionState.CANCELLED)
        case _:
            settle(gateway, transaction, decision_of(_NOT_AUTHENTICATED, transaction.amount))


def _close_page(gateway: Gateway, transaction: Transaction) -> None:
    if transaction.page is not None:
        page = gateway.books.pages[transaction.page]
        page.state = PageState.DONE
        gateway.books.keep_page(page)


def way_back(transaction: Transaction) -> str:
    """Where the payer is sent to when all is said."""
    urls = transaction.return_urls
    name = "success_url" if transaction.decision.approved else "decline_url"
    if transaction.state is TransactionState.CANCELLED and urls.get("cancel_url"):
        name = "cancel_url"
    url: str = urls[name]
    return url
