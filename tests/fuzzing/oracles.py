"""What must hold whatever the bytes were, by readings of its own: nothing of the package's judgement is used here."""

from __future__ import annotations

import csv
import json
import pickle
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import attrs

from paymentoptions_async import PaymentOptionsError
from paymentoptions_async.verdict import Asked

from ..helpers import APPROVED, SAMPLES

__all__ = ["Reading", "check_error", "check_hidden", "read", "texts_of"]

_TABLE: Final = SAMPLES.parents[1] / "paymentoptions_async" / "models" / "response_codes.csv"
_CLASSES: Final[dict[Decimal | None, str]] = {
    Decimal(row["response_code"]): row["class"] for row in csv.DictReader(_TABLE.read_text("utf-8").splitlines())
}

# As it is, anywhere; and in groups as on the card, where nothing else is written to it.
_GROUPS: Final = re.findall("....", APPROVED)
_WRITTEN: Final = re.compile(rf"{APPROVED}|(?<![\w+.-])(?:{' '.join(_GROUPS)}|{'-'.join(_GROUPS)})(?![\w-]|[.]\d)")


@attrs.frozen
class Reading:
    """An answer, as a second reader understands it.

    Attributes:
        whole: The object; empty where there is none.
        status: The HTTP status.
    """

    whole: Mapping[str, Any]
    status: int

    @property
    def kind(self) -> str | None:
        """The class of its response code; `None` for one that is not published and for none."""
        return _CLASSES.get(_number(self._payment.get("response_code")))

    @property
    def approval(self) -> str | None:
        """The same, where it is `approved` or `partial`."""
        return self.kind if self.kind in ("approved", "partial") else None

    @property
    def is_open(self) -> bool:
        """Whether code or status say that nobody knows yet what becomes of the charge."""
        if self.kind in ("unclear", "pending", "duplicate"):
            return True
        return not self.whole and not (400 <= self.status < 500 and self.status not in (402, 408, 409, 425))

    @property
    def amount(self) -> Decimal | None:
        """What it comes to."""
        return _number(self._payment.get("amount"))

    @property
    def says_success(self) -> bool:
        return self.whole.get("success") is True

    def may_be_paid(self, asked: Asked) -> bool:
        """Whether it says, and nothing in it speaks against it, that what was asked for was carried out."""
        moved = self.says_success and 200 <= self.status < 300 and self.approval is not None
        # A number with a point is masked where it may be a card, and names the charge all the same.
        is_named = isinstance(name := self._transaction.get("id"), str | int | Decimal) and name != ""
        return moved and is_named and not self.whole.get("redirect_url") and self._fits(asked)

    def names(self, reference: str, transaction_id: str) -> bool:
        """Whether it says that it is about this transaction of this charge."""
        named = (self._transaction.get("merchant_txn_ref"), self._merchant.get("merchant_txn_ref"))
        return str(self._transaction.get("id")) == transaction_id and reference in named

    def is_whole(self, asked: Asked) -> bool:
        """Whether it is no less than was asked for. A reader of binary fractions may round."""
        if self.approval != "approved":
            return False
        return self.amount is None or asked.amount is None or self.amount > asked.amount - Decimal("1e-6")

    def _fits(self, asked: Asked) -> bool:
        named = [part.get("merchant_txn_ref") for part in (self.whole, self._transaction, self._merchant)]
        currencies = [self.whole.get("currency"), self._payment.get("currency")]
        return _all_are(named, asked.merchant_txn_ref) and _all_are(currencies, asked.currency)

    @property
    def _payment(self) -> Mapping[str, Any]:
        return _part(self.whole, "payment_details")

    @property
    def _transaction(self) -> Mapping[str, Any]:
        return _part(self.whole, "transaction_details")

    @property
    def _merchant(self) -> Mapping[str, Any]:
        return _part(self.whole, "merchant_details")


def read(body: bytes, status: int) -> Reading:
    """Read an answer by the standard library, digit for digit."""
    try:
        whole = json.loads(body.removeprefix(b"\xef\xbb\xbf"), parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation):
        whole = None
    return Reading(whole if isinstance(whole, dict) else {}, status)


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = whole.get(name)
    return value if isinstance(value, dict) else {}


def _all_are(told: list[Any], wanted: str | None) -> bool:
    return wanted is None or all(value is None or str(value) == wanted for value in told)


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


# --- what is told -----------------------------------------------------------------------------------------


def check_error(error: PaymentOptionsError, *, hides: bool = True) -> None:
    """See that an error says what became of the money, travels, can be printed, and shows no card.

    Args:
        error: What was raised.
        hides: Whether the card was known, or stood where a card may be expected.
    """
    assert error.money != PaymentOptionsError.money
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    str(error).encode()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", str(error)), "a terminal would obey it"
    if hides:
        check_hidden(str(error), error.args, error.__dict__)


def check_hidden(*told: object) -> None:
    """See that the card number that every request and most inputs hold is in nothing of this."""
    for text in texts_of(told):
        assert not _WRITTEN.search(text), "the card number is shown"


def texts_of(told: object) -> Iterator[str]:
    """Every text within a value."""
    match told:
        case str():
            yield told
        case bytes():
            yield told.decode("utf-8", "replace")
        case Mapping():
            for name, value in told.items():
                yield from texts_of(name)
                yield from texts_of(value)
        case list() | tuple() | set() | frozenset():
            for value in told:
                yield from texts_of(value)
        case _ if attrs.has(type(told)):
            yield repr(told)
            for field in attrs.fields(type(told)):  # type: ignore[arg-type]  # it has just been asked
                yield from texts_of(getattr(told, field.name))
        case _:
            yield str(told)
