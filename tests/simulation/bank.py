"""The gateway: what it decides, books and answers. Written from the wire contract, and not from the sandbox."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, Literal, NamedTuple

import orjson

from .script import Decision

__all__ = ["Answer", "Bank", "Transaction"]

_CODES: Final = {
    Decision.PAID: 0, Decision.PARTIAL: 10, Decision.DECLINED: 51, Decision.UNCLEAR_PAID: 68, Decision.UNCLEAR: 68,
}  # fmt: skip
_STATUSES: Final = {
    Decision.BROKEN_PAID: 500, Decision.BROKEN: 500, Decision.INVALID: 400, Decision.UNAUTHENTICATED: 401,
    Decision.BUSY: 429,
}  # fmt: skip
_MOVES: Final = frozenset(
    {Decision.PAID, Decision.PARTIAL, Decision.UNCLEAR_PAID, Decision.GARBLED_PAID, Decision.BROKEN_PAID}
)
_DUPLICATE: Final = 94


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    body: bytes


class Transaction:
    """What the gateway has booked of one charge."""

    def __init__(self, id: str, body: dict[str, Any], decision: Decision) -> None:  # noqa: A002
        self.id, self.body, self.decision = id, body, decision
        self.reference: str = body["merchant_txn_ref"]
        asked = int(body["amount"])
        self.amount = asked // 2 if decision is Decision.PARTIAL else asked
        self.is_moved = decision in _MOVES
        self.is_open = decision is Decision.CHALLENGED
        self.code = _CODES.get(decision, 0)

    @property
    def moved(self) -> int:
        """How much money."""
        return self.amount if self.is_moved else 0


class Bank:
    """Its books.

    Args:
        duplicates: What it does with a reference that it has decided already.
    """

    def __init__(self, duplicates: Literal["charge", "reject"]) -> None:
        self._rejects = duplicates == "reject"
        self.transactions: dict[str, Transaction] = {}
        self.of: defaultdict[str, list[Transaction]] = defaultdict(list)

    def moved(self, reference: str) -> list[Transaction]:
        """The transactions of a reference that money moved by."""
        return [one for one in self.of[reference] if one.is_moved]

    def charge(self, body: dict[str, Any], decision: Decision) -> tuple[Answer, Transaction | None]:
        """Decide about a charge that has arrived; `None` where nothing is booked."""
        if decision in (Decision.INVALID, Decision.UNAUTHENTICATED, Decision.BUSY, Decision.BROKEN):
            return Answer(_STATUSES[decision], orjson.dumps({"message": "no"})), None
        if self._rejects and self.of[body["merchant_txn_ref"]]:
            return Answer(200, _envelope(None, body, _DUPLICATE, success=False)), None
        one = Transaction(f"t{len(self.transactions)}", body, decision)
        self.transactions[one.id] = one
        self.of[one.reference].append(one)
        return self._answer(one), one

    def _answer(self, one: Transaction) -> Answer:
        if one.decision is Decision.CHALLENGED:
            return Answer(200, orjson.dumps({"success": True, "redirect_url": f"https://issuer.example/{one.id}"}))
        if one.decision is Decision.GARBLED_PAID:
            return Answer(201, b"<html>all is well</html>")
        if one.decision is Decision.BROKEN_PAID:
            return Answer(500, b'{"message":"oops"}')
        return Answer(201 if one.code == 0 else 200, self._told(one))

    def status(self, transaction_id: str) -> Answer:
        """What a transaction has come to."""
        one = self.transactions.get(transaction_id)
        if one is None:
            return Answer(404, b'{"message":"not known"}')
        return Answer(200, self._told(one, is_status=True))

    def answer_challenge(self, one: Transaction, *, says_yes: bool) -> None:
        """The payer has been at the issuer's page."""
        one.is_open, one.is_moved, one.code = False, says_yes, 0 if says_yes else 51

    def told(self, one: Transaction) -> bytes:
        """A webhook's payload."""
        return self._told(one, is_status=True)

    def _told(self, one: Transaction, *, is_status: bool = False) -> bytes:
        code = one.code
        if is_status and one.decision in (Decision.UNCLEAR, Decision.UNCLEAR_PAID):
            code = 0 if one.is_moved else 51  # it is clear by now
        if one.is_open:
            code = 578  # still pending
        return _envelope(one, one.body, code, success=code in (0, 10))


def _envelope(one: Transaction | None, body: dict[str, Any], code: int, *, success: bool) -> bytes:
    """gateway/API.md, "Answers"."""
    reference = body["merchant_txn_ref"]
    number = (body.get("card") or {}).get("number")
    return orjson.dumps(
        {
            "success": success,
            "transaction_type": "CAPTURE",
            "gateway_response": {"message": "told", "code": "INFO0000" if success else "ERR0051"},
            "merchant_details": {"merchant_txn_ref": reference},
            "payment_details": {
                "amount": one.amount if one else int(body["amount"]),
                "response_code": code,
                "auth_code": "917290" if success else None,
                "currency": body["currency"],
                "scheme": "MASTERCARD",
                "card": {"name": "John Doe", "number": number, "exp_month": "12", "exp_year": "29"},
            },
            "transaction_details": {
                "id": one.id if one else "duplicate",
                "timestamp": "2024-11-25T07:22:48.000Z",
                "merchant_txn_ref": reference,
                "stored_payment_method_id": None,
            },
        }
    )
