"""`manage.py payment_unknowns`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from .....client import PaymentOptions
from .....errors import ConfigurationError, PaymentOptionsError
from .....ledger import Record
from .....ledger.telling import is_alarming, is_askable, record_json, time_text
from ...named import opens

# As of the project's own command line (`paymentoptions ledger list`).
_LEDGER_UNUSABLE, _USAGE, _UNKNOWN = 1, 2, 3


class Command(BaseCommand):
    """Exits 3 where money may have moved and nobody knows, or may have moved twice: a timed job can raise the alarm."""

    help = (
        "Lists the payments that somebody has to look at: unknown, contradicted, waiting for a payer, being charged."
        " Exits 0 where none is unknown or contradicted, 3 where one is, 1 where the ledger cannot be read, and 2"
        " where a setting is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """See Django."""
        parser.add_argument(
            "--reconcile",
            action="store_true",
            help="Ask the gateway first, where a transaction id is known.",
        )
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="Write one JSON object for each, on a line."
        )

    def handle(self, *_: Any, reconcile: bool, as_json: bool, **__: Any) -> None:
        """See Django."""
        try:
            records = asyncio.run(self._look(reconcile=reconcile))
        except ConfigurationError as mistake:
            raise CommandError(str(mistake), returncode=_USAGE) from None
        except PaymentOptionsError as fault:
            raise CommandError(str(fault.args[0]), returncode=_LEDGER_UNUSABLE) from None
        for record in records:
            self.stdout.write(json.dumps(record_json(record)) if as_json else _line(record))
        if alarming := sum(map(is_alarming, records)):
            raise CommandError(
                f"{alarming} unknown or contradicted: look into the gateway's portal, and settle what it says by"
                " `paymentoptions ledger resolve`",
                returncode=_UNKNOWN,
            )

    async def _look(self, *, reconcile: bool) -> list[Record]:
        async with opens()() as client:
            if reconcile:
                await self._ask(client)
            return [record async for record in client.ledger.records(unsettled=True)]

    async def _ask(self, client: PaymentOptions) -> None:
        askable = [record async for record in client.ledger.records(unsettled=True) if is_askable(record)]
        for record in askable:
            try:
                await client.payments.reconcile(record.merchant_txn_ref)
            except PaymentOptionsError as error:
                told = f"{record.merchant_txn_ref}: {type(error).__name__}: {error.args[0]}"
                self.stderr.write(_printable(told))


def _line(record: Record) -> str:
    intent, outcome = record.intent, record.outcome
    state = f"{outcome.state} ({record.mark})" if record.mark else str(outcome.state)
    told = (record.merchant_txn_ref, state, intent.amount, intent.currency, intent.card, outcome.transaction_id)
    return _printable("  ".join([*(str(value or "-") for value in told), time_text(record.changed)]))


def _printable(text: str) -> str:
    """A reference may have come with a form: it is not to move a terminal's cursor."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
