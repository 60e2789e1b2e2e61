"""The overview: all transactions, totals, subscriptions, the clock, and what a developer needs at hand."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

import attrs

from ..plans import SubscriptionState
from .badges import state_badge, subscription_badge
from .developer import access, test_cards
from .layout import framed, table
from .markup import Markup, fill
from .values import amount_of, moment, money, stamped

if TYPE_CHECKING:
    from ..gateway import Gateway
    from ..plans import Subscription
    from ..state import Transaction
    from .layout import Place
    from .texts import Words

__all__ = ["MOST_DAYS", "Looking", "overview_page", "reference_link"]

MOST_DAYS: Final = 366
_ON_ONE_PAGE: Final = 50

_TRANSACTIONS: Final = "<section><h1>{title}</h1>{search}{found}{turns}</section>"
_SEARCH: Final = """
<form method="get" action="/" role="search" class="line search">
<div class="field"><label for="q">{label}</label>
<input id="q" name="q" type="search" maxlength="100" autocomplete="off" value="{text}"></div>
<button>{search}</button>{all}
</form>
"""
_ALL: Final = '<a class="button plain" href="/">{label}</a>'
_NONE: Final = '<p class="soft">{text}</p>'
_TURNS: Final = '<nav class="turns" aria-label="{label}">{newer}<span class="soft small">{page}</span>{older}</nav>'
_TURN: Final = '<a class="tap" rel="{rel}" href="/?{query}">{label}</a>'
_NO_TURN: Final = "<span></span>"
_PART: Final = "<section><h2>{title}</h2>{content}</section>"
_REFERENCE: Final = '<a href="/references/{path}">{ref}</a>'
_NAMED: Final = '{reference}<small class="mono">{id}</small>'
_NUMBER: Final = '<span class="number keep">{text}</span>'
_KEPT: Final = '<span class="keep">{text}</span>'
_CARD: Final = '<span class="mono keep">{text}</span><small>{scheme}</small>'
_CLOCK: Final = """
<p><span class="soft small">{label}</span><br><span class="number">{now}</span></p>
<p class="small soft">{lead}</p>{alert}
<form method="post" action="/clock" class="line">
<div class="field"><label for="days">{days}</label>
<input id="days" name="days" type="text" inputmode="numeric" autocomplete="off" maxlength="3" value="30" required></div>
<button>{turn}</button>
</form>
"""
_ALERT: Final = '<p class="alert" role="alert">{text}</p>'


@attrs.frozen
class Looking:
    """What of the transactions is looked at.

    Attributes:
        text: What was searched for; no whole card number.
        page: 1 for the newest.
    """

    text: str = ""
    page: int = 1


def overview_page(place: Place, gateway: Gateway, looking: Looking, *, wrong_days: bool = False) -> Markup:
    """The overview.

    Args:
        place: Where it stands.
        gateway: What is shown.
        looking: Which transactions.
        wrong_days: Whether a number of days was typed that the clock cannot be turned on by.
    """
    words = place.words
    content = [
        _part(words("overview.totals"), _totals(words, gateway)),
        _transactions(words, gateway, looking),
        _subscriptions(words, gateway),
        _part(words("clock.title"), _clock(words, gateway, wrong_days)),
        test_cards(words),
        access(words, gateway.base_url()),
    ]
    return framed(place, words("overview.title"), content)


def reference_link(ref: str) -> Markup:
    """A link to all that is known of a reference."""
    return fill(_REFERENCE, path=quote(ref, safe=""), ref=ref)


def _part(title: str, content: Markup) -> Markup:
    return fill(_PART, title=title, content=content)


def _transactions(words: Words, gateway: Gateway, looking: Looking) -> Markup:
    offset = (looking.page - 1) * _ON_ONE_PAGE
    found = gateway.books.search(looking.text, _ON_ONE_PAGE + 1, offset)
    heads = tuple(
        words(key) for key in ("overview.time", "reference", "overview.kind", "overview.state", "amount", "card")
    )
    rows = (_row(words, transaction) for transaction in found[:_ON_ONE_PAGE])
    search = fill(
        _SEARCH,
        label=words("overview.search_label"),
        text=looking.text,
        search=words("overview.search"),
        all=fill(_ALL, label=words("overview.all")) if looking.text else None,
    )
    return fill(
        _TRANSACTIONS,
        title=words("overview.title"),
        search=search,
        found=table(heads, rows) if found else _nothing(words, looking),
        turns=_turns(words, looking, more=len(found) > _ON_ONE_PAGE),
    )


def _row(words: Words, transaction: Transaction) -> tuple[object, ...]:
    named = fill(_NAMED, reference=reference_link(transaction.merchant_txn_ref), id=transaction.id)
    card = transaction.masked_card
    return (
        fill(_NUMBER, text=stamped(transaction.timestamp)),
        named,
        fill(_KEPT, text=words(f"kind.{transaction.kind.value}")),
        state_badge(words, transaction.state),
        fill(_NUMBER, text=amount_of(words, transaction)),
        fill(_CARD, text=card, scheme=transaction.scheme) if card else (transaction.scheme or words("none")),
    )


def _nothing(words: Words, looking: Looking) -> Markup:
    text = words("overview.nothing_found", text=looking.text) if looking.text else words("overview.empty")
    return fill(_NONE, text=text)


def _turns(words: Words, looking: Looking, *, more: bool) -> Markup | None:
    if looking.page == 1 and not more:
        return None
    newer, older = (
        fill(_TURN, rel=rel, label=words(f"overview.{key}"), query=urlencode({"q": looking.text, "page": page}))
        for rel, key, page in (("prev", "newer", looking.page - 1), ("next", "older", looking.page + 1))
    )
    return fill(
        _TURNS,
        label=words("overview.pages"),
        newer=newer if looking.page > 1 else Markup(_NO_TURN),
        page=words("overview.page", page=looking.page),
        older=older if more else Markup(_NO_TURN),
    )


def _totals(words: Words, gateway: Gateway) -> Markup:
    captured: defaultdict[str, Decimal] = defaultdict(Decimal)
    balance: defaultdict[str, Decimal] = defaultdict(Decimal)
    for transaction in gateway.books.transactions():
        if transaction.charged:
            captured[transaction.currency] += transaction.captured
            balance[transaction.currency] += transaction.balance
    heads = tuple(words(f"overview.{key}") for key in ("currency", "captured", "refunded", "balance"))
    rows = (
        (
            currency,
            *(_money(words, amount, currency) for amount in (total, total - balance[currency], balance[currency])),
        )
        for currency, total in sorted(captured.items())
    )
    return table(heads, rows) if captured else fill(_NONE, text=words("overview.empty"))


def _money(words: Words, amount: Decimal, currency: str) -> Markup:
    return fill(_NUMBER, text=money(words, amount, currency))


def _clock(words: Words, gateway: Gateway, wrong_days: bool) -> Markup:
    return fill(
        _CLOCK,
        label=words("clock.now"),
        now=moment(gateway.now()),
        lead=words("clock.lead"),
        alert=fill(_ALERT, text=words("clock.invalid", most=MOST_DAYS)) if wrong_days else None,
        days=words("clock.days"),
        turn=words("clock.turn"),
    )


def _subscriptions(words: Words, gateway: Gateway) -> Markup | None:
    subscriptions = gateway.books.subscriptions.values()
    if not subscriptions:
        return None
    heads = tuple(
        words(key) for key in ("reference", "amount", "overview.state", "subscription.cycles", "subscription.next")
    )
    rows = (_subscription(words, subscription) for subscription in reversed(subscriptions))
    return _part(words("subscription.title"), table(heads, rows))


def _subscription(words: Words, subscription: Subscription) -> tuple[object, ...]:
    named = fill(_NAMED, reference=reference_link(subscription.ref), id=subscription.id)
    paid = sum(cycle.paid for cycle in subscription.cycles)
    count = f"{paid}" if subscription.plan.cycles is None else f"{paid} / {subscription.plan.cycles}"
    is_active = subscription.state is SubscriptionState.ACTIVE
    return (
        named,
        _money(words, subscription.plan.amount, subscription.order["currency"]),
        subscription_badge(words, subscription.state),
        count,
        moment(subscription.next_date) if is_active else words("none"),
    )
