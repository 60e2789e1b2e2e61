"""What a developer needs at hand, folded: test cards, test amounts, address and credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..contract import API_KEY, MERCHANT_ID, X_API_KEY
from ..rules import TEST_AMOUNTS, TEST_CARDS
from .layout import facts, table
from .markup import Markup, fill

if TYPE_CHECKING:
    from ..rules import CardRow
    from .texts import Words

__all__ = ["access", "test_cards"]

_FOLDED: Final = '<details class="box"><summary>{title}</summary>{content}</details>'
_LEAD: Final = '<p class="small soft">{text}</p>'
_CODE: Final = '<span class="mono">{text}</span>'
_NUMBER: Final = '<span class="mono keep">{text}</span>'
_SCHEME: Final = '<span class="keep">{text}</span>'


def test_cards(words: Words) -> Markup:
    """The published test numbers and amounts, and what each does."""
    cards = table(
        (words("dev.number"), words("dev.scheme"), words("dev.happens")),
        (
            (fill(_NUMBER, text=_grouped(row.number)), fill(_SCHEME, text=row.scheme), words(_key_of(row)))
            for row in TEST_CARDS
        ),
    )
    amounts = table(
        (words("amount"), words("dev.happens")),
        ((fill(_CODE, text=row.pattern), words(f"amount.{row.pattern}")) for row in TEST_AMOUNTS),
    )
    leads = [fill(_LEAD, text=words(key)) for key in ("dev.cards_lead", "dev.amounts_lead")]
    return fill(_FOLDED, title=words("dev.cards"), content=[leads[0], cards, leads[1], amounts])


def access(words: Words, base_url: str) -> Markup:
    """What a client of this sandbox is set up with."""
    told = (
        ("dev.base_url", base_url),
        ("dev.api_key", API_KEY),
        ("dev.x_api_key", X_API_KEY),
        ("dev.merchant_id", MERCHANT_ID),
    )
    content = facts((words(key), fill(_CODE, text=text)) for key, text in told)
    return fill(_FOLDED, title=words("dev.access"), content=content)


def _key_of(row: CardRow) -> str:
    return "card.challenge" if row.rule.challenges else f"card.{row.rule.response_code}"


def _grouped(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
