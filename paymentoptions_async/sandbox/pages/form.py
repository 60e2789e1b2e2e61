"""What the payer types into the card form, as people type it: with blanks, full-width digits, a year of four."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

import attrs

from ..hosted import pay_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..gateway import Gateway
    from ..state import HostedPage

__all__ = ["CardForm", "pay"]

_EXPIRY: Final = re.compile(r"([0-9]{1,2})[/.-]?((?:20)?[0-9]{2})")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_AMOUNT: Final = re.compile(r"(?=.{1,10}\Z)[0-9]+(?:\.[0-9]+)?")
_DIGITS: Final = re.compile(r"[0-9]{3}")
_BLANKS: Final = re.compile(r"\s")
_LONGEST: Final = 300
# What passes no check, for an expiry that cannot be read.
_NO_MONTH: Final = ("?", "?")


@attrs.frozen(kw_only=True)
class CardForm:
    """The fields of the form, as they were sent."""

    number: str = attrs.field(default="", repr=False)
    expiry: str = ""
    cvc: str = attrs.field(default="", repr=False)
    name: str = attrs.field(default="", repr=False)
    amount: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> CardForm:
        """The form of a request."""
        typed = {name: fields.get(name, "")[:_LONGEST] for name in ("number", "expiry", "cvc", "name", "amount")}
        plain = {name: normalize("NFKC", text).strip() for name, text in typed.items()}
        for name in ("number", "expiry", "cvc", "amount"):
            plain[name] = _BLANKS.sub("", plain[name])
        if _GROUPED.fullmatch(plain["amount"]):
            plain["amount"] = plain["amount"].replace(",", "")
        return cls(**plain)

    def month(self) -> tuple[str, str] | None:
        """Month and year of the expiry, two digits each; `None` if it cannot be read."""
        if (match := _EXPIRY.fullmatch(self.expiry)) is None:
            return None
        return f"{int(match[1]):02}", match[2][-2:]

    def shown(self, name: str) -> str:
        """What a field shows again when another is to be mended: nothing that could be card data."""
        text: str = getattr(self, name)
        harmless = {
            "expiry": self.month() is not None,
            "name": not _DIGITS.search(text),
            "amount": _AMOUNT.fullmatch(text) is not None,
        }
        return text if harmless.get(name) else ""


def pay(gateway: Gateway, page: HostedPage, form: CardForm) -> tuple[str | None, dict[str, str]]:
    """Pay a hosted page by what was typed.

    Returns:
        Where the payer is sent to, or `None` and what is to be mended: the key of its text by the field's name.
    """
    expired = _is_over(form.month(), gateway.now())
    month, year = _NO_MONTH if expired else (form.month() or (_NO_MONTH if form.expiry else ("", "")))
    result = pay_page(
        gateway,
        page,
        number=form.number,
        expiry_month=month,
        expiry_year=year,
        cvc=form.cvc,
        name=form.name,
        amount=form.amount,
    )
    problems = {_field_of(name): problem for name, problem in result.problems.items()}
    keys = {name: f"{problem.value}.{name}" for name, problem in problems.items()}
    return result.url, keys | ({"expiry": "expired.expiry"} if expired and keys else {})


def _is_over(month: tuple[str, str] | None, now: datetime) -> bool:
    if month is None or month[0] > "12":
        return False
    return (2000 + int(month[1]), int(month[0])) < (now.year, now.month)


def _field_of(name: str) -> str:
    return "expiry" if name in ("expiry_month", "expiry_year") else name
