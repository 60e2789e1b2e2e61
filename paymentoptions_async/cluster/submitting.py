"""Storing a batch: all of its charges and all of its jobs in one transaction, so that it is there whole or not at all.

To do it again is harmless: what is there already is held against the file, and goes on.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Any, Final

import orjson

from ..batch.entries import Place, refused_entry
from ..batch.result import ChargeOutcome
from ..batch.sources import Line, Source
from ..errors import InvalidRequestError
from ..models.purchase_request import PurchaseRequest
from ..models.rules import amount_text
from ..models.wire import prepare, request_body
from .batches import Batch, find
from .jobs import defer
from .sealing import RowKey, Sealer
from .tables import BATCH, CHARGE, Standing, connected

if TYPE_CHECKING:
    from .tables import Server

__all__ = ["CHUNK", "submit"]

CHUNK: Final = 200
"""How many charges are handed out at once."""

_LONGEST_NAME: Final = 100
_ROW: Final = "batch, number, line, merchant_txn_ref, amount, currency, card, key_id, sealed, standing, outcome, entry"
# Who submits need not know the gateway.
_NOWHERE: Final = Place("", "")


def _new_id() -> str:
    return os.urandom(12).hex()


def submit(
    dsn: str,
    source: Source,
    sealer: Sealer,
    *,
    name: str,
    api_version: int = 1,
    rate: float | None = None,
    skip_bad: bool = False,
    chunk: int = CHUNK,
    new_id: Callable[[], str] = _new_id,
) -> Batch:
    """Store a batch and hand it out to the workers. Blocking: do it in a thread.

    Args:
        dsn: libpq's connection string or address.
        source: The charges.
        sealer: Seals their bodies.
        name: Which it is known by. The same name with the same charges again changes nothing, not even their CVCs.
        api_version: Of the vendor's operation.
        rate: Charges a second, of all workers together; `None` for no bound.
        skip_bad: Whether a line with something wrong is a refused result, and not the end of this.
        chunk: How many charges are handed out at once.
        new_id: Makes the id of the batch.

    Raises:
        InvalidRequestError: A line, the name or the rate is wrong, or the name stands for other charges, or for the
            same ones at another rate or API version.
        SourceError: The file cannot be read as a whole.
        LedgerError: The server cannot be used.
        ConfigurationError: The key under which it was submitted before is not there any more.
    """
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidRequestError(f"the name of a batch is 1 to {_LONGEST_NAME} printable characters")
    if rate is not None and not 0 < rate < inf:
        raise InvalidRequestError("the rate of a batch is a number above 0")
    with connected(dsn) as server:
        made = server.execute(
            f"INSERT INTO {BATCH} (id, name, key_id, chunk, api_version, rate) VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (name) DO NOTHING",
            (new_id(), name, sealer.key_id, chunk, api_version, rate),
        )
        batch = find(server, name)
        if made.rowcount:
            return _store(server, batch, source, sealer, skip_bad=skip_bad)
        if (api_version, rate) != (batch.api_version, batch.rate):
            raise InvalidRequestError(
                "a batch of this name is there, with another rate or API version, and was not changed: submit it as it"
                " was, or take another name"
            )
        _compare(batch, source, sealer, skip_bad=skip_bad)
        return batch


def _store(server: Server, batch: Batch, source: Source, sealer: Sealer, *, skip_bad: bool) -> Batch:
    digest, total = sealer.digest(batch.key_id), 0
    with server.cursor() as cursor, cursor.copy(f"COPY {CHARGE} ({_ROW}) FROM STDIN") as copy:
        for number, line in enumerate(_hashed(_good(source, skip_bad=skip_bad), digest)):
            copy.write_row(_row(batch.id, number, line, sealer))
            total = number + 1
    batch = batch._replace(digest=digest.digest(), total=total)
    server.execute(f"UPDATE {BATCH} SET digest = %s, total = %s WHERE id = %s", (batch.digest, total, batch.id))
    defer(server, batch.id, batch.chunk, range(0, total, batch.chunk))
    return batch


def _compare(batch: Batch, source: Source, sealer: Sealer, *, skip_bad: bool) -> None:
    digest = sealer.digest(batch.key_id)
    for _ in _hashed(_good(source, skip_bad=skip_bad), digest):
        pass
    if not hmac.compare_digest(digest.digest(), batch.digest):
        raise InvalidRequestError("a batch of this name is there, with other charges: take another name")


def _good(source: Source, *, skip_bad: bool) -> Iterator[Line]:
    for line in source.lines():
        if line.request is None and not skip_bad:
            raise InvalidRequestError(
                f"line {line.number}: {'; '.join(map(str, line.problems))}", problems=line.problems
            )
        yield line


def _hashed(lines: Iterable[Line], digest: hmac.HMAC) -> Iterator[Line]:
    for line in lines:
        # The CVC has no part in it, as in the ledger.
        content = request_body(line.request, "").identity if line.request else repr(line.problems).encode()
        digest.update(b"%d:%d:%b" % (line.number, len(content), content))
        yield line


def _row(batch: str, number: int, line: Line, sealer: Sealer) -> tuple[Any, ...]:
    request = line.request
    if request is None:
        entry = orjson.dumps(refused_entry(line, _NOWHERE, datetime.now(UTC))).decode()
        known = (Standing.SETTLED, ChargeOutcome.REFUSED.value, entry)
        return (batch, number, line.number, line.reference, None, None, None, None, None, *known)
    sealed = sealer.seal(_body(request), RowKey(batch, number, request.merchant_txn_ref))
    card = request.card.masked if request.card else None
    asked = (request.merchant_txn_ref, amount_text(request.amount), request.currency, card)
    return (batch, number, line.number, *asked, *sealed, Standing.OPEN, None, None)


def _body(request: PurchaseRequest) -> bytes:
    return orjson.dumps(prepare(PurchaseRequest)(request))
