"""What the gateway can be asked to do with money: a row for each, by its path (gateway/API.md, "Operations")."""

from __future__ import annotations

from typing import Any, Final, Generic, Never, TypeVar

import attrs

from .models.challenge import Challenge
from .models.follow_up import Capture, Refund, Void
from .models.hosted_page import HostedPage
from .models.payment import Authorization, Payment
from .models.transaction import Transaction

__all__ = [
    "AUTHORIZE", "CAPTURE", "HOSTED_PAGE", "PURCHASE", "REFUND", "SUBSCRIBE", "VOID", "Operation", "operation_of",
]  # fmt: skip

T_co = TypeVar("T_co", bound=Transaction, covariant=True)
W_co = TypeVar("W_co", covariant=True)


@attrs.frozen
class Operation(Generic[T_co, W_co]):
    """One operation.

    Attributes:
        path: After the prefix; also the ledger's name of it.
        result: What it is to the caller once it is carried out.
        waiting: What it is to the caller as long as the payer has to do something.
        is_follow_up: Whether it is done to a transaction that is there, and so has no `merchant_txn_ref` of its own.
    """

    path: str
    result: type[T_co]
    waiting: type[W_co] | None = None
    is_follow_up: bool = False


PURCHASE: Final[dict[int, Operation[Payment, Challenge]]] = {
    1: Operation("payment", Payment, Challenge),
    2: Operation("paymentv2", Payment, Challenge),
}
AUTHORIZE: Final[dict[int, Operation[Authorization, Challenge]]] = {
    1: Operation("authorization", Authorization, Challenge),
    2: Operation("authorizationv2", Authorization, Challenge),
}
CAPTURE: Final[Operation[Capture, Never]] = Operation("capture", Capture, is_follow_up=True)
VOID: Final[Operation[Void, Never]] = Operation("void", Void, is_follow_up=True)
REFUND: Final[Operation[Refund, Never]] = Operation("refund", Refund, is_follow_up=True)
SUBSCRIBE: Final[Operation[Payment, Challenge]] = Operation("subscription/payment", Payment, Challenge)
HOSTED_PAGE: Final[Operation[Payment, HostedPage]] = Operation("hpp/generate/link", Payment, HostedPage)

_ALL: Final[tuple[Operation[Any, Any], ...]] = (
    *PURCHASE.values(), *AUTHORIZE.values(), CAPTURE, VOID, REFUND, SUBSCRIBE, HOSTED_PAGE,
)  # fmt: skip
_BY_PATH: Final = {operation.path: operation for operation in _ALL}


def operation_of(path: str) -> Operation[Any, Any]:
    """The row of a path, as it stands in a ledger's record. One that is not known is told as a payment."""
    return _BY_PATH.get(path, PURCHASE[1])
