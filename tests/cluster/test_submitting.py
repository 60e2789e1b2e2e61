from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async import ConfigurationError, InvalidRequestError, LedgerError
from paymentoptions_async.batch.sources import Source
from paymentoptions_async.cluster import RowKey, Sealed, Sealer, submit

from .charges import CARD, KEY, body_of, dump, jsonl, rows, sealer, secrets_in, source, source_of

TOKEN = {"type": "scheme", "stored_payment_method_id": "pm_1"}


def test_the_charges_are_sealed_in_their_rows(postgres_dsn: str) -> None:
    batch = submit(postgres_dsn, source(3), sealer(), name="payday")
    stored = rows(
        postgres_dsn, "SELECT number, merchant_txn_ref, key_id, sealed, card FROM paymentoptions_batch_charge"
    )
    assert batch.total == len(stored) == 3
    for number, reference, key_id, sealed, card in stored:
        assert CARD.encode() in sealer().open(Sealed(key_id, sealed), RowKey(batch.id, number, reference))
        assert card == f"{CARD[:6]}******{CARD[-4:]}"


def test_no_card_number_and_no_cvc_is_in_any_table(postgres_dsn: str) -> None:
    submit(postgres_dsn, source(50), sealer(), name="payday", chunk=10)
    told = dump(postgres_dsn)
    assert told.count("(sealed)") == 51  # the bodies, and the digest of them all
    assert "order-00049" in told
    assert not secrets_in(told)


def test_a_job_knows_nothing_but_which_charges_it_is_about(postgres_dsn: str) -> None:
    batch = submit(postgres_dsn, source(25), sealer(), name="payday", chunk=10)
    assert rows(postgres_dsn, "SELECT args FROM procrastinate_jobs ORDER BY id") == [
        ({"batch": batch.id, "first": first, "last": first + 9},) for first in (0, 10, 20)
    ]


def test_to_submit_again_changes_nothing(postgres_dsn: str) -> None:
    first = submit(postgres_dsn, source(25), sealer(), name="payday", chunk=10)
    assert submit(postgres_dsn, source(25), sealer(), name="payday", chunk=10) == first
    assert rows(postgres_dsn, "SELECT count(*) FROM paymentoptions_batch_charge") == [(25,)]
    assert rows(postgres_dsn, "SELECT count(*) FROM procrastinate_jobs") == [(3,)]


def test_another_cvc_makes_no_other_batch(postgres_dsn: str) -> None:
    first = submit(postgres_dsn, source(1), sealer(), name="payday")
    other = body_of(0) | {"card": {**body_of(0)["card"], "cvc": "111"}}
    assert submit(postgres_dsn, source_of([other]), sealer(), name="payday") == first


@pytest.mark.parametrize(
    "bodies", [[body_of(0)], [body_of(0), body_of(1, amount="7")], [body_of(0), body_of(1), body_of(2)]]
)
def test_other_charges_under_the_same_name_are_refused(postgres_dsn: str, bodies: list[dict[str, Any]]) -> None:
    submit(postgres_dsn, source(2), sealer(), name="payday")
    with pytest.raises(InvalidRequestError, match="other charges"):
        submit(postgres_dsn, source_of(bodies), sealer(), name="payday")


@pytest.mark.parametrize("terms", [{"rate": 5.0}, {"api_version": 2}])
def test_other_terms_under_the_same_name_are_refused(postgres_dsn: str, terms: dict[str, Any]) -> None:
    submit(postgres_dsn, source(2), sealer(), name="payday")
    with pytest.raises(InvalidRequestError, match="another rate or API version"):
        submit(postgres_dsn, source(2), sealer(), name="payday", **terms)


def test_a_batch_is_known_again_when_its_key_has_become_a_former_one(postgres_dsn: str) -> None:
    first = submit(postgres_dsn, source(2), sealer(), name="payday")
    assert submit(postgres_dsn, source(2), Sealer(bytes(32), [KEY]), name="payday") == first
    with pytest.raises(ConfigurationError, match=first.key_id):
        submit(postgres_dsn, source(2), Sealer(bytes(32)), name="payday")


def test_a_bad_line_stores_nothing(postgres_dsn: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"line 2: amount"):
        submit(postgres_dsn, source_of([body_of(0), body_of(1, amount="much")]), sealer(), name="payday")
    assert rows(postgres_dsn, "SELECT count(*) FROM paymentoptions_batch") == [(0,)]


def test_a_bad_line_that_is_skipped_is_a_refused_result(postgres_dsn: str) -> None:
    bodies = [body_of(0), body_of(1, amount="much")]
    batch = submit(postgres_dsn, source_of(bodies), sealer(), name="payday", skip_bad=True)
    found = rows(postgres_dsn, "SELECT number, outcome, sealed FROM paymentoptions_batch_charge ORDER BY number")
    assert [row[:2] for row in found] == [(0, None), (1, "refused")]
    assert found[1][2] is None
    assert batch.total == 2


def test_a_charge_of_a_stored_payment_method_holds_no_card(postgres_dsn: str) -> None:
    body = {name: value for name, value in body_of(0, payment_method=TOKEN).items() if name != "card"}
    batch = submit(postgres_dsn, source_of([body]), sealer(), name="payday")
    ((number, reference, key_id, sealed, card),) = rows(
        postgres_dsn, "SELECT number, merchant_txn_ref, key_id, sealed, card FROM paymentoptions_batch_charge"
    )
    assert card is None
    opened = sealer().open(Sealed(key_id, sealed), RowKey(batch.id, number, reference))
    assert b'"card"' not in opened


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines"])
def test_a_name_that_is_none_is_refused(postgres_dsn: str, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="name of a batch"):
        submit(postgres_dsn, source(1), sealer(), name=name)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(postgres_dsn: str, rate: float) -> None:
    with pytest.raises(InvalidRequestError, match="rate of a batch"):
        submit(postgres_dsn, source(1), sealer(), name="payday", rate=rate)


def test_a_server_that_is_away_is_told_without_its_address() -> None:
    with pytest.raises(LedgerError) as raised:
        submit("postgresql://app:hidden@127.0.0.1:9/none", source(1), sealer(), name="payday")
    assert "hidden" not in str(raised.value)
    assert raised.value.__cause__ is None


class Slow(Source):
    """A file that is read slowly, so that a kill comes in the middle."""

    def lines(self, *_: Any) -> Iterator[Any]:
        for line in super().lines():
            time.sleep(0.01)
            yield line


def _submit_slowly(dsn: str, path: Path) -> None:
    with path.open("rb") as stream:
        submit(dsn, Slow(stream), sealer(), name="payday", chunk=10)


def test_a_submit_that_was_killed_has_stored_nothing_and_can_be_repeated(postgres_dsn: str, tmp_path: Path) -> None:
    submit(postgres_dsn, source(1), sealer(), name="before")
    path = tmp_path / "charges.jsonl"
    path.write_bytes(jsonl(body_of(number) for number in range(100)))
    process = multiprocessing.get_context("spawn").Process(target=_submit_slowly, args=(postgres_dsn, path))
    process.start()
    while not rows(postgres_dsn, "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY paymentoptions_batch%%'"):
        assert process.is_alive()
        time.sleep(0.01)
    process.kill()
    process.join()
    assert rows(postgres_dsn, "SELECT name FROM paymentoptions_batch") == [("before",)]
    submit(postgres_dsn, source(100), sealer(), name="payday", chunk=10)
    assert rows(postgres_dsn, "SELECT count(*) FROM paymentoptions_batch_charge") == [(101,)]
    assert rows(postgres_dsn, "SELECT count(*) FROM procrastinate_jobs") == [(11,)]
