"""The pages' addresses. Here aiohttp meets the pages."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote

import attrs
from aiohttp import web

from paymentoptions_async.redaction import redact_text

from ..challenges import ChallengeAnswer, answer_challenge, find_challenge
from ..hosted import cancel_page, find_page, pay_wallet
from ..line import Line
from ..state import PageState, TransactionState
from ..subscriptions import advance
from .challenge import ANSWER, challenge_page
from .checkout import ACTION, APPROVE, CANCEL, DECLINE, card_page, wallet_page
from .detail import detail_page, is_known
from .ending import ended, foreign, unknown, unknown_reference
from .form import CardForm, pay
from .guard import is_foreign
from .language import COOKIE, PARAMETER, language_of, named
from .layout import Place
from .markup import Markup, web_address
from .overview import MOST_DAYS, Looking, overview_page
from .style import HEADERS
from .texts import Words

if TYPE_CHECKING:
    from ..gateway import Gateway
    from ..state import HostedPage, Transaction

__all__ = ["page_routes"]

_A_YEAR: Final = 365 * 24 * 3600
_MOST_FIELDS: Final = 50
# RFC 3986, 2.2: what stays as it is, with the percent sign of what was quoted before.
_OF_URLS: Final = "/:?#[]@!$&'()*+,;=%~"

_Page = Callable[["Gateway", web.Request, Place], Awaitable[web.Response]]


def page_routes(gateway: Gateway) -> Iterator[web.RouteDef]:
    """Every page of a sandbox."""
    for method, path, page in _PAGES:
        yield web.route(method, path, _handler(gateway, page))


def _handler(gateway: Gateway, page: _Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        line = request.transport
        place = _place(request)
        try:
            if request.method == "POST" and is_foreign(request.headers):
                return _shown(foreign(place), 403)
            return _remembering(request, await page(gateway, request, place))
        except ConnectionError:
            return web.Response()  # the client went away in the middle of its request
        finally:
            if isinstance(line, Line):
                line.answer()

    return handle


def _place(request: web.Request) -> Place:
    words = Words(language_of(request.query, request.cookies, request.headers))
    return Place(words, tuple((name, text) for name, text in request.query.items() if name != PARAMETER))


def _remembering(request: web.Request, response: web.Response) -> web.Response:
    if language := named(request.query.get(PARAMETER)):
        response.set_cookie(COOKIE, language, max_age=_A_YEAR, httponly=True, samesite="Lax")
    return response


def _shown(page: Markup, status: int = 200) -> web.Response:
    return web.Response(status=status, text=page, content_type="text/html", charset="utf-8", headers=HEADERS)


async def _fields(request: web.Request) -> dict[str, str]:
    text = (await request.read()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="replace"))
    except ValueError:  # more fields than any form of ours has
        return {}


async def _sent_on(gateway: Gateway, request: web.Request, url: str) -> web.Response:
    """Send the payer on once all is kept; back to this page, which tells how it ended, where there is nowhere to go."""
    await gateway.finish()
    if url.startswith(f"{gateway.base_url()}/"):
        # A page of this sandbox is reached under whatever name the browser knows it by.
        return _see(url.removeprefix(gateway.base_url()))
    return _see(web_address(url) or request.rel_url.raw_path_qs)


def _see(location: str) -> web.Response:
    return web.Response(status=303, headers={**HEADERS, "Location": quote(location, safe=_OF_URLS)})


# --- 3-D Secure -------------------------------------------------------------------------------------------


async def _show_challenge(gateway: Gateway, request: web.Request, place: Place) -> web.Response:
    transaction = find_challenge(gateway, request.query.get("_token", ""))
    if transaction is None:
        return _shown(unknown(place), 404)
    if transaction.state is not TransactionState.PENDING:
        return _shown(ended(place, transaction))
    return _shown(challenge_page(place, transaction))


async def _take_challenge(gateway: Gateway, request: web.Request, place: Place) -> web.Response:
    fields = await _fields(request)
    transaction = find_challenge(gateway, request.query.get("_token", ""))
    if transaction is None or fields.get(ANSWER) not in set(ChallengeAnswer):
        return await _show_challenge(gateway, request, place)
    return await _sent_on(gateway, request, answer_challenge(gateway, transaction, ChallengeAnswer(fields[ANSWER])))


# --- the hosted page --------------------------------------------------------------------------------------


async def _show_hosted(gateway: Gateway, request: web.Request, place: Place) -> web.Response:
    page = find_page(gateway, request.match_info["page_id"])
    if page is None:
        return _shown(unknown(place), 404)
    if page.state is not PageState.OPEN:
        await gateway.finish()  # it may have run out just now
        return _shown(ended(place, _transaction(gateway, page)))
    return _shown(card_page(place, page) if page.wallet is None else wallet_page(place, page))


async def _take_hosted(gateway: Gateway, request: web.Request, place: Place) -> web.Response:
    fields = await _fields(request)
    action = fields.get(ACTION)
    page = find_page(gateway, request.match_info["page_id"])
    if page is None:
        return _shown(unknown(place), 404)
    if action == CANCEL:
        return await _sent_on(gateway, request, cancel_page(gateway, page))
    if page.wallet is not None and action in (APPROVE, DECLINE):
        return await _sent_on(gateway, request, pay_wallet(gateway, page, action == APPROVE))
    if page.wallet is not None:
        return await _show_hosted(gateway, request, place)
    form = CardForm.read(fields)
    url, problems = pay(gateway, page, form)
    if url is None:
        return _shown(card_page(place, page, form, problems))
    return await _sent_on(gateway, request, url)


def _transaction(gateway: Gateway, page: HostedPage) -> Transaction:
    transaction = gateway.books.transaction(page.transaction)
    assert transaction is not None, "a page has a transaction"  # noqa: S101
    return transaction


# --- the developer's pages --------------------------------------------------------------------------------


async def _show_overview(gateway: Gateway, request: web.Request, place: Place) -> web.Response:
    # Who searches by a whole card number finds it by its mask, and sees no more than that.
    text = redact_text(request.query.get("q", "")[:100]).strip()
    looking = Looking(text, _page_number(request.query.get("page", "")))
    here = attrs.evolve(place, query=(("q", text), ("page", str(looking.page))))
    return _shown(overview_page(here, gateway, looking))


def _page_number(text: str) -> int:
    return max(1, int(text)) if re.fullmatch(r"[0-9]{1,6}", text) else 1


async def _turn_clock(gateway: Gateway, request: web.Request, place: Place) -> web.Response:
    days = (await _fields(request)).get("days", "").strip()
    if not (re.fullmatch(r"[0-9]{1,3}", days) and 1 <= int(days) <= MOST_DAYS):
        return _shown(overview_page(place, gateway, Looking(), wrong_days=True))
    advance(gateway, timedelta(days=int(days)))
    await gateway.finish()
    return _see("/")


async def _show_reference(gateway: Gateway, request: web.Request, place: Place) -> web.Response:
    ref = request.match_info["ref"]
    if not is_known(gateway, ref):
        return _shown(unknown_reference(place), 404)
    return _shown(detail_page(place, gateway, ref))


_PAGES: Final[tuple[tuple[str, str, _Page], ...]] = (
    ("GET", "/", _show_overview),
    ("POST", "/clock", _turn_clock),
    ("GET", "/references/{ref:.+}", _show_reference),
    ("GET", "/integration/3ds", _show_challenge),
    ("POST", "/integration/3ds", _take_challenge),
    ("GET", "/hosted/{page_id}", _show_hosted),
    ("POST", "/hosted/{page_id}", _take_hosted),
)
