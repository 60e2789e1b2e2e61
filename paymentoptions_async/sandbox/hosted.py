"""Hosted pages: a link is made by the merchant, and paid by the payer at the gateway."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from .answers import Answer, refusal
from .booking import book, settle, typed_card
from .challenges import way_back
from .contract import amount_problem, check_credentials, check_hosted_page, is_card_number
from .envelopes import challenge_url
from .gateway import Call, Gateway, Operation
from .rules import CardRule, asked_first, decision_of
from .state import HostedPage, Kind, PageState, TransactionState

if TYPE_CHECKING:
    from .state import StoredCard, Transaction

__all__ = [
    "HOSTED_PAGE",
    "HostedPage",
    "PageProblem",
    "PageResult",
    "PageState",
    "cancel_page",
    "find_page",
    "pay_page",
    "pay_wallet",
]

_LIFE: Final = timedelta(days=1)
_REFUSED: Final = 5
_ECHOED: Final = (
    "amount", "currency", "merchant_txn_ref", "merchant_id", "merchant_email", "return_url", "billing_address",
    "shipping_address",
)  # fmt: skip


class PageProblem(StrEnum):
    """What is wrong with a field that the payer filled in."""

    REQUIRED = "required"
    INVALID = "invalid"


@attrs.frozen
class PageResult:
    """What came of an attempt to pay.

    Attributes:
        url: Where the payer is sent to; `None` where a field must be mended first.
        problems: What is wrong, by the name of the field as in `pay_page`.
    """

    url: str | None
    problems: dict[str, PageProblem] = attrs.Factory(dict)


# --- the merchant's side ----------------------------------------------------------------------------------


def _generate(gateway: Gateway, call: Call) -> Answer:
    if why := check_credentials(call.headers) or check_hosted_page(call.body):
        return refusal(why, gateway.switches.error_body)
    body = call.body or {}
    page = _make(gateway, body)
    told = {"id": page.id, "url": f"{gateway.base_url()}/hosted/{page.id}"}
    return Answer(201, orjson.dumps(told | {name: body[name] for name in _ECHOED if name in body}))


def _make(gateway: Gateway, body: dict[str, Any]) -> HostedPage:
    amount = Decimal(str(body["amount"])) if body.get("amount") not in (None, "") else None
    unpaid = {**body, "card": None, "payment_method": None}  # neither a card nor a token is taken from the merchant
    transaction = book(gateway, unpaid, None, Kind.PURCHASE, asked_first(amount or Decimal(0)))
    method = (body.get("payment_method") or {}).get("type") or "scheme"
    page = HostedPage(
        id=gateway.ids(),
        ref=body["merchant_txn_ref"],
        amount=amount,
        currency=body["currency"],
        wallet=None if method == "scheme" else method,
        return_urls=transaction.return_urls,
        expiry=gateway.now() + _LIFE,
        transaction=transaction.id,
    )
    transaction.page, transaction.wallet = page.id, page.wallet
    gateway.books.change(transaction)
    gateway.books.keep_page(page)
    return page


# gateway/API.md, "Operations": the status code is unknown; 201 like every operation that makes something.
HOSTED_PAGE: Final = Operation(_generate)


# --- the payer's side -------------------------------------------------------------------------------------
# Await `gateway.finish()` before the payer is sent on.


def find_page(gateway: Gateway, page_id: str) -> HostedPage | None:
    """The page of this id. One whose time is over becomes expired."""
    page = gateway.books.pages.get(page_id)
    if page is not None and page.state is PageState.OPEN and gateway.now() >= page.expiry:
        transaction = _transaction(gateway, page)
        transaction.state = TransactionState.TIMED_OUT
        gateway.books.change(transaction)
        _close(gateway, page, PageState.EXPIRED)
    return page


def pay_page(
    gateway: Gateway,
    page: HostedPage,
    *,
    number: str,
    expiry_month: str,
    expiry_year: str,
    cvc: str,
    name: str,
    amount: str | None,
) -> PageResult:
    """Pay by card. A page that is done, or expired, is not paid again.

    Args:
        gateway: Where it was made.
        page: The page.
        number: The card number; blanks and hyphens are let pass.
        expiry_month: Two digits.
        expiry_year: Two digits.
        cvc: Three or four digits. It is looked at, and not kept.
        name: The cardholder.
        amount: What the payer types where the page has no amount; else it is not looked at.

    Returns:
        The URL to send the payer to: the merchant's, or that of the 3-D Secure page.
    """
    if page.state is not PageState.OPEN:
        return PageResult(_whereto(gateway, page))
    number = number.replace(" ", "").replace("-", "")
    fields = {"number": number, "expiry_month": expiry_month, "expiry_year": expiry_year, "cvc": cvc, "name": name}
    if page.amount is None:
        fields["amount"] = amount or ""
    if problems := _problems(fields):
        return PageResult(None, problems)
    card = typed_card(number, expiry_month, expiry_year, name)
    return PageResult(_paid(gateway, page, card, page.amount or Decimal(fields["amount"])))


def pay_wallet(gateway: Gateway, page: HostedPage, approve: bool) -> str:
    """Answer for the wallet's holder, and give the URL to send the payer to."""
    if page.state is PageState.OPEN:
        transaction = _transaction(gateway, page)
        if approve:
            decision = gateway.decide(CardRule(), transaction.amount, version=1)
        else:
            decision = decision_of(_REFUSED, transaction.amount)
        settle(gateway, transaction, decision)
        _close(gateway, page, PageState.DONE)
    return _whereto(gateway, page)


