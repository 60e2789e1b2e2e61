"""Whatever is asked in whatever order: the money agrees with a model of it, and never leaves its bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.follow_ups import CAPTURE, REFUND, VOID
from paymentoptions_async.sandbox.gateway import Call, Operation
from paymentoptions_async.sandbox.purchases import AUTHORISATION_V1, PURCHASE_V1

from .calls import HEADERS, purchase

if TYPE_CHECKING:
    from paymentoptions_async.sandbox.answers import Answer

# Plain ones, and those that decline, are unclear or approve half.
AMOUNTS = st.sampled_from(["0.01", "7", "12.34", "500", "1000", "9000051", "9000068", "9000010", "9999999", "9908003"])
DECLINED, UNCLEAR, PARTIAL = "9000051", "9000068", "9000010"


@attrs.define
class Money:
    """What the model knows of one authorisation or payment.

    Attributes:
        open: Whether it can be captured or voided.
        authorised: As much may move at most.
        captured: As much has moved.
        refunded: As much of that has moved back.
        refundable: The id to refund it by.
    """

    id: str
    open: bool
    authorised: Decimal
    captured: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    refundable: str | None = None


class Till(RuleBasedStateMachine):
    moneys = Bundle("moneys")

    @initialize(unclear_charges=st.booleans())
    def start(self, unclear_charges: bool) -> None:
        self.unclear_charges = unclear_charges
        self.sandbox = Sandbox(unclear_charges=unclear_charges)
        self.all: list[Money] = []
        self.charges = 0

    def ask(self, operation: Operation, body: dict[str, Any]) -> Answer:
        return operation.decide(self.sandbox._gateway, Call({}, HEADERS, body))

    def follow(self, operation: Operation, transaction_id: str, amount: str) -> tuple[int, dict[str, Any]]:
        body = {"transactionId": transaction_id, "amount": amount, "merchant_id": "m"}
        answer = self.ask(operation, body)
        return answer.status, orjson.loads(answer.body)

    def moved(self, amount: str) -> Decimal:
        """What a yes to this amount moves."""
        if amount in (DECLINED, "9908003") or (amount == UNCLEAR and not self.unclear_charges):
            return Decimal(0)
        return Decimal(amount) / 2 if amount == PARTIAL else Decimal(amount)

    @rule(target=moneys, amount=AMOUNTS, pay=st.booleans())
    def begin(self, amount: str, pay: bool) -> Money:
        answer = self.ask(PURCHASE_V1 if pay else AUTHORISATION_V1, purchase(amount=amount))
        transaction_id = orjson.loads(answer.body)["transaction_details"]["id"]
        moved = self.moved(amount)
        money = Money(transaction_id, open=not pay and moved > 0, authorised=moved)
        if pay and moved:
            money.captured, money.refundable = moved, transaction_id
            self.charges += 1
        self.all.append(money)
        return money

    @rule(money=moneys, amount=AMOUNTS)
    def capture(self, money: Money, amount: str) -> None:
        status, body = self.follow(CAPTURE, money.id, amount)
        if not money.open or Decimal(amount) > money.authorised:
            assert status == 400
        elif moved := self.moved(amount):
            money.open, money.captured, money.refundable = False, moved, body["transaction_details"]["id"]
            self.charges += 1

    @rule(money=moneys)
    def void(self, money: Money) -> None:
        status, _ = self.follow(VOID, money.id, "1")
        assert status == (201 if money.open else 400)
        money.open = False

    @rule(money=moneys, amount=AMOUNTS)
    def refund(self, money: Money, amount: str) -> None:
        status, body = self.follow(REFUND, money.refundable or money.id, amount)
        left = money.captured - money.refunded
        if money.refundable is None:
            assert status == 400
        elif Decimal(amount) > left:
            assert body["payment_details"]["response_code"] == (-8020 if left else -8019)
        else:
            money.refunded += self.moved(amount)

    @invariant()
    def the_balance_is_that_of_the_model(self) -> None:
        expected = sum((money.captured - money.refunded for money in self.all), Decimal(0))
        assert self.sandbox.balance("ref-1") == expected
        assert self.sandbox.charges("ref-1") == self.sandbox.total_charges() == self.charges

    @invariant()
    def nothing_leaves_its_bounds(self) -> None:
        for transaction in self.sandbox.transactions("ref-1"):
            assert 0 <= transaction.refunded <= transaction.captured <= transaction.amount
        for money in self.all:
            assert 0 <= money.captured - money.refunded <= money.authorised


Till.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestTill = Till.TestCase
