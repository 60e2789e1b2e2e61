"""`status` and `wait`: what is asked, and what was waited for."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Cli
from .elsewhere import Elsewhere
from .processes import BODY


@pytest.fixture
def challenged(cli: Cli, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Elsewhere:
    """A purchase waits for its payer."""
    body = tmp_path / "body.json"
    body.write_text(BODY.read_text().replace("5200000000001005", "4000000000001091"))
    assert cli("purchase", body, "--ref", "order-1", "--api-version", "2", "--json").result["outcome"] == "challenge"
    return elsewhere


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("1000", ("carried_out", "as its operation says", 0)),
        ("9000010", ("partial", "moved in part", 1)),
        ("9000051", ("declined", "not moved", 1)),
    ],
)
def test_a_status_tells_what_it_means_for_the_money(
    cli: Cli, elsewhere: Elsewhere, amount: str, expected: tuple[str, str, int]
) -> None:
    cli("purchase", BODY, "--ref", "order-1", "--amount", amount)
    transaction = elsewhere.gateway.transactions("order-1")[0].id
    ended = cli("status", transaction, "--json")
    assert ended.told == expected
    assert ended.result["status"]["transaction_id"] == transaction
    assert f"transaction    {transaction}" in cli("status", transaction).out


def test_a_status_that_is_open_is_unknown(cli: Cli, challenged: Elsewhere) -> None:
    ended = cli("status", challenged.gateway.transactions("order-1")[0].id, "--json")
    assert ended.told == ("unknown", "may have moved", 3)


def test_a_transaction_that_there_is_not_is_refused(cli: Cli, elsewhere: Elsewhere) -> None:
    assert cli("status", "tx-of-nobody", "--json").told == ("refused", "not touched", 1)


def test_a_gateway_that_does_not_answer_leaves_it_unknown(
    cli: Cli, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_BASE_URL", f"http://127.0.0.1:{closed_port}")
    ended = cli("status", "tx-1", "--json", "--timeout", "0.2")
    assert ended.told == ("no_answer", "not touched by this call", 3)
    assert ended.result["error"]["type"] == "NoAnswerError"


def test_a_question_needs_neither_a_ledger_nor_its_secret(
    cli: Cli, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PAYMENTOPTIONS_LEDGER_SECRET")
    assert cli("status", "tx-of-nobody").code == 1
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("approve", ("paid", "moved once", 0)), ("decline", ("declined", "not moved", 1))],
)
def test_what_the_payer_answered_ends_a_wait(
    cli: Cli, challenged: Elsewhere, answer: str, expected: tuple[str, str, int]
) -> None:
    challenged.do(challenged.gateway.answer_challenge("order-1", answer))  # type: ignore[arg-type]
    assert cli("wait", "order-1", "--for", "20", "--json").told == expected


def test_what_still_waits_for_its_payer_exits_1(cli: Cli, challenged: Elsewhere) -> None:
    ended = cli("wait", "order-1", "--for", "0")
    assert ended.code == 1
    assert ended.out.startswith("NOT PAID YET.")
    assert ended.out.splitlines()[-1].startswith("http://127.0.0.1:")


def test_what_is_unknown_stays_so_when_the_time_is_over(cli: Cli, elsewhere: Elsewhere) -> None:
    elsewhere.faults = ["reset:after_commit"]
    cli("purchase", BODY, "--ref", "order-1")
    ended = cli("wait", "order-1", "--for", "0")
    assert (ended.code, ended.out.partition("\n")[0]) == (3, "UNKNOWN. Money: may have moved.")
    assert "ledger resolve order-1" in ended.out


def test_a_refund_is_waited_for_by_its_key(cli: Cli, elsewhere: Elsewhere) -> None:
    paid = cli("purchase", BODY, "--ref", "order-1", "--json").result["payment"]["transaction_id"]
    cli("refund", paid, "--amount", "1", "--key", "back-1")
    ended = cli("wait", "back-1", "--json")
    assert ended.told == ("refunded", "moved back once", 0)
    assert (ended.result["operation_key"], ended.result["merchant_txn_ref"]) == ("back-1", "order-1")


def test_a_ledger_that_is_not_there_is_not_made_by_a_wait(cli: Cli, elsewhere: Elsewhere, tmp_path: Path) -> None:
    ended = cli("wait", "order-1", "--ledger", tmp_path / "none.db")
    assert (ended.code, "no ledger at" in ended.out) == (1, True)
    assert not (tmp_path / "none.db").exists()
