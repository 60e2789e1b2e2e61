"""Requests, cards, results and errors, in everything that can be made of them."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from rich.console import Console
from rich.traceback import Traceback

from paymentoptions_async import InvalidRequestError, PaymentOptionsError, PurchaseRequest
from paymentoptions_async.models.wire import request_body
from paymentoptions_async.redaction import in_flight

from .errors import REPORTS
from .numbers import NUMBERS, Number, order
from .objects import RENDERINGS
from .search import leaks
from .shop import ENDINGS, MARK, opened

Ended = dict[Number, list[Any]]


async def _charged() -> Ended:
    async with opened(settings={"log_level": "critical"}) as shop:
        return {number: [await shop.charge(number, ending) for ending in ENDINGS] for number in NUMBERS}


@pytest.fixture(scope="module")
def ended() -> Ended:
    """How a charge of each card has ended, in every way."""
    return asyncio.run(_charged())


def test_every_ending_is_among_them(ended: Ended) -> None:
    kinds = {type(one).__name__ for some in ended.values() for one in some}
    assert kinds >= {"Payment", "DeclinedError", "PartialApprovalError", "OutcomeUnknownError", "InvalidRequestError"}


@pytest.mark.parametrize("name", RENDERINGS)
def test_no_rendering_shows_a_card(name: str, ended: Ended) -> None:
    render, found, shown = RENDERINGS[name], [], ""
    for number, some in ended.items():
        request = order(number, MARK)
        assert request.card is not None
        for thing in (request, request.card, request.card.number, some):
            found += leaks(shown := render(thing), number)
    assert found == []
    assert shown


@pytest.mark.parametrize("name", REPORTS)
def test_no_report_of_an_error_shows_a_card(name: str, ended: Ended) -> None:
    """One error of each card, of every kind in turn: with all of them this would take minutes."""
    report, found = REPORTS[name], []
    for turn, (number, some) in enumerate(ended.items()):
        errors = [error for error in some if isinstance(error, PaymentOptionsError)]
        told = report(errors[turn % len(errors)])
        assert MARK in told
        found += leaks(told, number)
    assert found == []


BROKEN: Final[dict[str, Callable[[str], str]]] = {
    "a wrong value": lambda body: body.replace('"JPY"', '"yen"'),
    "cut off": lambda body: body[:-5],
    "a member twice": lambda body: body.replace('"currency"', '"amount": 1, "amount": 2, "currency"'),
    "a member that is not known": lambda body: body.replace('"currency"', '"curency"'),
    "a card that is no object": lambda body: re.sub(r'"card":\{.*?"number":("\d+").*?\}', r'"card":\1', body),
    "a number that is no text": lambda body: re.sub(r'"number":"(\d+)"', r'"number":\1', body),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_no_frame_of_a_body_that_is_refused_shows_its_card(broken: str) -> None:
    for number in NUMBERS:
        body = BROKEN[broken](request_body(order(number, MARK), "m").content.decode())
        with pytest.raises(InvalidRequestError) as caught:
            PurchaseRequest.from_json(body)
        error, frames = caught.value, caught.value.__traceback__
        assert frames is not None
        assert leaks(REPORTS["traceback with locals"](error.with_traceback(frames.tb_next)), number) == []


@pytest.mark.parametrize("place", range(0, len(NUMBERS), 15))
def test_no_traceback_that_rich_draws_shows_a_card(place: int, ended: Ended) -> None:
    number, written = NUMBERS[place], io.StringIO()
    error = ended[number][-1]
    drawn = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True, extra_lines=0)
    Console(file=written, width=180, color_system=None).print(drawn)
    assert "locals" in written.getvalue()
    assert leaks(written.getvalue(), number) == []


def test_a_number_that_has_no_check_digit_is_known_while_it_is_in_flight() -> None:
    (number,) = (one for one in NUMBERS if not one.has_check_digit)
    request = order(number, MARK, time_zone=number.reveal())
    assert request.card is not None
    assert leaks(repr(request), number) == []
    with in_flight(request.card.number):
        assert leaks(RENDERINGS["repr"](request), number) == []
