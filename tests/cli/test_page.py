"""`paymentoptions page`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async.cli.sample import sample_page

from .conftest import Cli
from .elsewhere import Elsewhere
from .processes import BODY, CARD


@pytest.fixture
def body(tmp_path: Path) -> Path:
    return written(tmp_path, sample_page() | {"merchant_txn_ref": "order-1"})


def written(folder: Path, content: dict[str, Any]) -> Path:
    (folder / "page.json").write_text(json.dumps(content))
    return folder / "page.json"


def test_the_address_stands_on_a_line_by_itself(cli: Cli, elsewhere: Elsewhere, body: Path) -> None:
    ended = cli("page", body)
    assert ended.code == 0
    assert ended.out.startswith("PAGE MADE, NOT PAID YET. Money: not moved yet.\n")
    assert ended.out.splitlines()[-1].startswith(f"{elsewhere.gateway.base_url}/hosted/")


def test_the_same_command_again_gives_the_same_page(cli: Cli, elsewhere: Elsewhere, body: Path) -> None:
    first, again = cli("page", body, "--json").result, cli("page", body, "--json").result
    assert (first["outcome"], first["money"]) == ("page", "not moved yet")
    assert again["page"]["url"] == first["page"]["url"]
    assert again["page"]["replayed"] is True


def test_what_still_waits_for_its_payer_is_not_what_a_wait_waited_for(
    cli: Cli, elsewhere: Elsewhere, body: Path
) -> None:
    cli("page", body)
    ended = cli("wait", "order-1", "--for", "0", "--json")
    assert (ended.code, ended.result["outcome"], ended.result["exit_code"]) == (1, "page", 1)


def test_a_wallet_pays_where_it_is_asked_for(cli: Cli, elsewhere: Elsewhere, body: Path) -> None:
    ended = cli("page", body, "--wallet", "gcash", "--currency", "PHP", "--json")
    assert ended.result["asked"]["currency"] == "PHP"
    elsewhere.do(elsewhere.gateway.pay_hosted_page("order-1"))
    assert elsewhere.gateway.charges("order-1") == 1


def test_the_payer_types_an_amount_that_is_not_given(cli: Cli, elsewhere: Elsewhere, tmp_path: Path) -> None:
    content = sample_page()
    del content["amount"]
    ended = cli("page", written(tmp_path, content))
    assert "amount     as the payer types it JPY" in ended.out.splitlines()


def test_a_card_in_the_body_is_refused_and_not_shown(cli: Cli, elsewhere: Elsewhere) -> None:
    ended = cli("page", BODY)
    assert (ended.code, ended.out.partition("\n")[0]) == (1, "REFUSED. Money: not touched.")
    assert CARD not in ended.out + ended.err


def test_an_embedded_gateway_fills_in_what_no_flag_gives(cli: Cli) -> None:
    ended = cli("page", "--sandbox", "--ref", "order-2", "--json")
    assert (ended.code, ended.result["merchant_txn_ref"]) == (0, "order-2")
    assert ended.result["sandbox"] == {"charges": 0}


def test_nothing_to_charge_is_a_usage_error(cli: Cli) -> None:
    ended = cli("page")
    assert (ended.code, "nothing to charge" in ended.err) == (2, True)
