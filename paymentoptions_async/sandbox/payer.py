"""What a test does for the payer: at 3-D Secure, and at a hosted page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .challenges import ChallengeAnswer, answer_challenge
from .hosted import find_page, pay_page, pay_wallet
from .state import PageState, TransactionState

if TYPE_CHECKING:
    from .gateway import Gateway

__all__ = ["answer_newest_challenge", "pay_newest_page"]


def answer_newest_challenge(gateway: Gateway, ref: str, answer: str) -> str:
    """Answer the newest challenge of a reference that waits, else the newest, and give the URL to go to.

    Raises:
        LookupError: There is none.
    """
    challenged = [one for one in gateway.books.transactions_of(ref) if one.challenge is not None]
    if not challenged:
        raise LookupError("this reference has no challenge")
    waiting = [one for one in challenged if one.state is TransactionState.PENDING]
    return answer_challenge(gateway, (waiting or challenged)[-1], ChallengeAnswer(answer))


def pay_newest_page(gateway: Gateway, ref: str, number: str, amount: str | None) -> str:
    """Pay the newest page of a reference that is open, and give the URL to go to. A wallet approves.

    Raises:
        LookupError: There is none.
        ValueError: The page does not take the number or the amount.
    """
    pages = [find_page(gateway, page.id) for page in gateway.books.pages_of(ref)]
    page = next((page for page in reversed(pages) if page is not None and page.state is PageState.OPEN), None)
    if page is None:
        raise LookupError("this reference has no open page")
    if page.wallet is not None:
        return pay_wallet(gateway, page, approve=True)
    card = {"number": number, "expiry_month": "12", "expiry_year": "30", "cvc": "100", "name": "Test Payer"}
    result = pay_page(gateway, page, **card, amount=amount)
    if result.url is None:
        raise ValueError(", ".join(f"{name}: {problem}" for name, problem in result.problems.items()))
    return result.url
