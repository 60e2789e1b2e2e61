"""Each way that a purchase ends: its outcome, what it says of the money, and its exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from paymentoptions_async import (
    Challenge,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    ReferenceInUseError,
)
from paymentoptions_async.cli.report import report
from paymentoptions_async.cli.result import Result, of_answer, of_error

from .conftest import Cli
from .processes import BODY, CARD

PAID = ("paid", "moved once", 0)
CHALLENGE = ("challenge", "not moved yet", 1)
DECLINED = ("declined", "not moved", 1)
REFUSED = ("refused", "not touched", 1)
NOT_SENT = ("not_sent", "not touched", 1)
PARTIAL = ("partial", "moved in part", 1)
UNKNOWN = ("unknown", "may have moved", 3)
USAGE = ("usage", "not touched", 2)


@pytest.mark.parametrize(
    ("card", "arguments", "expected"),
    [
        ("4111111111111111", [], PAID),
        ("4000000000001091", [], PAID),
        ("4000000000001091", ["--api-version", "2"], CHALLENGE),
        ("4000000000000002", [], DECLINED),
        ("4000000000009995", [], DECLINED),
        ("4100000000000019", [], DECLINED),
        (CARD, ["--amount", "9000010"], PARTIAL),
        (CARD, ["--amount", "9000051"], DECLINED),
        (CARD, ["--amount", "9000068"], UNKNOWN),
        (CARD, ["--amount", "-1"], REFUSED),
        (CARD, ["--token", "of-nobody"], REFUSED),
        (CARD, ["--fault", "reset:after_read"], UNKNOWN),
        (CARD, ["--fault", "reset:after_commit"], UNKNOWN),
        (CARD, ["--fault", "503:before_commit"], UNKNOWN),
        (CARD, ["--fault", "empty_body"], UNKNOWN),
        (CARD, ["--fault", "hang:after_commit", "--timeout", "0.3"], UNKNOWN),
        (CARD, ["--fault", "429:0"], PAID),
        (CARD, ["--timeout", "0"], USAGE),
        (CARD, ["--fault", "of-no-kind"], USAGE),
    ],
)
def test_outcome(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    card: str,
    arguments: list[str],
    expected: tuple[str, str, int],
) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_CARD_NUMBER", card)
    ended = cli("purchase", "--sandbox", "--json", *arguments)
    result = ended.result
    assert (result["outcome"], result["money"], ended.code) == expected
    assert result["exit_code"] == ended.code
    assert card not in ended.out + ended.err


def test_a_port_that_refuses_is_not_sent(cli: Cli, monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    for name in ("API_KEY", "X_API_KEY", "MERCHANT_ID"):
        monkeypatch.setenv(f"PAYMENTOPTIONS_{name}", "key")
    monkeypatch.setenv("PAYMENTOPTIONS_BASE_URL", f"http://127.0.0.1:{closed_port}")
    ended = cli("purchase", BODY, "--json", "--timeout", "5")
    result = ended.result
    assert (result["outcome"], result["money"], ended.code) == NOT_SENT
    assert result["error"]["evidence"]
    assert result["sandbox"] is None


def test_an_error_that_is_not_listed_is_unknown() -> None:
    result = of_error(PaymentOptionsError("of a later version"))
    assert (result.outcome, result.exit_code) == ("unknown", 3)


def test_only_what_moved_stands_under_payment(cli: Cli) -> None:
    declined = cli("purchase", "--sandbox", "--json", "--amount", "9000051").result
    partial = cli("purchase", "--sandbox", "--json", "--amount", "9000010").result
    assert declined["payment"] is None
    assert declined["error"]["payment"]["transaction_id"]
    assert partial["payment"]["amount"] == "4500005"
    assert partial["error"]["payment"] is None


def test_a_decline_tells_reason_and_code(cli: Cli) -> None:
    error = cli("purchase", "--sandbox", "--json", "--amount", "9000051").result["error"]
    assert error["type"] == "DeclinedError"
    assert error["reason"] == "insufficient_funds"
    assert error["response_code"] == 51


def test_problems_stand_in_json_by_path_and_rule(cli: Cli) -> None:
    error = cli("purchase", "--sandbox", "--json", "--currency", "yen").result["error"]
    assert [problem["path"] for problem in error["problems"]] == ["currency"]
    assert "ISO 4217" in error["problems"][0]["rule"]


def test_a_challenge_shows_the_address_on_a_line_of_its_own(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_CARD_NUMBER", "4000000000001091")
    ended = cli("purchase", "--sandbox", "--api-version", "2")
    assert ended.out.startswith("NOT PAID YET.")
    assert ended.out.splitlines()[-1].startswith("http://127.0.0.1:")


def test_the_sandbox_tells_what_really_happened(cli: Cli) -> None:
    lost_before = cli("purchase", "--sandbox", "--json", "--fault", "503:before_commit").result
    lost_after = cli("purchase", "--sandbox", "--json", "--fault", "503:after_commit").result
    assert (lost_before["sandbox"], lost_after["sandbox"]) == ({"charges": 0}, {"charges": 1})


PAYMENT: dict[str, Any] = {
    "transaction_id": "t",
    "merchant_txn_ref": "r",
    "amount": Decimal(1),
    "currency": "JPY",
}


def _unrecorded(error: PaymentOptionsError) -> PaymentOptionsError:
    error.recorded = False
    return error


UNRECORDED = [
    (of_answer(Payment(**PAYMENT, recorded=False)), "payment"),
    (of_answer(Challenge(redirect_url="https://acs.example", merchant_txn_ref="r", recorded=False)), "challenge"),
    (of_error(_unrecorded(OutcomeUnknownError("lost"))), "error"),
    (of_error(_unrecorded(PartialApprovalError("half", payment=Payment(**PAYMENT, recorded=False)))), "error"),
]


@pytest.mark.parametrize(("result", "member"), UNRECORDED)
def test_what_the_ledger_could_not_be_told_is_told(
    capsys: pytest.CaptureFixture[str], result: Result, member: str
) -> None:
    report(result, as_json=True)
    assert json.loads(capsys.readouterr().out)[member]["recorded"] is False
    report(result, as_json=False)
    assert "not recorded  the ledger could not be told of this" in capsys.readouterr().out


def test_what_another_run_is_charging_counts_as_unknown() -> None:
    error = ReferenceInUseError(
        "it is being charged", merchant_txn_ref="r", lease_ends=datetime(2030, 1, 1, tzinfo=UTC)
    )
    result = of_error(error)
    assert (result.outcome, result.money, result.exit_code) == ("in_use", "not touched by this call", 3)
    assert result.as_json()["error"]["lease_ends"] == "2030-01-01T00:00:00+00:00"


class BrokenPayments:
    async def purchase(self, request: object, *, version: int) -> None:
        raise RuntimeError(f"a bug that tells {CARD}")


def test_a_crash_of_the_client_is_unknown_and_shows_no_card(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: PaymentOptions) -> PaymentOptions:
        self.payments = BrokenPayments()  # type: ignore[assignment]
        return self

    monkeypatch.setattr(PaymentOptions, "__aenter__", lambda self: _at_once(broken(self)))
    ended = cli("purchase", "--sandbox", "--json")
    assert (ended.code, ended.result["outcome"]) == (3, "unknown")
    assert ended.result["error"]["message"] == "a fault of this program: RuntimeError"
    assert "RuntimeError" in caplog.text
    assert CARD not in ended.out + ended.err + caplog.text


async def _at_once(client: PaymentOptions) -> PaymentOptions:
    return client
