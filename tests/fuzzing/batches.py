"""Batches: the file of charges, packed or not, and the results of earlier runs."""

from __future__ import annotations

import gzip
import io
import re
from typing import Any, Final

import orjson

from paymentoptions_async.batch.entries import Place, refused_entry, request_identity
from paymentoptions_async.batch.journal import Journal, JournalError, latest, raw_latest, raw_open
from paymentoptions_async.batch.lines import SourceError
from paymentoptions_async.batch.sources import Line, Source
from paymentoptions_async.batch.tally import Tally
from paymentoptions_async.cli.batch.deriving import _table
from paymentoptions_async.models.wire import request_body

from ..batch.entries import GATEWAY, entry
from ..helpers import APPROVED, SEED
from .bodies import scratch
from .oracles import check_hidden, texts_of
from .target import Target, choice, joined, parts
from .worlds import RUNTIME

__all__ = ["CHARGES", "JOURNALS"]

_PLACE: Final = Place(GATEWAY, "shop")


# --- what is charged --------------------------------------------------------------------------------------


def _packed(content: bytes, choices: bytes) -> bytes:
    match choice(choices, 0, ("plain", "plain", "packed", "cut", "damaged")):
        case "packed":
            return gzip.compress(content, 1)
        case "cut":
            return gzip.compress(content, 1)[: choice(choices, 2, (1, 2, 9, 12, 30, -1, -8))]
        case "damaged":
            whole = bytearray(gzip.compress(content, 1))
            whole[choice(choices, 2, (3, 8, 12, -1, -5, 20)) % len(whole)] ^= 0x55
            return bytes(whole)
    return content


def _object(document: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(document)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _charges(data: bytes) -> None:
    choices, content, columns, defaults = parts(data, 3)
    given = {name: str(path) for name, path in _object(columns).items()}
    try:
        source = Source(io.BytesIO(_packed(content, choices)), columns=given, defaults=_object(defaults))
        lines = list(source.lines())
    except SourceError as fault:
        check_hidden(str(fault))
        return
    assert [line.number for line in lines] == sorted({line.number for line in lines})
    references = [line.request.merchant_txn_ref for line in lines if line.request is not None]
    assert len(references) == len(set(references)), "one reference is charged twice"
    for line in lines:
        _check_line(line)
    assert [(line.number, line.reference) for line in source.lines()] == [(one.number, one.reference) for one in lines]


def _check_line(line: Line) -> None:
    check_hidden(*line.problems)
    # What is written to letters, and is no card of this line, may be anything.
    assert line.reference is None or not re.search(rf"(?<!\w){APPROVED}(?!\w)", line.reference)
    if line.request is None:
        assert line.problems
        orjson.dumps(refused_entry(line, _PLACE, RUNTIME.now()))
        return
    assert not line.problems
    line.request.check()
    request_body(line.request, "shop")
    request_identity(line.request, _PLACE)


_HEADER: Final = (
    b"merchant_txn_ref,amount,currency,card.number,card.cvc,card.expiry_month,card.expiry_year,card.name,customer_ip,"
    b"billing_address.country,time_zone"
)
_ROW: Final = b'qwe,1000,JPY,%b,739,12,29,"Doe, J",127.0.0.1,JP,Asia/Tokyo' % APPROVED.encode()
_LINE: Final = orjson.dumps(orjson.loads(SEED))


def _charge_seeds() -> tuple[bytes, ...]:
    table = b"\n".join((_HEADER, _ROW, _ROW.replace(b"qwe", b"qwf"), b""))
    lines = b"\n".join((_LINE, _LINE.replace(b'"qwe"', b'"qwf"'), b""))
    mapped = table.replace(b"merchant_txn_ref", b"ref")
    defaults = orjson.dumps({name: value for name, value in orjson.loads(SEED).items() if name != "merchant_txn_ref"})
    torn = _LINE.replace(b'"qwe"', b'"\\ud800"')
    told = (
        (table, b"{}", defaults),
        (torn, b"{}", b"{}"),
        (lines, b"{}", b"{}"),
        (mapped, b'{"ref":"merchant_txn_ref"}', defaults),
    )
    return tuple(joined((packing, 0, 0), *one) for packing in (0, 2, 3, 4) for one in told)


CHARGES: Final = Target("charges", _charges, _charge_seeds())


# --- what became of it ------------------------------------------------------------------------------------


def _journal(data: bytes) -> None:
    _choices, content = parts(data, 1)
    if re.search(rb'"line": ?[0-9]{7}', content):
        return  # memory goes with the number of the last line
    path = scratch("results.jsonl", content)
    tally = Tally()
    try:
        entries = list(latest(path))
        table = list(_table(path, tally))
    except JournalError:
        return
    assert len(table) == len(entries) + 1
    assert sum(tally.outcomes.values()) == len(entries)
    assert len(list(raw_open(path))) <= len(entries)
    try:
        journal = Journal(path, gateway=GATEWAY)
    except JournalError:
        return
    with journal:
        for one in entries:
            _ = journal.is_done(one["line"])
        journal.compact()
    kept = [orjson.loads(line) for line in raw_latest(path)]
    assert list(texts_of(kept)) == list(texts_of(entries)), "to compact it changes what it says"


def _journal_seeds() -> tuple[bytes, ...]:
    told = [entry(1), entry(2, "unknown"), entry(3, "declined", reason="declined", response_code=51), entry(2, "paid")]
    told += [entry(4, "partial", moved="5"), entry(5, "challenge", redirect_url="https://x"), entry(6, "refused")]
    told += [entry(7, "not_sent", recorded=False, error="ReferenceInUseError", evidence=["x"])]
    lines = [orjson.dumps(one) + b"\n" for one in told]
    return (joined((), b"".join(lines)), joined((), b"".join(lines[:2])), *(joined((), line) for line in lines))


JOURNALS: Final = Target("journals", _journal, _journal_seeds())
