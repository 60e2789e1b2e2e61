"""How the ledger's commands tell of what is done to a transaction, and of what is not paid though it is settled."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import orjson
import pytest

from paymentoptions_async import Outcome, SqliteLedger, State
from paymentoptions_async.ledger import Claim, Intent

from .conftest import Cli

ANSWER = orjson.dumps({"transaction_details": {"id": "tx-new"}})
WORDS = {
    "payment": "paid",
    "authorizationv2": "authorised",
    "capture": "captured",
    "void": "voided",
    "refund": "refunded",
    "subscription/payment": "paid",
}
FOLLOW_UPS = {"capture", "void", "refund"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger with what was carried out, by its operation, an open page and an unknown refund."""
    place = tmp_path / "ledger.db"
    asyncio.run(filled(place))
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", str(place))
    return place


async def filled(place: Path) -> None:
    outcomes = {operation: Outcome(State.PAID, answer=ANSWER) for operation in WORDS}
    outcomes["hpp/generate/link"] = Outcome(State.CHALLENGED, answer=b"{}")
    async with SqliteLedger(place) as ledger:
        for operation, outcome in outcomes.items():
            subject = "tx-old" if operation in FOLLOW_UPS else None
            claim = await ledger.claim(
                Intent(f"key of {operation}", b"f", operation, subject=subject), token=operation, lease=90
            )
            assert isinstance(claim, Claim)
            await ledger.finish(claim, outcome)
        claim = await ledger.claim(Intent("lost", b"f", "refund", "5", subject="tx-old"), token="l", lease=90)
        assert isinstance(claim, Claim)
        await ledger.finish(claim, Outcome(State.UNKNOWN, ("lost",), lost=True))


@pytest.mark.parametrize(("operation", "word"), WORDS.items())
def test_a_record_is_shown_in_the_words_of_its_operation(cli: Cli, place: Path, operation: str, word: str) -> None:
    first, *rows = cli("ledger", "show", f"key of {operation}").out.splitlines()
    assert first == f"key of {operation}: {word}"
    assert ("of transaction  tx-old" in rows) == (operation in FOLLOW_UPS)


def test_the_table_uses_the_same_words(cli: Cli, place: Path) -> None:
    lines = cli("ledger", "list", "--all").out.splitlines()
    for operation, word in {**WORDS, "hpp/generate/link": "page open"}.items():
        assert [line for line in lines if line.startswith(f"key of {operation} ") and f"  {word} " in line]


def test_json_keeps_the_ledgers_own_state_and_names_the_transaction(cli: Cli, place: Path) -> None:
    told = json.loads(cli("ledger", "show", "key of refund", "--json").out)
    assert (told["state"], told["operation"], told["of_transaction"]) == ("paid", "refund", "tx-old")
    assert json.loads(cli("ledger", "show", "key of payment", "--json").out)["of_transaction"] is None


def test_an_export_names_the_transaction(cli: Cli, place: Path) -> None:
    rows = csv.DictReader(io.StringIO(cli("ledger", "export", "--csv").out))
    assert {row["merchant_txn_ref"]: row["of_transaction"] for row in rows} == {
        "lost": "tx-old",
        "key of hpp/generate/link": "",
        **{f"key of {operation}": "tx-old" if operation in FOLLOW_UPS else "" for operation in WORDS},
    }


def test_an_unknown_refund_is_settled_by_a_persons_word(cli: Cli, place: Path) -> None:
    words = ("--paid", "--transaction-id", "tx-new", "--by", "Kim", "--reason", "portal")
    ended = cli("ledger", "resolve", "lost", *words)
    assert (ended.code, ended.out.partition("\n")[0]) == (0, "lost: refunded, resolved")
    assert "of transaction  tx-old" in ended.out
