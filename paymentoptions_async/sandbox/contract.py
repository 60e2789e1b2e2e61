"""What the gateway accepts: credentials and bodies (gateway/API.md). No value is ever told."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paymentoptions_async.redaction import luhn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "API_KEY",
    "MERCHANT_ID",
    "X_API_KEY",
    "Refusal",
    "check_credentials",
    "check_purchase",
]

API_KEY: Final = "sandbox-api-key"
X_API_KEY: Final = "sandbox-x-api-key"
MERCHANT_ID: Final = "sandbox-merchant"

# gateway/API.md, "Authentication": without and with the colon of an HTTP user name.
_AUTHORIZATIONS: Final = frozenset(f"Basic {b64encode(form.encode()).decode()}" for form in (API_KEY, f"{API_KEY}:"))


class Refusal(NamedTuple):
    """Why a request is not decided at all.

    Attributes:
        status: The HTTP status: 400, 401, 404 or 406.
        message: The fields and the rules that they break.
    """

    status: int
    message: str


class _Field(NamedTuple):
    name: str
    longest: int | None = None
    required: bool = True
    kind: type = str


def _optional(fields: tuple[_Field, ...]) -> tuple[_Field, ...]:
    return tuple(field._replace(required=False) for field in fields)


# gateway/API.md, "Purchase body".
_CARD: Final = (
    _Field("number", 16),
    _Field("cvc", 4),
    _Field("expiry_month", 2),
    _Field("expiry_year", 2),
    _Field("name", 255),
)
_TOP: Final = (
    _Field("currency", 3),
    _Field("merchant_txn_ref", 45),
    _Field("customer_ip", 45),
    _Field("merchant_id", 128),
    _Field("time_zone", 128),
)
_RETURN_URL: Final = (
    _Field("webhook_url", 255),
    _Field("success_url", 255),
    _Field("decline_url", 255),
)
_ADDRESS: Final = (
    _Field("country", 2),
    _Field("email", 45),
    _Field("phone_number", 20),
    _Field("address1", 199),
    _Field("city", 65),
    _Field("state", 65),
    _Field("postal_code", 45),
)
_BROWSER: Final = _optional(
    (
        _Field("acceptHeader"),
        _Field("screenColorDepth"),
        _Field("javaEnabled", kind=bool),
        _Field("language"),
        _Field("screenHeight"),
        _Field("screenWidth"),
        _Field("challengeWindow"),
        _Field("userAgent"),
    )
)
_PAYMENT_METHOD: Final = _optional(
    (
        _Field("type"),
        _Field("store_payment_method", kind=bool),
        _Field("stored_payment_method_id"),
    )
)
# Name, fields, whether it must be there.
_SECTIONS: Final = (
    ("return_url", _RETURN_URL, True),
    ("billing_address", _ADDRESS, True),
    ("shipping_address", _optional(_ADDRESS), False),
    ("browser_info", _BROWSER, False),
    ("payment_method", _PAYMENT_METHOD, False),
)
_KINDS: Final = {str: "a string", bool: "true or false"}
_AMOUNT: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def check_credentials(headers: Mapping[str, str]) -> Refusal | None:
    """Refuse unless both credentials are right (gateway/API.md, "Authentication")."""
    known = headers.get("Authorization") in _AUTHORIZATIONS
    if known and headers.get("x-api-key") == X_API_KEY:
        return None
    return Refusal(401, "Authorization and x-api-key: not known here")


def check_purchase(body: Mapping[str, Any] | None) -> Refusal | None:
    """Refuse a body that breaks gateway/API.md, "Purchase body"; all faults are told at once.

    Args:
        body: The parsed body; `None` where it is no JSON object.
    """
    if body is None:
        return Refusal(400, "body: a JSON object")
    if problems := "; ".join(_problems(body)):
        return Refusal(400, problems)
    if (card := body.get("card")) is not None and not _is_card_number(card["number"]):
        return Refusal(406, "card.number: not a card number")
    return None


def _problems(body: Mapping[str, Any]) -> Iterator[str]:
    if problem := _amount_problem(body.get("amount")):
        yield f"amount: {problem}"
    yield from _field_problems("", body, _TOP)
    for name, fields, required in _SECTIONS:
        yield from _section_problems(name, body.get(name), fields, required)
    if body.get("card") is not None or not _has_token(body):
        yield from _section_problems("card", body.get("card"), _CARD, required=True)


def _section_problems(name: str, section: object, fields: tuple[_Field, ...], required: bool) -> Iterator[str]:
    if isinstance(section, dict):
        yield from _field_problems(f"{name}.", section, fields)
    elif section is not None:
        yield f"{name}: an object"
    elif required:
        yield f"{name}: required"


def _field_problems(prefix: str, section: Mapping[str, Any], fields: tuple[_Field, ...]) -> Iterator[str]:
    for name, longest, required, kind in fields:
        value = section.get(name)
        if value is None or value == "":
            if required:
                yield f"{prefix}{name}: required"
        elif type(value) is not kind:
            yield f"{prefix}{name}: {_KINDS[kind]}"
        elif longest is not None and len(str(value)) > longest:
            yield f"{prefix}{name}: at most {longest} characters"


def _amount_problem(amount: object) -> str | None:
    if amount is None or amount == "":
        return "required"
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return "a string or a number"
    text = str(amount)
    if len(text) > 10:
        return "at most 10 characters"
    return None if _AMOUNT.fullmatch(text) else "digits, perhaps with a decimal point"


def _has_token(body: Mapping[str, Any]) -> bool:
    method = body.get("payment_method")
    return isinstance(method, dict) and bool(method.get("stored_payment_method_id"))


def _is_card_number(number: str) -> bool:
    return number.isascii() and number.isdecimal() and len(number) >= 12 and luhn(number)
