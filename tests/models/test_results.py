"""What each operation's published answer is to the caller."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from typing import Any, Final

import orjson
import pytest

from paymentoptions_async.delivery import Landing, deliver
from paymentoptions_async.ledger import Intent
from paymentoptions_async.models import Authorization, Capture, Challenge, HostedPage, Payment, Refund, Void
from paymentoptions_async.models.outcome import Outcome, State
from paymentoptions_async.operations import (
    AUTHORIZE,
    CAPTURE,
    HOSTED_PAGE,
    PURCHASE,
    REFUND,
    SUBSCRIBE,
    VOID,
    Operation,
)

from ..helpers import SAMPLES

CASES: Final[list[tuple[Operation[Any, Any], State, str, type]]] = [
    (PURCHASE[1], State.PAID, "purchase.response.201", Payment),
    (PURCHASE[2], State.CHALLENGED, "purchase_3ds.response.200", Challenge),
    (AUTHORIZE[1], State.PAID, "purchase.response.201", Authorization),
    (AUTHORIZE[2], State.CHALLENGED, "purchase_3ds.response.200", Challenge),
    (CAPTURE, State.PAID, "capture.response.201", Capture),
    (VOID, State.PAID, "void.response.201", Void),
    (REFUND, State.PAID, "refund.response.201", Refund),
    (SUBSCRIBE, State.PAID, "purchase.response.201", Payment),
    (HOSTED_PAGE, State.CHALLENGED, "hosted_page.response", HostedPage),
]
WITH_RAW: Final = [case for case in CASES if case[3] is not Challenge]


def sample(name: str) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    return told


def delivered(operation: Operation[Any, Any], state: State, answer: dict[str, Any]) -> Any:
    intent = Intent("qwe", b"", operation.path, "1000", "JPY", subject="of this")
    return deliver(Landing(Outcome(state), answer=answer), intent)


@pytest.mark.parametrize(("operation", "state", "name", "kind"), CASES)
def test_the_published_answer_becomes_what_it_stands_for(
    operation: Operation[Any, Any], state: State, name: str, kind: type[Any]
) -> None:
    told = sample(name)
    made = delivered(operation, state, told)
    assert type(made) is kind
    if state is State.PAID:
        assert (made.transaction_id, made.amount) == (told["transaction_details"]["id"], Decimal(1000))
    elif kind is HostedPage:
        assert (made.id, made.url, made.amount) == (told["id"], told["url"], Decimal(1000))
    else:
        assert made.redirect_url == told["redirect_url"]


@pytest.mark.parametrize(("operation", "state", "name", "kind"), WITH_RAW)
def test_a_member_that_nobody_knows_survives_in_raw(
    operation: Operation[Any, Any], state: State, name: str, kind: type[Any]
) -> None:
    told = {**sample(name), "new": {"deep": [1, None, {"a": "b"}]}}
    made = delivered(operation, state, copy.deepcopy(told))
    assert made.raw == told
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_payment_that_began_a_subscription_tells_it() -> None:
    told = {**sample("purchase.response.201"), **sample("subscription_cancel.response.200")}
    made = delivered(SUBSCRIBE, State.PAID, told)
    assert made.subscription.id == told["subscription_details"]["id"]
    assert delivered(SUBSCRIBE, State.PAID, sample("purchase.response.201")).subscription is None
