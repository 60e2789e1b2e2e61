"""Answers to what was not decided (gateway/API.md, "Errors"), and what every answer is. No I/O, no state."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs
import orjson

if TYPE_CHECKING:
    from .contract import Refusal

__all__ = [
    "Answer",
    "EchoCard",
    "ErrorBody",
    "html_page",
    "json_error",
    "refusal",
]

EchoCard = Literal["full", "masked", "none"]
ErrorBody = Literal["envelope", "message", "html", "empty"]

_JSON: Final = "application/json"
_HTML: Final = "text/html"
# gateway/API.md names it and gives it no meaning, so nothing can be read out of it.
_INVALID: Final = "VAL0035"


@attrs.frozen
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = _JSON
    headers: dict[str, str] = attrs.Factory(dict)


def refusal(why: Refusal, error_body: ErrorBody) -> Answer:
    """An undecided request's answer, in one of the shapes that API.md, "Errors", deems possible."""
    if error_body == "empty":
        return Answer(why.status)
    if error_body == "html":
        return html_page(why.status)
    return Answer(why.status, orjson.dumps(_refusal_body(why, error_body)))


def _refusal_body(why: Refusal, error_body: ErrorBody) -> dict[str, Any]:
    if error_body == "message":
        return {
            "statusCode": why.status,
            "message": why.message,
            "messageCode": _INVALID,
            "success": False,
            "data": None,
        }
    return {
        "success": False,
        "status_code": why.status,
        "is_live": False,
        "gateway_response": {
            "version": "1",
            "type": "VAL",
            "message": why.message,
            "code": _INVALID,
        },
    }


def html_page(status: int) -> Answer:
    """A proxy's page, which knows nothing of the gateway."""
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page.encode(), _HTML)


def json_error(status: int, headers: dict[str, str] | None = None) -> Answer:
    """A bare `{statusCode, message}`."""
    body = {"statusCode": status, "message": HTTPStatus(status).phrase}
    return Answer(status, orjson.dumps(body), headers=headers or {})
