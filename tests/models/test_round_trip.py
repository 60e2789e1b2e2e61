from __future__ import annotations

from typing import Any, Final

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paymentoptions_async.models import (
    CaptureRequest,
    HostedPageRequest,
    PurchaseRequest,
    RefundRequest,
    SubscriptionDetails,
    VoidRequest,
)
from paymentoptions_async.models.answer import Answer
from paymentoptions_async.models.rules import find_problems
from paymentoptions_async.models.wire import read_answer, read_request, read_subscription, request_body

from .instances import answers, requests, written

REQUESTS: Final = [PurchaseRequest, HostedPageRequest, CaptureRequest, RefundRequest, VoidRequest]


@pytest.mark.parametrize("kind", REQUESTS)
@settings(max_examples=25)
@given(data=st.data())
def test_a_request_comes_back_from_json_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    request = data.draw(requests(kind))
    assert find_problems(request) == []
    again, problems = read_request(request_body(request, "m").content, kind)
    assert problems == []
    assert again == attrs.evolve(request, merchant_id=request.merchant_id or "m")


def test_every_request_and_each_of_its_parts_is_made_at_random() -> None:
    seen: set[str] = set()

    @given(st.one_of(*(requests(kind) for kind in REQUESTS)))
    def see(request: Any) -> None:
        seen.update(type(part).__name__ for part in (request, *attrs.astuple(request, recurse=False)))

    see()
    assert seen >= {
        "PurchaseRequest", "HostedPageRequest", "CaptureRequest", "RefundRequest", "VoidRequest", "Card", "Address",
        "ReturnUrls", "BrowserInfo", "PaymentMethod", "Subscription",
    }  # fmt: skip


@pytest.mark.parametrize("spelling", [0, 1])
@given(answer=answers(Answer))
def test_an_answer_comes_back_from_json_as_it_was(spelling: int, answer: Answer) -> None:
    assert read_answer(orjson.loads(orjson.dumps(written(answer, spelling)))) == answer


@given(answers(SubscriptionDetails))
def test_a_subscription_comes_back_from_json_as_it_was(subscription: SubscriptionDetails) -> None:
    told = orjson.loads(orjson.dumps(written(subscription)))
    assert read_subscription(told) == attrs.evolve(subscription, raw=told)
