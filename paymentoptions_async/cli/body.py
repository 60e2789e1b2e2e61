"""From a body file, flags and a card that no argument carries, to the request."""

from __future__ import annotations

import getpass
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .. import HostedPageRequest, PurchaseRequest
from .sample import sample_body
from .usage import BadUsageError, without_numbers

__all__ = ["CARD_CVC", "CARD_NUMBER", "build_page", "build_request", "read_body", "sandbox_body"]

CARD_NUMBER: Final = "PAYMENTOPTIONS_CARD_NUMBER"
CARD_CVC: Final = "PAYMENTOPTIONS_CARD_CVC"

_CARD: Final = {"number": (CARD_NUMBER, "Card number"), "cvc": (CARD_CVC, "CVC")}
_EXPIRY: Final = re.compile(r"(\d\d)/(\d\d)", re.ASCII)


def read_body(source: str) -> dict[str, Any]:
    """Read the vendor's body.

    Args:
        source: A file's path, or `-` for stdin.

    Raises:
        BadUsageError: It cannot be read, or is no JSON object.
    """
    shown = "stdin" if source == "-" else without_numbers(source)
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as fault:
        raise BadUsageError(f"cannot read {shown}: {fault.strerror}") from None
    try:
        # As `PurchaseRequest.from_json` does: numbers are taken digit for digit, a doubled member is a mistake.
        body = json.loads(data, parse_float=str, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise BadUsageError(f"{shown}: not JSON, or a member stands twice") from None
    if not isinstance(body, dict):
        raise BadUsageError(f"{shown}: not a JSON object")
    return body


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def build_request(
    body: dict[str, Any],
    members: Mapping[str, object],
    *,
    expiry: str | None,
    token: str | None,
) -> PurchaseRequest:
    """Lay the flags over the body, and see that something pays.

    Args:
        body: In the vendor's form; it is changed.
        members: What the flags say, by dotted path; `None` where a flag was not given.
        expiry: The card's expiry, `MM/YY`.
        token: A stored payment method: it pays, and a card in the body is left out.

    Raises:
        BadUsageError: The flags contradict each other, or nothing pays.
        InvalidRequestError: Fields break their rules; all of them are told, by path.
    """
    given = _given(body, members)
    if expiry is not None:
        given |= _expiry_members(expiry)
    if token is not None:
        _pay_by_token(body, given, token)
    _lay_over(body, given)
    if token is None and _wants_card(body):
        _add_card(body)
    return PurchaseRequest.from_json(json.dumps(body))


def build_page(body: dict[str, Any], members: Mapping[str, object]) -> HostedPageRequest:
    """Lay the flags over the body of a page, on which nothing pays yet.

    Args:
        body: In the vendor's form; it is changed.
        members: What the flags say, by dotted path; `None` where a flag was not given.

    Raises:
        BadUsageError: There is neither a body nor a flag.
        InvalidRequestError: Fields break their rules; all of them are told, by path.
    """
    _lay_over(body, _given(body, members))
    return HostedPageRequest.from_json(json.dumps(body))


def sandbox_body() -> dict[str, Any]:
    """A whole body for the sandbox. Its test card gives way to one in the environment."""
    body = sample_body()
    for name, (variable, _) in _CARD.items():
        if os.environ.get(variable):
            del body["card"][name]
    return body


def _given(body: Mapping[str, Any], members: Mapping[str, object]) -> dict[str, object]:
    given = {path: value for path, value in members.items() if value is not None}
    if not body and not given:
        raise BadUsageError("nothing to charge: give BODY.json or flags, or try it out with --sandbox")
    return given


def _lay_over(body: dict[str, Any], given: Mapping[str, object]) -> None:
    for path, value in given.items():
        _put(body, path, value)


def _expiry_members(expiry: str) -> dict[str, object]:
    match = _EXPIRY.fullmatch(expiry)
    if match is None:
        raise BadUsageError("--expiry: MM/YY, such as 12/30")
    return {"card.expiry_month": match[1], "card.expiry_year": match[2]}


def _pay_by_token(body: dict[str, Any], given: dict[str, object], token: str) -> None:
    if any(path.startswith("card.") or path.endswith(".store_payment_method") for path in given):
        raise BadUsageError("--token pays instead of a card: leave --card-name, --expiry and --store-card out")
    body.pop("card", None)
    given["payment_method.stored_payment_method_id"] = token
    method = body.get("payment_method")
    if not isinstance(method, dict) or "type" not in method:
        given["payment_method.type"] = "scheme"


def _put(body: dict[str, Any], path: str, value: object) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        if body.get(parent) is None:
            body[parent] = {}
        body = body[parent]
        if not isinstance(body, dict):
            return  # a body that is wrong here is refused as a whole, with the path told
    body[name] = value


def _wants_card(body: Mapping[str, Any]) -> bool:
    method, card = body.get("payment_method"), body.get("card")
    if isinstance(method, dict) and (
        method.get("stored_payment_method_id") is not None or method.get("type", "scheme") != "scheme"
    ):
        return False
    return card is None or (isinstance(card, dict) and any(card.get(name) is None for name in _CARD))


def _add_card(body: dict[str, Any]) -> None:
    card = body.get("card") or {}
    found = {name: _secretly(*source) for name, source in _CARD.items() if card.get(name) is None}
    body["card"] = {**card, **found}


def _secretly(variable: str, label: str) -> str:
    value = os.environ.get(variable) or _prompted(variable, label)
    return value.replace(" ", "").replace("-", "")


def _prompted(variable: str, label: str) -> str:
    if not sys.stdin.isatty():
        raise BadUsageError(
            f"no card: set {CARD_NUMBER} and {CARD_CVC}, give --token, or run in a terminal to be asked"
            f" ({variable} is not set)"
        )
    try:
        return getpass.getpass(f"{label} (not shown): ")
    except EOFError:
        raise BadUsageError(f"no card: {variable} is not set, and nothing was typed") from None
