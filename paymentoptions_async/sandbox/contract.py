"""What the gateway accepts: credentials and bodies (gateway/API.md). No value is ever told."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paymentoptions_async.redaction import luhn

from .fields import CARD, FOLLOW_UP, PAGE_SECTIONS, PAGE_TOP, SECTIONS, SUBSCRIPTION, TOP, Field, Sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "API_KEY",
    "MERCHANT_ID",
    "X_API_KEY",
    "Refusal",
    "amount_problem",
    "check_credentials",
    "check_follow_up",
    "check_hosted_page",
    "check_purchase",
    "check_subscription",
    "is_card_number",
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


_UNITS: Final = ("DAYS", "WEEKS", "MONTHS", "YEARS")
_MOST_CYCLES: Final = 1_000
_KINDS: Final = {str: "a string", bool: "true or false", int: "a whole number"}
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
    if (card := body.get("card")) is not None and not is_card_number(card["number"]):
        return Refusal(406, "card.number: not a card number")
    return None


def check_subscription(body: Mapping[str, Any] | None) -> Refusal | None:
    """Refuse a body that is no purchase with a plan.

    Args:
        body: The parsed body; `None` where it is no JSON object.
    """
    why = check_purchase(body)
    if body is None or (why is not None and why.status != 400):
        return why
    plan = body.get("subscription")
    faults = [why.message] if why else []
    faults += _section_problems("subscription", plan, SUBSCRIPTION, required=True)
    if isinstance(plan, dict) and not faults:
        faults += _plan_problems(plan)
    return Refusal(400, "; ".join(faults)) if faults else None


def check_follow_up(body: Mapping[str, Any] | None, *, with_amount: bool) -> Refusal | None:
    """Refuse a body that is no capture, void or refund.

    Args:
        body: The parsed body; `None` where it is no JSON object.
        with_amount: Whether an amount belongs to it.
    """
    if body is None:
        return Refusal(400, "body: a JSON object")
    faults = list(_field_problems("", body, FOLLOW_UP))
    if with_amount and (problem := amount_problem(body.get("amount"), positive=True)):
        faults.append(f"amount: {problem}")
    return Refusal(400, "; ".join(faults)) if faults else None


def check_hosted_page(body: Mapping[str, Any] | None) -> Refusal | None:
    """Refuse a body that no payment page can be made of. Without an amount the payer types it.

    Args:
        body: The parsed body; `None` where it is no JSON object.
    """
    if body is None:
        return Refusal(400, "body: a JSON object")
    faults = list(_parts_problems(body, PAGE_TOP, PAGE_SECTIONS))
    amount = body.get("amount")
    if amount not in (None, "") and (problem := amount_problem(amount, positive=True)):
        faults.insert(0, f"amount: {problem}")
    return Refusal(400, "; ".join(faults)) if faults else None


def _problems(body: Mapping[str, Any]) -> Iterator[str]:
    if problem := amount_problem(body.get("amount")):
        yield f"amount: {problem}"
    yield from _parts_problems(body, TOP, SECTIONS)
    if body.get("card") is not None or not _has_token(body):
        yield from _section_problems("card", body.get("card"), CARD, required=True)


def _parts_problems(body: Mapping[str, Any], top: tuple[Field, ...], sections: Sections) -> Iterator[str]:
    yield from _field_problems("", body, top)
    for name, fields, required in sections:
        yield from _section_problems(name, body.get(name), fields, required)


def _plan_problems(plan: Mapping[str, Any]) -> Iterator[str]:
    units = f"one of {', '.join(_UNITS)}"
    if plan["cycle_type"].upper() not in _UNITS:
        yield f"subscription.cycle_type: {units}"
    numbers = ["cycle_interval"]
    if plan["subscription_end_type"].upper() == "CYCLE":
        numbers.append("max_cycle_count")
    if plan.get("has_trial_period"):
        numbers.append("trial_period_duration")
        if str(plan.get("trial_period_duration_type")).upper() not in _UNITS:
            yield f"subscription.trial_period_duration_type: {units}"
    for name in numbers:
        if not 1 <= (plan.get(name) or 0) <= _MOST_CYCLES:
            yield f"subscription.{name}: from 1 to {_MOST_CYCLES}"
    if plan.get("has_discount"):
        if not 0 <= (plan.get("discount_percentage") or 0) <= 100:
            yield "subscription.discount_percentage: from 0 to 100"
        if (plan.get("discount_duration") or 0) < 1:
            yield "subscription.discount_duration: 1 or more"


def _section_problems(name: str, section: object, fields: tuple[Field, ...], required: bool) -> Iterator[str]:
    if isinstance(section, dict):
        yield from _field_problems(f"{name}.", section, fields)
    elif section is not None:
        yield f"{name}: an object"
    elif required:
        yield f"{name}: required"


def _field_problems(prefix: str, section: Mapping[str, Any], fields: tuple[Field, ...]) -> Iterator[str]:
    for name, longest, required, kind in fields:
        value = section.get(name)
        if value is None or value == "":
            if required:
                yield f"{prefix}{name}: required"
        elif type(value) is not kind:
            yield f"{prefix}{name}: {_KINDS[kind]}"
        elif longest is not None and len(str(value)) > longest:
            yield f"{prefix}{name}: at most {longest} characters"


def amount_problem(amount: object, *, positive: bool = False) -> str | None:
    """The rule that an amount breaks.

    Args:
        amount: As it was sent.
        positive: Whether 0 breaks a rule too.
    """
    if amount is None or amount == "":
        return "required"
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return "a string or a number"
    text = str(amount)
    if len(text) > 10:
        return "at most 10 characters"
    if not _AMOUNT.fullmatch(text):
        return "digits, perhaps with a decimal point"
    return "more than 0" if positive and not text.strip("0.") else None


def _has_token(body: Mapping[str, Any]) -> bool:
    method = body.get("payment_method")
    return isinstance(method, dict) and bool(method.get("stored_payment_method_id"))


def is_card_number(number: str) -> bool:
    """Whether it is one, by its length and its check digit."""
    return number.isascii() and number.isdecimal() and len(number) >= 12 and luhn(number)
