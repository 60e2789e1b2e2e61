"""`paymentoptions subscription`."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cli
from .elsewhere import Elsewhere
from .processes import BODY, Ended


@pytest.fixture
def body(tmp_path: Path) -> Path:
    plan = {"plan_name": "Weekly", "cycle_type": "DAYS", "cycle_interval": 7, "subscription_end_type": "CYCLE"}
    file = tmp_path / "body.json"
    file.write_text(json.dumps(json.loads(BODY.read_text()) | {"subscription": plan | {"max_cycle_count": 9}}))
    return file


@pytest.fixture
def plan(cli: Cli, elsewhere: Elsewhere, body: Path) -> str:
    """The id of a subscription."""
    return str(the_one(cli("subscription", "create", body, "--json"))["id"])


def the_one(ended: Ended) -> dict[str, Any]:
    (one,) = ended.result["subscriptions"]
    assert isinstance(one, dict)
    return one


def test_its_first_payment_is_charged_once_and_its_id_is_told(cli: Cli, elsewhere: Elsewhere, body: Path) -> None:
    first = cli("subscription", "create", body, "--json")
    again = cli("subscription", "create", body, "--json")
    assert first.told == again.told == ("paid", "moved once", 0)
    assert the_one(first)["id"] == the_one(again)["id"]
    assert elsewhere.gateway.charges("qwe") == 1


def test_what_it_has_charged_is_shown(cli: Cli, elsewhere: Elsewhere, plan: str) -> None:
    elsewhere.do(elsewhere.gateway.advance(timedelta(days=7)))
    assert len(the_one(cli("subscription", "get", plan, "--json"))["transactions"]) == 2
    rows = cli("subscription", "get", plan).out.splitlines()
    assert f"subscription  {plan} ACTIVE" in rows
    assert "cycles        2 of 9" in rows
    assert len([row for row in rows if row.startswith("charged")]) == 2


def test_all_are_listed_a_line_each(cli: Cli, elsewhere: Elsewhere, plan: str, body: Path) -> None:
    other = the_one(cli("subscription", "create", body, "--ref", "other", "--json"))["id"]
    assert {one["id"] for one in cli("subscription", "list", "--json").result["subscriptions"]} == {plan, other}
    assert set(cli("subscription", "list").out.splitlines()[1:]) == {
        f"subscription  {one} ACTIVE Weekly" for one in (plan, other)
    }


def test_it_is_paused_resumed_and_cancelled(cli: Cli, plan: str) -> None:
    for name, outcome, status in (
        ("pause", "paused", "PAUSED"),
        ("resume", "resumed", "ACTIVE"),
        ("cancel", "cancelled", "CANCELLED"),
    ):
        ended = cli("subscription", name, plan, "--json")
        assert ended.told == (outcome, "not touched by this call", 0)
        assert the_one(ended)["status"] == status


def test_a_change_whose_answer_was_lost_is_told_and_can_be_made_again(
    cli: Cli, elsewhere: Elsewhere, plan: str
) -> None:
    elsewhere.faults = ["reset:after_commit"]
    ended = cli("subscription", "pause", plan)
    assert (ended.code, ended.out.partition("\n")[0]) == (3, "NO ANSWER. Money: not touched by this call.")
    assert cli("subscription", "get", plan).code == 0


def test_one_that_there_is_not_and_a_body_without_a_plan_are_refused(cli: Cli, elsewhere: Elsewhere) -> None:
    assert cli("subscription", "cancel", "of-nobody", "--json").told == ("refused", "not touched", 1)
    assert cli("subscription", "create", BODY, "--json").told == ("refused", "not touched", 1)
    assert elsewhere.gateway.total_charges() == 0


def test_an_embedded_gateway_fills_in_the_plan(cli: Cli) -> None:
    ended = cli("subscription", "create", "--sandbox", "--json")
    assert ended.told == ("paid", "moved once", 0)
    assert the_one(ended)["status"] == "ACTIVE"
