"""How body, flags and card come together."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async import InvalidRequestError, PurchaseRequest
from paymentoptions_async.cli.body import build_request, read_body
from paymentoptions_async.cli.sample import sample_body
from paymentoptions_async.cli.usage import BadUsageError

from .conftest import Cli
from .processes import BODY, CARD


def built(
    body: dict[str, Any] | None = None,
    *,
    expiry: str | None = None,
    token: str | None = None,
    **members: Any,
) -> PurchaseRequest:
    paths = {name.replace("__", "."): value for name, value in members.items()}
    return build_request(sample_body() if body is None else body, paths, expiry=expiry, token=token)


def without_card() -> dict[str, Any]:
    body = sample_body()
    del body["card"]["number"], body["card"]["cvc"]
    return body


@pytest.fixture
def card_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_CARD_NUMBER", "4111 1111-1111 1111")
    monkeypatch.setenv("PAYMENTOPTIONS_CARD_CVC", "123")


def test_the_seeds_body_is_read_as_it_stands() -> None:
    assert built(read_body(str(BODY))) == PurchaseRequest.from_json(BODY.read_bytes())


def test_a_flag_goes_over_the_bodys_member() -> None:
    request = built(amount="7", billing_address__city="Osaka")
    assert request.amount == "7"
    assert request.billing_address.city == "Osaka"
    assert request.billing_address.state == "Tokyo"


def test_a_flag_makes_the_object_that_the_body_does_not_have() -> None:
    body = sample_body() | {"billing_address": None}
    with pytest.raises(InvalidRequestError) as refusal:
        built(body, billing_address__city="Osaka")
    assert "billing_address.city" not in [problem.path for problem in refusal.value.problems]
    assert "billing_address.state" in [problem.path for problem in refusal.value.problems]


def test_a_flag_does_not_hide_that_the_body_is_wrong() -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        built(sample_body() | {"card": CARD}, card__name="A")
    assert "card" in [problem.path for problem in refusal.value.problems]
    assert CARD not in str(refusal.value)


def test_the_expiry_becomes_month_and_year() -> None:
    card = built(expiry="03/31").card
    assert card is not None
    assert (card.expiry_month, card.expiry_year) == ("03", "31")


@pytest.mark.parametrize("expiry", ["0331", "3/31", "03/2031", "", "٠٣/٣١"])
def test_another_form_of_expiry_is_a_usage_error(expiry: str) -> None:
    with pytest.raises(BadUsageError, match="MM/YY"):
        built(expiry=expiry)


def test_flags_alone_build_a_whole_request(card_in_environment: None) -> None:
    body = sample_body()
    flat = {
        f"{parent}__{name}": value
        for parent in ("return_url", "billing_address")
        for name, value in body[parent].items()
    }
    plain = {name: body[name] for name in ("amount", "currency", "merchant_txn_ref", "customer_ip", "time_zone")}
    request = built({}, **plain, **flat, card__name="A", expiry="12/30")
    assert request.card is not None
    assert request.card.number.reveal() == "4111111111111111"


def test_a_body_without_card_number_takes_the_environments(card_in_environment: None) -> None:
    card = built(without_card()).card
    assert card is not None
    assert (card.number.reveal(), card.cvc.reveal()) == ("4111111111111111", "123")
    assert card.name == "John Doe"


def test_a_number_that_is_null_is_a_number_that_is_missing(card_in_environment: None) -> None:
    body = sample_body()
    body["card"]["number"] = None
    card = built(body).card
    assert card is not None
    assert (card.number.reveal(), card.cvc.reveal()) == ("4111111111111111", "100")


def test_a_body_with_a_card_does_not_take_the_environments(card_in_environment: None) -> None:
    card = built().card
    assert card is not None
    assert card.number.reveal() == CARD


def test_a_token_pays_instead_of_the_bodys_card() -> None:
    request = built(token="tok-1")
    assert request.card is None
    assert request.payment_method is not None
    assert request.payment_method.type == "scheme"
    assert request.payment_method.stored_payment_method_id == "tok-1"


@pytest.mark.parametrize(
    ("expiry", "members"),
    [("12/30", {}), (None, {"card__name": "A"}), (None, {"payment_method__store_payment_method": True})],
)
def test_a_token_and_a_flag_for_a_card_contradict_each_other(expiry: str | None, members: dict[str, Any]) -> None:
    with pytest.raises(BadUsageError, match="--token"):
        built(token="tok-1", expiry=expiry, **members)


@pytest.mark.parametrize("method", [{"type": "gcash"}, {"type": "scheme", "stored_payment_method_id": "t"}])
def test_nobody_is_asked_for_a_card_that_is_not_needed(method: dict[str, str]) -> None:
    body = sample_body() | {"card": None, "payment_method": method}
    assert built(body).card is None


def test_without_terminal_a_missing_card_is_a_usage_error(cli: Cli) -> None:
    body = sample_body() | {"card": None}
    ended = cli("purchase", "-", "--sandbox", stdin=json.dumps(body))
    assert ended.code == 2
    assert "PAYMENTOPTIONS_CARD_NUMBER" in ended.err


def test_in_a_terminal_the_card_is_asked_for_without_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["4111 1111 1111 1111", "123"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))
    card = built(without_card()).card
    assert card is not None
    assert (card.number.reveal(), card.cvc.reveal()) == ("4111111111111111", "123")


def test_a_prompt_that_is_left_empty_handed_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", end)
    with pytest.raises(BadUsageError, match="no card"):
        built(without_card())


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[1]", '"text"', '{"amount": "1", "amount": "2"}', "[" * 100_000, '{"a": "\udcff"}'],
)
def test_a_body_that_is_no_json_object_is_a_usage_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "body.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BadUsageError):
        read_body(str(path))


def test_a_file_that_is_not_there_is_a_usage_error(cli: Cli) -> None:
    ended = cli("purchase", "not-there.json", "--json")
    assert ended.code == 2
    assert ended.result["outcome"] == "usage"
    assert "not-there.json: No such file" in ended.result["error"]["message"]


def test_numbers_are_taken_digit_for_digit(tmp_path: Path) -> None:
    path = tmp_path / "body.json"
    path.write_text('{"amount": 12.340}')
    assert read_body(str(path)) == {"amount": "12.340"}


def test_nothing_at_all_is_a_usage_error(cli: Cli) -> None:
    ended = cli("purchase")
    assert ended.code == 2
    assert "nothing to charge" in ended.err


def test_a_fault_without_the_sandbox_is_a_usage_error(cli: Cli) -> None:
    ended = cli("purchase", BODY, "--fault", "503")
    assert ended.code == 2
    assert "--sandbox" in ended.err


def test_the_sandbox_fills_in_what_no_flag_gives(cli: Cli) -> None:
    result = cli("purchase", "--sandbox", "--json", "--amount", "77").result
    assert result["outcome"] == "paid"
    assert result["asked"]["amount"] == "77"


def test_a_card_can_be_stored_and_the_token_is_told(cli: Cli) -> None:
    result = cli("purchase", "--sandbox", "--json", "--store-card").result
    assert result["payment"]["stored_payment_method_id"]
