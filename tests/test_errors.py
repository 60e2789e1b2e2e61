from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

import paymentoptions_async
from paymentoptions_async import (
    AuthenticationError,
    BatchPausedError,
    ConfigurationError,
    DeclinedError,
    InvalidRequestError,
    LedgerError,
    NoAnswerError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptionsError,
    Problem,
    RateLimitedError,
    Reason,
    ReferenceConflictError,
    ReferenceInUseError,
    WebhookRefusedError,
    errors,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAYMENT: Final = Payment(
    transaction_id="ab8444e7", merchant_txn_ref="qwe", amount=Decimal(900), currency="JPY", raw={"new": ["member"]}
)

# DESIGN.md, "What happened to the money", with a value for every attribute.
TREE: Final[dict[type[PaymentOptionsError], tuple[str, dict[str, Any]]]] = {
    ConfigurationError: ("not touched", {}),
    InvalidRequestError: (
        "not touched",
        {"problems": (Problem("card.number", "required"),), "status": 412, "gateway_code": "VAL0035"},
    ),
    AuthenticationError: ("not touched", {"status": 401}),
    RateLimitedError: ("not touched", {"retry_after": 2.5, "attempts": 4}),
    NotSentError: ("not touched", {"attempts": 2, "evidence": ("refused", "no route")}),
    DeclinedError: (
        "not moved",
        {
            "reason": Reason.INSUFFICIENT_FUNDS,
            "response_code": 51,
            "gateway_code": "ERR3008",
            "payment": PAYMENT,
            "replayed": True,
        },
    ),
    NoAnswerError: ("not touched by this call", {"attempts": 2, "evidence": ("HTTP 502",)}),
    WebhookRefusedError: ("not touched by this call", {"status": 403}),
    LedgerError: ("not touched by this call", {}),
    BatchPausedError: ("not touched by this call", {"begun": 117}),
    ReferenceConflictError: ("not touched by this call", {}),
    ReferenceInUseError: ("not touched by this call", {"lease_ends": datetime(2024, 11, 25, tzinfo=UTC)}),
    PartialApprovalError: ("moved in part", {"payment": PAYMENT, "replayed": True}),
    OutcomeUnknownError: (
        "may have moved",
        {"attempts": 3, "evidence": ("HTTP 502",), "transaction_id": "ab8444e7", "replayed": True},
    ),
}

WHOLE_TREE: Final = {"PaymentOptionsError", *(kind.__name__ for kind in TREE)}

every_error = pytest.mark.parametrize("kind", TREE, ids=[kind.__name__ for kind in TREE])


def subclasses(kind: type[PaymentOptionsError]) -> Iterator[type[PaymentOptionsError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from subclasses(child)


def whole(kind: type[PaymentOptionsError]) -> PaymentOptionsError:
    error = kind("told", merchant_txn_ref="qwe", **TREE[kind][1])
    error.add_note("a note")
    return error


def told(error: BaseException) -> dict[str, Any]:
    return {"args": error.args, "str": str(error), **vars(error)}


def test_the_tree_is_the_one_in_the_design() -> None:
    assert set(subclasses(PaymentOptionsError)) == set(TREE)


def test_the_tree_is_drawn_in_the_module() -> None:
    for name in WHOLE_TREE:
        assert name in (errors.__doc__ or "")


def test_every_error_is_public() -> None:
    assert {name for name in errors.__all__ if name.endswith("Error")} == WHOLE_TREE
    assert set(paymentoptions_async.__all__) >= WHOLE_TREE
    assert all(getattr(paymentoptions_async, name) is getattr(errors, name) for name in WHOLE_TREE)


@every_error
def test_an_error_says_what_happened_to_the_money(kind: type[PaymentOptionsError]) -> None:
    assert kind.money == TREE[kind][0]
    assert kind.money in (errors.__doc__ or "")


@every_error
def test_an_error_is_caught_by_the_root_alone(kind: type[PaymentOptionsError]) -> None:
    assert kind.__mro__[1:] == (PaymentOptionsError, Exception, BaseException, object)


@every_error
def test_an_error_holds_what_it_is_told(kind: type[PaymentOptionsError]) -> None:
    error = whole(kind)
    assert {name: getattr(error, name) for name in TREE[kind][1]} == TREE[kind][1]
    assert set(vars(error)) == {"merchant_txn_ref", "__notes__", *TREE[kind][1]}


@every_error
def test_an_error_needs_nothing_but_a_message(kind: type[PaymentOptionsError]) -> None:
    error = kind("told")
    assert (str(error), error.merchant_txn_ref) == ("told", None)


@every_error
def test_an_error_shows_its_reference(kind: type[PaymentOptionsError]) -> None:
    assert str(whole(kind)) == "told [merchant_txn_ref 'qwe']"


COPIES: Final[dict[str, Callable[[Any], Any]]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "oldest pickle": lambda error: pickle.loads(pickle.dumps(error, 0)),
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),
    "newest pickle": lambda error: pickle.loads(pickle.dumps(error, pickle.HIGHEST_PROTOCOL)),
    "pickle of a copy": lambda error: pickle.loads(pickle.dumps(copy.copy(error))),
}


@every_error
@pytest.mark.parametrize("again", COPIES.values(), ids=COPIES)
def test_an_error_that_is_copied_is_whole(kind: type[PaymentOptionsError], again: Callable[[Any], Any]) -> None:
    error = whole(kind)
    other = again(error)
    assert type(other) is kind
    assert other is not error
    assert told(other) == told(error)


def test_a_problem_is_told_as_its_path_and_its_rule() -> None:
    assert str(Problem("card.number", "12 to 16 digits")) == "card.number: 12 to 16 digits"
