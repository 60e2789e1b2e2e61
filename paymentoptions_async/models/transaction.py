"""What the gateway answered to an operation: what payments, authorisations, captures, voids and refunds share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

if TYPE_CHECKING:
    from .answer import Answer, GatewayResponse

__all__ = ["Transaction"]


@attrs.frozen(kw_only=True)
class Transaction:
    """A transaction that the gateway carried out. Its class says what that did to the money.

    Attributes:
        money: What happened to the money, in words; the same for every object of a class.
        transaction_id: The gateway's id: capture, void, refund and status ask for it.
        merchant_txn_ref: Your reference.
        amount: As answered; where the answer is silent, as asked; 0 where neither tells (a void).
        currency: ISO 4217 code, likewise.
        auth_code: The issuer's authorisation code.
        scheme: The card scheme, such as `MASTERCARD`.
        masked_card: The first six and the last four digits.
        stored_payment_method_id: The token that was made, where one was asked for.
        timestamp: When, by the gateway's clock.
        replayed: Whether this is the stored answer to an earlier call, with nothing sent by this one.
        recorded: Whether the ledger says so. If not, it could not be told yet, or something in it contradicts this.
        attempts: How many attempts were made under this reference, those included that never left.
        raw: The whole answer as it came, with members that this library does not know, card number masked.
    """

    money: ClassVar[str] = "see the subclass"

    transaction_id: str
    merchant_txn_ref: str
    amount: Decimal
    currency: str
    auth_code: str | None = None
    scheme: str | None = None
    masked_card: str | None = None
    stored_payment_method_id: str | None = None
    timestamp: datetime | None = None
    replayed: bool = False
    recorded: bool = True
    attempts: int = 1
    raw: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)

    @property
    def gateway(self) -> GatewayResponse | None:
        """The gateway's own message and code. Built at each call."""
        return self.answer.gateway_response

    @property
    def answer(self) -> Answer:
        """`raw`, typed member by member. Built at each call."""
        from .wire import read_answer

        return read_answer(self.raw)
