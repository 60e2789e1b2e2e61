"""All that is known of one reference: its transactions as a chain, its requests, its webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from paymentoptions_async.models.codes import find_code

from ..envelopes import challenge_url
from ..state import PageState, TransactionState
from .badges import answer_badge, state_badge
from .layout import facts, framed
from .markup import Markup, fill
from .values import amount_of, moment, stamped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..gateway import Gateway
    from ..records import DeliveryRecord, RequestRecord
    from ..state import Transaction
    from .layout import Place
    from .texts import Words

__all__ = ["detail_page", "is_known"]

_HEAD: Final = '<p><a class="tap" href="/">&larr; {back}</a></p><h1>{label}: {ref}</h1>'
_PART: Final = "<section><h2>{title}</h2>{content}</section>"
_CHAIN: Final = '<ol class="chain">{links}</ol>'
_LINK: Final = """
<li><h3><span>{kind}</span>{badge}<span class="number">{amount}</span></h3>{facts}{ways}</li>
"""
_WAY: Final = '<p><a class="button plain" href="{url}">{label}</a></p>'
_CODE: Final = '<span class="mono">{text}</span>'
_MEANING: Final = '{code} <span lang="en">{meaning}</span>'
_ENTRY: Final = """
<details class="entry"><summary><span class="number soft small">{time}</span><span class="mono">{name}</span>{badge}
<span class="small soft" lang="en">{fault}</span></summary>{content}</details>
"""
_BODY: Final = "<pre>{text}</pre>"
_NOTHING: Final = '<p class="soft">{text}</p>'


def is_known(gateway: Gateway, ref: str) -> bool:
    """Whether anything is known of a reference."""
    books = gateway.books
    return bool(books.transactions_of(ref) or books.requests_of(ref) or books.deliveries_of(ref))


def detail_page(place: Place, gateway: Gateway, ref: str) -> Markup:
    """The page of a reference."""
    words, books = place.words, gateway.books
    chain = [_link(words, gateway, transaction) for transaction in books.transactions_of(ref)]
    requests = [_request(words, record) for record in books.requests_of(ref)]
    deliveries = [_delivery(words, record) for record in books.deliveries_of(ref)]
    content = [
        fill(_HEAD, back=words("to_overview"), label=words("reference"), ref=ref),
        _part(words("detail.chain"), fill(_CHAIN, links=chain) if chain else _nothing(words("overview.empty"))),
        _part(words("detail.requests"), requests or _nothing(words("detail.no_requests"))),
        _part(words("detail.deliveries"), deliveries or _nothing(words("detail.no_deliveries"))),
    ]
    return framed(place, ref, content)


def _part(title: str, content: Markup | list[Markup]) -> Markup:
    return fill(_PART, title=title, content=content)


def _nothing(text: str) -> Markup:
    return fill(_NOTHING, text=text)


def _link(words: Words, gateway: Gateway, transaction: Transaction) -> Markup:
    told = (
        (words("overview.id"), fill(_CODE, text=transaction.id)),
        (words("overview.time"), stamped(transaction.timestamp)),
        (words("detail.code"), _code(transaction)),
        (words("card"), transaction.masked_card and fill(_CODE, text=transaction.masked_card)),
        (words("detail.parent"), transaction.parent and fill(_CODE, text=transaction.parent)),
    )
    return fill(
        _LINK,
        kind=words(f"kind.{transaction.kind.value}"),
        badge=state_badge(words, transaction.state),
        amount=amount_of(words, transaction),
        facts=facts(told),
        ways=_ways(words, gateway, transaction),
    )


def _code(transaction: Transaction) -> Markup | None:
    if transaction.decision.challenge:  # nothing was decided
        return None
    code = transaction.decision.response_code
    row = find_code(code)
    return fill(_MEANING, code=code, meaning=row.meaning if row else "")


def _ways(words: Words, gateway: Gateway, transaction: Transaction) -> Iterator[Markup]:
    """Links to the pages that wait for the payer."""
    if transaction.state is not TransactionState.PENDING:
        return
    if transaction.challenge is not None:
        yield fill(_WAY, url=challenge_url(transaction, ""), label=words("detail.open_challenge"))
    page = gateway.books.pages.get(transaction.page or "")
    if page is not None and page.state is PageState.OPEN:
        yield fill(_WAY, url=f"/hosted/{page.id}", label=words("detail.open_page"))


def _request(words: Words, record: RequestRecord) -> Markup:
    return fill(
        _ENTRY,
        time=moment(record.time),
        name=record.operation,
        badge=answer_badge(words, record.status),
        fault=record.fault,
        content=_body(record.body),
    )


def _delivery(words: Words, record: DeliveryRecord) -> Markup:
    told = (
        (words("detail.address"), fill(_CODE, text=record.url)),
        (words("detail.attempt"), record.attempt or None),
        (words("detail.answer"), record.status),
    )
    return fill(
        _ENTRY,
        time=moment(record.time),
        name=f"#{record.attempt} {record.url}" if record.attempt else record.url,
        badge=answer_badge(words, record.status, sent=record.attempt > 0),
        fault=record.fault,
        content=[facts(told), _body(record.body)],
    )


def _body(text: str) -> Markup | None:
    if not text:
        return None
    return fill(_BODY, text=orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode())