def cancel_page(gateway: Gateway, page: HostedPage) -> str:
    """Give up for the payer, and give the URL to send the payer to."""
    if page.state is PageState.OPEN:
        transaction = _transaction(gateway, page)
        settle(gateway, transaction, decision_of(_REFUSED, transaction.amount), TransactionState.CANCELLED)
        _close(gateway, page, PageState.DONE)
    return _whereto(gateway, page)


def _paid(gateway: Gateway, page: HostedPage, card: StoredCard, amount: Decimal) -> str:
    transaction = _transaction(gateway, page)
    transaction.card = card
    decision = gateway.decide(card.rule, amount, version=2)
    if decision.challenge:
        transaction.decision, transaction.challenge = decision, transaction.challenge or gateway.ids()
        gateway.books.change(transaction)
        return challenge_url(transaction, gateway.base_url())
    settle(gateway, transaction, decision)
    _close(gateway, page, PageState.DONE)
    return _whereto(gateway, page)


def _problems(fields: dict[str, str]) -> dict[str, PageProblem]:
    found = {name: PageProblem.REQUIRED for name, value in fields.items() if not value.strip()}
    fitting = {
        "number": len(fields["number"]) <= 16 and is_card_number(fields["number"]),
        "expiry_month": _digits(fields["expiry_month"], 2, 2) and 1 <= int(fields["expiry_month"]) <= 12,
        "expiry_year": _digits(fields["expiry_year"], 2, 2),
        "cvc": _digits(fields["cvc"], 3, 4),
        "name": len(fields["name"]) <= 255,
        "amount": "amount" not in fields or amount_problem(fields["amount"], positive=True) is None,
    }
    return {name: PageProblem.INVALID for name, fits in fitting.items() if not fits} | found


def _digits(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and least <= len(text) <= most


def _whereto(gateway: Gateway, page: HostedPage) -> str:
    return way_back(_transaction(gateway, page))


def _transaction(gateway: Gateway, page: HostedPage) -> Transaction:
    transaction = gateway.books.transaction(page.transaction)
    assert transaction is not None, "a page has a transaction"  # noqa: S101
    return transaction


def _close(gateway: Gateway, page: HostedPage, state: PageState) -> None:
    page.state = state
    gateway.books.keep_page(page)
