"""What was done to a transaction: captured, voided, refunded."""

from __future__ import annotations

from typing import ClassVar

import attrs

from .transaction import Transaction

__all__ = ["Capture", "FollowUp", "Refund", "Void"]


@attrs.frozen(kw_only=True)
class FollowUp(Transaction):
    """What all three have. `transaction_id` is the new one, of this operation itself.

    `merchant_txn_ref` is that of the charge, as the gateway answered it; empty where it did not.

    Attributes:
        operation_key: Your own name of this operation, under which the ledger knows it.
        of_transaction: The gateway's id of the transaction that it was done to.
    """

    operation_key: str
    of_transaction: str


@attrs.frozen(kw_only=True)
class Capture(FollowUp):
    """What was authorised has moved, once. `transaction_id` is what a refund asks for."""

    money: ClassVar[str] = "moved once"


@attrs.frozen(kw_only=True)
class Void(FollowUp):
    """The authorisation is given up: nothing moved, and nothing will."""

    money: ClassVar[str] = "released, not moved"


@attrs.frozen(kw_only=True)
class Refund(FollowUp):
    """The amount went back to the payer, once."""

    money: ClassVar[str] = "moved back once"
