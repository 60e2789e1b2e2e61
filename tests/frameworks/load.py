"""Shoppers who order at a shop whose server is ended and started again, at a gateway that fails at random."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from random import Random
from typing import Final, NamedTuple

import aiohttp
import attrs

from paymentoptions_async import State
from paymentoptions_async.sandbox import Sandbox, WebhookPolicy
from paymentoptions_async.sandbox.faults import FAULT_KINDS, Fault

from .apps import APPS
from .serving import Shop

__all__ = ["CARDS", "CVC", "FINAL", "SIZE", "Load", "Order", "faulty_gateway", "heading_of", "together"]


class Size(NamedTuple):
    """How much is done.

    Attributes:
        spell: Seconds of orders before each end of the server, and after the last.
        ends: How it is ended: asked to, or killed.
        shoppers: Who order at the same time.
        at_once: Whether all shops are put under it at the same time.
        seconds: Which all of it may take at the most.
    """

    spell: float
    ends: tuple[str, ...]
    shoppers: int
    at_once: bool
    seconds: int


# A word that is not known ends here: nobody believes to have had the full form who has not.
SIZE: Final = {
    "small": Size(spell=1, ends=("kill", "close"), shoppers=4, at_once=True, seconds=120),
    "full": Size(spell=15, ends=("close", "kill", "close"), shoppers=12, at_once=False, seconds=300),
}[os.environ.get("PAYMENTOPTIONS_TORTURE", "small")]

# Published test numbers; what becomes of them is in the sandbox's own table.
CARDS: Final = {"approved": "5200000000001005", "declined": "4000000000000002", "challenged": "4000000000001091"}

# Four digits: in a log there is no port and no time of day that looks like it.
CVC: Final = "7391"

_FAULT_RATE: Final = 0.1

# How often the form is sent by a payer who closes the tab, and after how many seconds at the latest.
_HURRY: Final = 0.15
_SHORT: Final = 0.1
_LATENCY: Final = (0.002, 0.05)

# All but those that hang: a charge would wait for its deadline, and the test with it.
_FAULTS: Final = tuple(Fault(kind, at) for kind, row in FAULT_KINDS.items() if kind != "hang" for at in row.positions)

FINAL: Final = {"Paid": 1, "Not paid": 0}
"""What a page says for good, and how often the order was charged then."""

_SCENARIOS: Final = {"approved": 10, "declined": 4, "challenged": 8, "mistyped": 1}
_PAYERS: Final = {"approve": 6, "decline": 2, "cancel": 1, "": 1}
_AWAY: Final = 503

# How a connection breaks: before the answer, or in the middle of it.
_CUT_OFF: Final = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)

# Seconds until a shopper who found the shop closed tries again.
_PAUSE: Final = 0.2


def together() -> list[list[str]]:
    """The shops, by whether they are put under load at the same time: most of a short load is waiting."""
    return [list(APPS)] if SIZE.at_once else [[app] for app in APPS]


def faulty_gateway(rng: Random) -> Sandbox:
    """One that charges every repeat again, and fails before and after that; its webhooks come late, and twice."""
    return Sandbox(
        latency=lambda: rng.uniform(*_LATENCY),
        faults=lambda: rng.choice(_FAULTS) if rng.random() < _FAULT_RATE else None,
        webhooks=WebhookPolicy(delay=lambda: rng.uniform(0, 0.3), repeats=2, retries=9, pause=0.05),
    )


def heading_of(page: str) -> str:
    """What a page of the shop says in the first place."""
    found = re.search("<h1>(.*?)</h1>", page)
    assert found is not None, page
    return found[1]


@attrs.define
class Order:
    """What a shopper knows of an order.

    Attributes:
        name: In the shop, and at the gateway.
        answered: Where the shop has sent the payer, each time that the form was sent.
        approved: Whether the payer has said yes to the bank.
        seen: The headings of the order's page, as they came.
    """

    name: str
    answered: list[str] = attrs.field(factory=list)
    approved: bool = False
    seen: list[str] = attrs.field(factory=list)


@attrs.define
class Load:
    """All shoppers.

    Attributes:
        shop: Where they order.
        gateway: Where they pay.
        rng: Chance.
        session: Their browser.
        orders: What came of it.
        counts: What they did.
        cut_off: The orders that were being charged when the server was killed.
    """

    shop: Shop
    gateway: Sandbox
    rng: Random
    session: aiohttp.ClientSession
    orders: list[Order] = attrs.field(factory=list)
    counts: Counter[str] = attrs.field(factory=Counter)
    cut_off: set[str] = attrs.field(factory=set)
    _is_over: bool = False

    async def run(self) -> None:
        """Let them order, and end the server meanwhile and open it again."""
        async with asyncio.TaskGroup() as group:
            for _ in range(SIZE.shoppers):
                group.create_task(self._shop())
            for end in SIZE.ends:
                await asyncio.sleep(SIZE.spell)
                await {"close": self._close, "kill": self._kill}[end]()
                await self.shop.open()
            await asyncio.sleep(SIZE.spell)
            self._is_over = True
        async with asyncio.timeout(30):
            await self.gateway.webhooks_sent()

    async def headings(self) -> dict[str, str]:
        """What the page of every order says in the end."""
        turns = asyncio.Semaphore(50)

        async def read(order: Order) -> tuple[str, str]:
            async with turns:
                return order.name, await self._look(order)

        return dict(await asyncio.gather(*map(read, self.orders)))

    async def _close(self) -> None:
        await self.shop.close()
        # It had time to finish what it was at.
        assert await self._in_flight() <= self.cut_off

    async def _kill(self) -> None:
        await self.shop.kill()
        self.cut_off |= await self._in_flight()

    async def _in_flight(self) -> set[str]:
        return {name for name, state in (await self.shop.states()).items() if state is State.SENDING}

    # --- what one of them does --------------------------------------------------------------------

    async def _shop(self) -> None:
        while not self._is_over:
            try:
                await self._order()
            except _CUT_OFF:
                self.counts["found the shop closed"] += 1
                await asyncio.sleep(_PAUSE)

    async def _order(self) -> None:
        order = Order(await self._form())
        self.orders.append(order)
        scenario = self._draw(_SCENARIOS)
        self.counts[scenario] += 1
        if self.rng.random() < 0.2:
            self.counts["sent twice at once"] += 1
            await asyncio.gather(self._send(order, scenario), self._send(order, scenario))
        else:
            await self._send(order, scenario)
        if self._is_asked(order):
            await self._answer_bank(order)
        for _ in range(self.rng.randrange(3)):
            self.counts["pages read"] += 1
            await self._look(order)

    async def _form(self) -> str:
        async with self.session.get(self.shop.url) as answer:
            found = re.search('name="order" value="(.*?)"', await answer.text())
            assert found is not None
            return found[1]

    async def _send(self, order: Order, scenario: str) -> None:
        """Send the form, and send it again where the connection breaks; not everybody does so."""
        form = {"order": order.name, "number": CARDS.get(scenario, CARDS["approved"]), "cvc": CVC, "name": "Jo Doe"}
        form |= {"month": "13" if scenario == "mistyped" else "12", "year": "30"}
        place = f"{self.shop.url}/orders"
        while True:
            try:
                async with self.session.post(
                    place, data=form, allow_redirects=False, timeout=self._patience()
                ) as answer:
                    if answer.status != _AWAY:
                        assert answer.status == (200 if scenario == "mistyped" else 303), await answer.text()
                        order.answered.append(answer.headers.get("Location", ""))
                        return
            except TimeoutError:
                self.counts["closed the tab"] += 1
            except _CUT_OFF:
                pass
            if self.rng.random() < 0.1:
                self.counts["gave up"] += 1
                return
            self.counts["sent again"] += 1
            await asyncio.sleep(_PAUSE)

    def _patience(self) -> aiohttp.ClientTimeout:
        is_in_hurry = self.rng.random() < _HURRY
        return aiohttp.ClientTimeout(total=self.rng.uniform(0.001, _SHORT) if is_in_hurry else None)

    def _is_asked(self, order: Order) -> bool:
        return any(place.startswith(self.gateway.base_url) for place in order.answered)

    async def _answer_bank(self, order: Order) -> None:
        word = self._draw(_PAYERS)
        self.counts[f"bank: {word or 'left open'}"] += 1
        if word:
            await self.gateway.answer_challenge(order.name, word)  # type: ignore[arg-type]  # one of its words
            order.approved = word == "approve"

    async def _look(self, order: Order) -> str:
        async with self.session.get(f"{self.shop.url}/orders/{order.name}") as answer:
            heading = heading_of(await answer.text())
        order.seen.append(heading)
        if heading in FINAL:
            assert self.gateway.charges(order.name) == FINAL[heading], order
        return heading

    def _draw(self, weights: dict[str, int]) -> str:
        return self.rng.choices(list(weights), list(weights.values()))[0]
