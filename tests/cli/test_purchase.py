"""What a purchase writes, for people and for machines, as a process."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from .processes import BODY, CARD, Ended, clean_environment, command, run

KEYS = {
    "outcome",
    "money",
    "exit_code",
    "merchant_txn_ref",
    "operation_key",
    "asked",
    "payment",
    "challenge",
    "page",
    "status",
    "subscriptions",
    "error",
    "sandbox",
}


@pytest.fixture(scope="module")
def paid() -> Ended:
    """The vendor's body, paid, for machines."""
    return run("purchase", BODY, "--sandbox", "--json")


def test_the_vendors_body_is_paid_and_told_in_plain_text() -> None:
    ended = run("purchase", BODY, "--sandbox")
    assert ended.code == 0
    assert ended.err == ""
    first, *rows = ended.out.splitlines()
    assert first == "PAID. Money: moved once."
    assert "reference    qwe" in rows
    assert "amount       1000 JPY" in rows
    assert "card         520000******1005 MASTERCARD" in rows
    assert "\x1b" not in ended.out


def test_json_is_one_object_alone_on_stdout(paid: Ended) -> None:
    assert paid.code == 0
    assert paid.err == ""
    assert paid.out.count("\n") == 1


def test_json_has_every_key(paid: Ended) -> None:
    assert paid.result.keys() == KEYS
    assert paid.result["outcome"] == "paid"
    assert paid.result["money"] == "moved once"
    assert paid.result["exit_code"] == 0
    assert paid.result["merchant_txn_ref"] == "qwe"
    assert paid.result["asked"] == {
        "amount": "1000", "currency": "JPY", "card": "520000******1005", "of_transaction": None,
    }  # fmt: skip
    assert paid.result["challenge"] is None
    assert paid.result["error"] is None
    assert paid.result["sandbox"] == {"charges": 1}


def test_the_payment_in_json_is_whole(paid: Ended) -> None:
    payment = paid.result["payment"]
    assert payment["amount"] == "1000"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", payment["timestamp"])
    assert payment["raw"]["gateway_response"]["code"] == "INFO0000"
    assert payment["attempts"] == 1
    assert payment["replayed"] is False
    assert payment["raw"]["payment_details"]["card"]["number"] == "520000******1005"


def test_the_body_can_come_through_stdin() -> None:
    ended = run("purchase", "-", "--sandbox", "--json", stdin=BODY.read_text())
    assert ended.result["merchant_txn_ref"] == "qwe"


def test_a_lost_answer_is_unknown() -> None:
    ended = run("purchase", BODY, "--sandbox", "--fault", "reset:after_commit")
    assert ended.code == 3
    assert ended.out.startswith("UNKNOWN. Money: may have moved.")
    assert "charge.unknown" in ended.err


def test_an_invalid_body_is_told_whole_and_without_its_values() -> None:
    body = json.loads(BODY.read_text())
    body |= {"amount": 12.345678901, "currency": "yen", "card": {**body["card"], "cvc": "98765"}}
    ended = run("purchase", "-", "--sandbox", stdin=json.dumps(body))
    assert ended.code == 1
    assert ended.out.startswith("REFUSED. Money: not touched.")
    for path in ("amount", "currency", "card.cvc"):
        assert f"problem    {path}: " in ended.out
    for stream in (ended.out, ended.err):
        assert CARD not in stream
        assert "98765" not in stream


def test_without_settings_it_says_what_is_missing_and_makes_no_ledger(tmp_path: Path) -> None:
    ended = run("purchase", BODY, PAYMENTOPTIONS_LEDGER=str(tmp_path / "ledger.db"))
    assert ended.code == 2
    assert "PAYMENTOPTIONS_API_KEY" in ended.err
    assert not (tmp_path / "ledger.db").exists()


def test_a_reader_that_is_gone_changes_no_exit_code() -> None:
    with subprocess.Popen(
        command("purchase", BODY, "--sandbox", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert process.returncode == 0
    assert json.loads(told)["outcome"] == "paid"


def test_stdout_that_is_closed_from_the_start_changes_no_exit_code() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command("purchase", BODY, "--sandbox", "--json")],
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
        check=False,
    )
    assert done.returncode == 0
    assert json.loads(done.stderr)["outcome"] == "paid"


def test_a_name_that_the_terminal_cannot_write_changes_no_exit_code() -> None:
    ended = run("purchase", BODY, "--sandbox", "--ref", "注文", PYTHONIOENCODING="ascii")
    assert ended.code == 0
    assert r"\u6ce8\u6587" in ended.out
