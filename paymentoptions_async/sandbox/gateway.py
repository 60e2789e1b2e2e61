"""The gateway behind the HTTP server: switches, books, clock and ids, for every operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import attrs

from .rules import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from .answers import Answer, EchoCard, ErrorBody
    from .books import Books
    from .clock import Clock
    from .dispatcher import Dispatcher
    from .rules import CardRule, Decision
    from .script import Script

__all__ = ["Call", "Declines", "Duplicates", "Gateway", "Operation", "Switches"]

Duplicates = Literal["charge", "reject", "replay"]
Declines = Literal["2xx", "4xx"]


@attrs.frozen(kw_only=True)
class Switches:
    """What nobody has published about the gateway, so that a test can have it either way."""

    duplicates: Duplicates = attrs.field(validator=attrs.validators.in_(("charge", "reject", "replay")))
    declines: Declines = attrs.field(validator=attrs.validators.in_(("2xx", "4xx")))
    error_body: ErrorBody = attrs.field(validator=attrs.validators.in_(("envelope", "message", "html", "empty")))
    echo_card: EchoCard = attrs.field(validator=attrs.validators.in_(("full", "masked", "none")))
    unclear_charges: bool
    challenge_tells_id: bool


@attrs.frozen
class Call:
    """One request as an operation sees it.

    Attributes:
        path: The variable parts of the path by their names, such as `transaction_id`.
        headers: Keys are found in any case.
        body: The parsed body; `None` where it is no JSON object.
    """

    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: dict[str, Any] | None


@attrs.frozen(kw_only=True, eq=False)
class Gateway:
    """What every operation works with.

    Attributes:
        switches: The unpublished.
        books: What was asked and charged.
        ids: Makes ids of transactions, tokens and challenges.
        clock: The time in UTC, which can be turned on.
        base_url: The address of this sandbox.
        dispatcher: Sends the webhooks.
        script: What a test wants to happen next.
    """

    switches: Switches
    books: Books
    ids: Callable[[], str]
    clock: Clock
    base_url: Callable[[], str]
    dispatcher: Dispatcher
    script: Script

    def now(self) -> datetime:
        """The time in UTC."""
        return self.clock()

    def decide(self, rule: CardRule, amount: Decimal, *, version: int) -> Decision:
        """Decide as `rules.decide` does; what a test has scripted stands for the card."""
        return decide(self.script.draw_rule() or rule, amount, version=version)

    async def finish(self) -> None:
        """All that must have happened before an answer leaves: what was done is kept, and early webhooks are heard."""
        if self.books.storage is not None:
            await self.books.storage.commit()
        await self.dispatcher.early()


class Operation(NamedTuple):
    """One thing that the gateway can be asked to do.

    Attributes:
        decide: Decides and words the answer.
        counted: Whether a request for it is an attempt to charge its `merchant_txn_ref`.
    """

    decide: Callable[[Gateway, Call], Answer]
    counted: bool = False
