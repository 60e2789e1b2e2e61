"""What the acquirer's and the risk engine's codes mean (response_codes.csv, the vendor's published tables)."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import Final

import attrs

__all__ = ["Reason", "ResponseCode", "find_code", "gateway_code_reason", "response_codes"]


class Reason(StrEnum):
    """The class of a response code."""

    APPROVED = "approved"
    PARTIAL = "partial"
    DECLINED = "declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    INVALID_CARD = "invalid_card"
    PICK_UP_CARD = "pick_up_card"
    STOP_PAYMENT = "stop_payment"
    AUTHENTICATION_REQUIRED = "authentication_required"
    RISK_RULE = "risk_rule"
    REFUND_LIMIT = "refund_limit"
    INVALID_REQUEST = "invalid_request"
    MERCHANT_CONFIGURATION = "merchant_configuration"
    TRY_AGAIN = "try_again"
    DUPLICATE = "duplicate"
    PENDING = "pending"
    UNCLEAR = "unclear"


@attrs.frozen
class ResponseCode:
    """One row of the table; `told` is it in one line."""

    code: int
    reason: Reason
    meaning: str
    told: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "told", f"response code {self.code} ({self.meaning})")


@cache
def response_codes() -> dict[int, ResponseCode]:
    """Every published code."""
    import csv
    from importlib.resources import files

    text = files(__package__).joinpath("response_codes.csv").read_text("utf-8")
    return {
        int(row["response_code"]): ResponseCode(int(row["response_code"]), Reason(row["class"]), row["meaning"])
        for row in csv.DictReader(text.splitlines())
    }


def find_code(code: int) -> ResponseCode | None:
    """The row of a code, or `None` for one that nobody has published."""
    return response_codes().get(code)


# gateway/API.md, "Errors": ERR3001-ERR3018 are risk rules, ERR3019 and ERR3020 the refund balance. Older answers
# spell them `Err...`.
_REFUND_LIMIT: Final = frozenset({3019, 3020})
_RISK_RULES: Final = range(3001, 3019)
_DIGITS: Final = re.compile(r"[0-9]{1,6}")


def gateway_code_reason(code: str | None) -> Reason | None:
    """What a gateway code such as `ERR3008` says by itself, or `None` where it says nothing."""
    if code is None or not code.upper().startswith("ERR") or not _DIGITS.fullmatch(code[3:]):
        return None
    number = int(code[3:])
    if number in _REFUND_LIMIT:
        return Reason.REFUND_LIMIT
    return Reason.RISK_RULE if number in _RISK_RULES else None
