"""Amounts and times as people read them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..state import TransactionState

if TYPE_CHECKING:
    from datetime import datetime

    from ..state import Transaction
    from .texts import Words

__all__ = ["amount_of", "moment", "money", "stamped"]

# ISO 4217: how many decimals a currency is written with, where these are not two.
_DECIMALS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def money(words: Words, amount: Decimal, currency: str) -> str:
    """An amount with its currency. No digit that was given is left out."""
    usual = _DECIMALS.get(currency, 2)
    given = -int(amount.normalize().as_tuple().exponent)
    written = f"{amount:,.{max(usual, given)}f}"
    if currency == "JPY":
        return words("yen", amount=written)
    return words("other_currency", amount=written, currency=currency)


def amount_of(words: Words, transaction: Transaction) -> str:
    """The amount of a transaction, which may have to be typed by the payer yet."""
    if transaction.page is not None and transaction.state is TransactionState.PENDING and not transaction.amount:
        return words("open_amount")
    return money(words, transaction.amount, transaction.currency)


def moment(time: datetime) -> str:
    """A time to the second."""
    return f"{time:%Y-%m-%d %H:%M:%S}"


def stamped(timestamp: str) -> str:
    """The timestamp of an answer, to the second."""
    return timestamp[:19].replace("T", " ")
