"""A record that is written as a row is read as the same record."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import LedgerError, Mark
from paymentoptions_async.ledger import Event, Intent, Record
from paymentoptions_async.ledger.rows import COLUMNS, detail_of, from_row, to_row
from paymentoptions_async.models.codes import Reason
from paymentoptions_async.models.outcome import Outcome, Refusal, State

from .cases import ENDS, ended, intent

texts = st.text(st.characters(codec="utf-8"), max_size=20)
times = st.floats(min_value=0, max_value=1e11)
whole = st.integers(min_value=-(2**31), max_value=2**31 - 1)
maybe_text = st.none() | texts

intents = st.builds(
    Intent,
    merchant_txn_ref=texts,
    fingerprint=st.binary(max_size=32),
    operation=texts,
    amount=st.from_regex(r"([0-9]{1,8})?", fullmatch=True),
    currency=texts,
    card=maybe_text,
    former_fingerprints=st.just(()),
    subject=maybe_text,
)
answers = st.none() | st.dictionaries(texts, texts | whole, max_size=3).map(orjson.dumps)
ends = st.builds(
    Outcome,
    state=st.sampled_from(ENDS),
    evidence=st.lists(texts, max_size=3).map(tuple),
    attempts=whole,
    answer=answers,
    status=st.none() | whole,
    reason=st.none() | st.sampled_from(Reason),
    response_code=st.none() | whole,
    gateway_code=maybe_text,
    refusal=st.none() | st.sampled_from(Refusal),
    retry_after=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    lost=st.booleans(),
)
# What is being sent may have an answer already: the transaction id that a webhook has named.
sending = st.builds(
    lambda attempts, answer: Outcome(state=State.SENDING, attempts=attempts, answer=answer),
    whole,
    answers,
)
outcomes = ends | sending
events = st.builds(Event, at=times, what=texts, by=texts, reason=texts)
records = st.builds(
    Record,
    intent=intents,
    token=texts,
    lease_ends=times,
    created=times,
    changed=times,
    outcome=outcomes,
    mark=st.none() | st.sampled_from(Mark),
    history=st.lists(events, max_size=3).map(tuple),
)


@given(records)
def test_a_record_comes_back_as_it_was_and_with_its_types(record: Record) -> None:
    read = from_row(to_row(record))
    assert read == record
    assert repr(read) == repr(record)


@given(records)
def test_a_row_has_a_plain_value_for_every_column(record: Record) -> None:
    row = dict(zip(COLUMNS, to_row(record), strict=True))
    assert {type(value) for value in row.values()} <= {str, bytes, int, float, type(None)}
    assert (row["merchant_txn_ref"], row["state"]) == (record.merchant_txn_ref, record.outcome.state)
    assert row["detail"] == detail_of(record.outcome)
    assert row["subject"] == record.intent.subject


@given(records)
def test_blobs_may_come_as_views(record: Record) -> None:
    row = [memoryview(value) if isinstance(value, bytes) else value for value in to_row(record)]
    assert from_row(row) == record


@given(intents, texts)
def test_fingerprints_by_former_keys_are_not_written(intent: Intent, token: str) -> None:
    outcome = Outcome(state=State.SENDING, attempts=0)
    record = Record(intent._replace(former_fingerprints=(b"former",)), token, 1.0, 0.0, 0.0, outcome)
    assert from_row(to_row(record)).intent == intent


DAMAGED: Final[list[tuple[str, Any]]] = [
    ("state", "pai"), ("detail", "{"), ("detail", '{"status":"201"}'), ("detail", '{"evidence":[5]}'),
    ("detail", '{"evidence":"seen"}'), ("detail", '{"reason":"none"}'), ("detail", '{"refusal":"rate_limiteeed"}'),
    ("detail", '{"of_a_later_release":1}'), ("detail", "[]"), ("answer", b"{"), ("answer", b"[]"), ("answer", b"7"),
    ("mark", "paid"), ("history", "[[1]]"), ("history", '[["1","what","by","why"]]'), ("history", '[[1,2,"by","why"]]'),
    ("history", "{"), ("amount", "ten"), ("amount", "NaN"), ("changed", 1e17), ("created", float("nan")),
    ("lease_ends", "soon"), ("fingerprint", "text"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value"), DAMAGED)
def test_a_row_that_is_damaged_is_told_and_not_taken_for_a_record(column: str, value: object) -> None:
    row = list(to_row(Record(intent("ref"), "token", 1.0, 1.0, 1.0, ended(State.PAID, "t1"))))
    row[COLUMNS.index(column)] = value
    with pytest.raises(LedgerError, match="'ref' is damaged"):
        from_row(row)
