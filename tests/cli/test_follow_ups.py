"""`authorize`, `capture`, `void` and `refund`: once under each key, and told truly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from paymentoptions_async import PaymentOptions

from .conftest import Cli
from .elsewhere import Elsewhere
from .processes import BODY, CARD
from .test_purchase import KEYS


def authorised(cli: Cli, reference: str = "order-1") -> str:
    return str(cli("authorize", BODY, "--ref", reference, "--json").result["payment"]["transaction_id"])


def paid(cli: Cli, reference: str = "order-1") -> str:
    return str(cli("purchase", BODY, "--ref", reference, "--json").result["payment"]["transaction_id"])


def test_an_authorisation_is_captured_in_part_and_refunded_by_the_captures_id(cli: Cli, elsewhere: Elsewhere) -> None:
    reserved = cli("authorize", BODY, "--ref", "order-1", "--json")
    assert reserved.told == ("authorised", "reserved, not moved", 0)
    assert elsewhere.gateway.charges("order-1") == 0
    taken = cli("capture", reserved.result["payment"]["transaction_id"], "--amount", "600", "--key", "take-1", "--json")
    assert taken.told == ("captured", "moved once", 0)
    back = cli("refund", taken.result["payment"]["transaction_id"], "--amount", "250", "--key", "back-1", "--json")
    assert back.told == ("refunded", "moved back once", 0)
    assert elsewhere.gateway.balance("order-1") == Decimal(350)


def test_an_authorisation_is_given_up(cli: Cli, elsewhere: Elsewhere) -> None:
    ended = cli("void", authorised(cli), "--key", "void-1", "--json")
    assert ended.told == ("voided", "released, not moved", 0)
    assert elsewhere.gateway.charges("order-1") == 0


def test_an_authorisation_can_wait_for_the_payer(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_CARD_NUMBER", "4000000000001091")
    ended = cli("authorize", "--sandbox", "--api-version", "2", "--json")
    assert ended.told == ("challenge", "not moved yet", 1)


def test_what_was_carried_out_is_told_with_the_keys_of_a_purchase(cli: Cli, elsewhere: Elsewhere) -> None:
    transaction = paid(cli)
    result = cli("refund", transaction, "--amount", "250", "--key", "back-1", "--notes", "torn", "--json").result
    assert result.keys() == KEYS
    assert (result["operation_key"], result["merchant_txn_ref"]) == ("back-1", "order-1")
    assert result["asked"] == {"amount": "250", "currency": None, "card": None, "of_transaction": transaction}
    assert (result["payment"]["amount"], result["payment"]["of_transaction"]) == ("250", transaction)


def test_people_are_told_key_and_transaction(cli: Cli, elsewhere: Elsewhere) -> None:
    transaction = paid(cli)
    ended = cli("refund", transaction, "--amount", "250", "--key", "back-1")
    first, *rows = ended.out.splitlines()
    assert first == "REFUNDED. Money: moved back once."
    assert {"key             back-1", f"of transaction  {transaction}", "amount          250 JPY"} <= set(rows)


@pytest.mark.parametrize("name", ["capture", "void", "refund"])
def test_the_same_command_again_sends_nothing_and_tells_the_same(cli: Cli, elsewhere: Elsewhere, name: str) -> None:
    transaction = paid(cli) if name == "refund" else authorised(cli)
    amount = [] if name == "void" else ["--amount", "400"]
    arguments = (name, transaction, *amount, "--key", "key-1", "--json")
    first = cli(*arguments)
    known = elsewhere.gateway.transactions()
    again = cli(*arguments)
    assert elsewhere.gateway.transactions() == known
    assert again.told == first.told
    assert again.result["payment"]["transaction_id"] == first.result["payment"]["transaction_id"]
    assert again.result["payment"]["replayed"] is True


def test_a_lost_refund_is_unknown_never_sent_again_and_settled_by_its_key(cli: Cli, elsewhere: Elsewhere) -> None:
    refund = ("refund", paid(cli), "--amount", "250", "--key", "back 1")
    elsewhere.faults = ["reset:after_commit"]
    lost = cli(*refund)
    assert (lost.code, lost.out.partition("\n")[0]) == (3, "UNKNOWN. Money: may have moved.")
    assert "portal" in lost.out
    assert "`paymentoptions ledger resolve 'back 1'`" in lost.out
    assert "under another key" in lost.out
    again = cli(*refund, "--json")
    assert again.told == ("unknown", "may have moved", 3)
    assert (again.result["operation_key"], again.result["merchant_txn_ref"]) == ("back 1", None)
    assert elsewhere.gateway.balance("order-1") == Decimal(750)
    words = ("--paid", "--transaction-id", "tx-9", "--by", "Kim", "--reason", "portal")
    assert cli("ledger", "resolve", "back 1", *words).code == 0
    assert cli(*refund, "--json").told == ("refunded", "moved back once", 0)
    assert elsewhere.gateway.balance("order-1") == Decimal(750)


def test_a_refund_of_more_than_is_left_is_declined(cli: Cli, elsewhere: Elsewhere) -> None:
    ended = cli("refund", paid(cli), "--amount", "1001", "--key", "back-1", "--json")
    assert ended.told == ("declined", "not moved", 1)
    assert ended.result["payment"] is None
    assert ended.result["error"]["gateway_code"].upper() == "ERR3020"


def test_a_key_stands_for_one_content(cli: Cli, elsewhere: Elsewhere) -> None:
    transaction = paid(cli)
    cli("refund", transaction, "--amount", "250", "--key", "back-1")
    ended = cli("refund", transaction, "--amount", "251", "--key", "back-1", "--json")
    assert ended.told == ("refused", "not touched by this call", 1)
    assert ended.result["error"]["type"] == "ReferenceConflictError"


def test_a_transaction_that_there_is_not_is_refused(cli: Cli, elsewhere: Elsewhere) -> None:
    ended = cli("void", "tx-of-nobody", "--key", "void-1", "--json")
    assert ended.told == ("refused", "not touched", 1)


@pytest.mark.parametrize(
    "arguments",
    [("capture", "tx", "--amount", "1", "--key", "k"), ("void", "tx", "--key", "k"), ("authorize", BODY)],
)
def test_without_a_secret_nothing_is_sent(
    cli: Cli, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, arguments: tuple[object, ...]
) -> None:
    monkeypatch.delenv("PAYMENTOPTIONS_LEDGER_SECRET")
    ended = cli(*arguments)
    assert (ended.code, "token_hex" in ended.err) == (2, True)
    assert elsewhere.gateway.transactions() == ()


class _Broken:
    async def refund(self, transaction_id: str, **_: Any) -> None:
        raise RuntimeError(f"a bug that tells {CARD}")


def test_a_crash_in_a_refund_is_unknown_and_shows_no_card(
    cli: Cli, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(self: PaymentOptions) -> PaymentOptions:
        self.payments = _Broken()  # type: ignore[assignment]
        return self

    monkeypatch.setattr(PaymentOptions, "__aenter__", broken)
    ended = cli("refund", "tx-1", "--amount", "1", "--key", "back-1", "--json")
    assert ended.told == ("unknown", "may have moved", 3)
    assert ended.result["error"]["message"] == "a fault of this program: RuntimeError"
    assert CARD not in ended.out + ended.err + caplog.text
