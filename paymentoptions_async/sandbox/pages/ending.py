"""Where a payer's way ends: it is done, or there is nothing here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..challenges import way_back
from ..state import TransactionState
from .layout import framed
from .markup import Markup, fill, web_address
from .values import amount_of

if TYPE_CHECKING:
    from ..state import Transaction
    from .layout import Place
    from .texts import Words

__all__ = ["ended", "foreign", "unknown", "unknown_reference"]

_ENDED: Final = """
<section>
<p class="mark {tone}" aria-hidden="true">{sign}</p>
<h1>{title}</h1>
<p class="total">{amount}</p>
<p>{lead}</p>
{way}
</section>
"""
_WAY: Final = '<p><a class="button" rel="noreferrer" href="{url}">{label}</a></p>'
_TOLD: Final = '<p class="soft">{text}</p>'
_MESSAGE: Final = "<section><h1>{title}</h1><p>{text}</p></section>"

_ENDINGS: Final = {
    TransactionState.DECLINED: ("declined", "bad", "\N{MULTIPLICATION X}"),
    TransactionState.CANCELLED: ("cancelled", "", "\N{MULTIPLICATION X}"),
    TransactionState.TIMED_OUT: ("timed_out", "wait", "!"),
}
_PAID: Final = ("paid", "good", "\N{CHECK MARK}")


def ended(place: Place, transaction: Transaction) -> Markup:
    """The payer has answered, or the time is over: says so, and leads back to the merchant."""
    words = place.words
    name, tone, sign = _ENDINGS.get(transaction.state, _PAID)
    title = words(f"ended.{name}")
    lead = "ended.expired" if transaction.state is TransactionState.TIMED_OUT else "ended.already"
    content = fill(
        _ENDED,
        tone=tone,
        sign=sign,
        title=title,
        amount=amount_of(words, transaction),
        lead=words(lead),
        way=_way(words, web_address(way_back(transaction))),
    )
    return framed(place, title, [content], kind="narrow")


def _way(words: Words, url: str | None) -> Markup:
    if url is None:
        return fill(_TOLD, text=words("ended.no_way"))
    return fill(_WAY, url=url, label=words("ended.continue"))


def unknown(place: Place) -> Markup:
    """There is no such payment."""
    return _message(place, "unknown_title", "unknown_page")


def unknown_reference(place: Place) -> Markup:
    """There is no such reference."""
    return _message(place, "unknown_title", "unknown_reference")


def foreign(place: Place) -> Markup:
    """A form came from another site."""
    return _message(place, "foreign_title", "foreign_page")


def _message(place: Place, title: str, text: str) -> Markup:
    told = place.words(title)
    return framed(place, told, [fill(_MESSAGE, title=told, text=place.words(text))], kind="narrow")
