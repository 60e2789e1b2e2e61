"""Requests: what a caller, a body file and the flags of the command line say."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import orjson

from paymentoptions_async import (
    HostedPageRequest,
    InvalidRequestError,
    PurchaseRequest,
)
from paymentoptions_async.cli.batch.inputs import _columns
from paymentoptions_async.cli.body import CARD_CVC, CARD_NUMBER, build_page, build_request, read_body
from paymentoptions_async.cli.usage import BadUsageError
from paymentoptions_async.models.follow_up_request import CaptureRequest, RefundRequest, VoidRequest
from paymentoptions_async.models.request import Request
from paymentoptions_async.models.wire import request_body
from paymentoptions_async.redaction import in_flight

from ..helpers import APPROVED, CVC, SAMPLES
from .oracles import check_error, check_hidden
from .target import Target, choice, joined, parts

__all__ = ["BODIES", "MAPS", "REQUESTS", "scratch"]

_KINDS: Final[tuple[type[Request], ...]] = (
    PurchaseRequest, HostedPageRequest, CaptureRequest, RefundRequest, VoidRequest,
)  # fmt: skip
_SAMPLES: Final = tuple(file.read_bytes() for file in sorted(SAMPLES.glob("*.request.json")))
_MEMORY: Final = Path("/dev/shm")
# A disk would be most of what is measured.
_folder: Final = tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None)


def scratch(name: str, content: bytes) -> Path:
    """A file of the targets, with this content."""
    path = Path(_folder.name) / name
    path.write_bytes(content)
    return path


def _check_request(request: Request) -> None:
    request.check()
    body = request_body(request, "shop")
    again = type(request).from_json(body.content)
    again_content = orjson.loads(request_body(again, "shop").content)
    assert again_content == orjson.loads(body.content), "read again it is another request"
    card = request.card if isinstance(request, PurchaseRequest) else None
    with in_flight(card.number if card else None):
        shown = repr(request)
    if card is not None:
        assert card.number.reveal() not in shown
        assert card.number.reveal() not in str(request.shown_reference())
        assert f'"cvc":"{card.cvc.reveal()}"'.encode() not in body.identity


def _check_refusal(error: InvalidRequestError) -> None:
    assert error.problems
    check_error(error)


# --- from a caller ----------------------------------------------------------------------------------------


def _request(data: bytes) -> None:
    choices, body = parts(data, 1)
    try:
        request = choice(choices, 0, _KINDS).from_json(body)
    except InvalidRequestError as error:
        _check_refusal(error)
        return
    _check_request(request)


REQUESTS: Final = Target(
    "requests", _request, tuple(joined((kind,), body) for kind in range(len(_KINDS)) for body in _SAMPLES)
)


# --- from the command line --------------------------------------------------------------------------------

_MEMBERS: Final = ("amount", "currency", "merchant_txn_ref", "card.name", "billing_address.city", "payment_method.type")


def _flags(document: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(document)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(told, dict):
        return {}
    # As typer gives them: texts, by names that it knows.
    return {name: str(told[name]) for name in (*_MEMBERS, "expiry", "token") if name in told}


def _body(data: bytes) -> None:
    choices, body, flags = parts(data, 2)
    members = _flags(flags)
    expiry, token = members.pop("expiry", None), members.pop("token", None)
    page = choice(choices, 0, (False, False, True))
    source = scratch("body.json", body)
    with patch.dict(os.environ, {CARD_NUMBER: APPROVED, CARD_CVC: CVC}):
        try:
            read = read_body(str(source))
            request = build_page(read, members) if page else build_request(read, members, expiry=expiry, token=token)
        except BadUsageError as error:
            check_hidden(str(error))
            return
        except InvalidRequestError as error:
            _check_refusal(error)
            return
    _check_request(request)


BODIES: Final = Target(
    "bodies",
    _body,
    (
        *(joined((page,), body, b"{}") for page in (0, 2) for body in _SAMPLES),
        joined((0,), _SAMPLES[0], orjson.dumps({"amount": "5", "card.name": "A", "expiry": "12/30"})),
        joined((0,), _SAMPLES[0], orjson.dumps({"token": "t", "merchant_txn_ref": "r"})),
    ),
)


# --- the map of a batch's columns -------------------------------------------------------------------------


def _map(data: bytes) -> None:
    choices, document = parts(data, 1)
    suffix = choice(choices, 0, (".toml", ".json", None))
    given = str(scratch(f"map{suffix}", document)) if suffix else document.decode("utf-8", "surrogateescape")
    try:
        columns = _columns([given]) if suffix else _columns(given.split("\n"))
    except BadUsageError as error:
        check_hidden(str(error))
        return
    assert all(type(text) is str for pair in columns.items() for text in pair)


MAPS: Final = Target(
    "maps",
    _map,
    (
        joined((0,), b'mail = "billing_address.email"\n"My ref" = "merchant_txn_ref"\n'),
        joined((1,), b'{"mail": "billing_address.email", "note": ""}'),
        joined((2,), b"mail=billing_address.email\nref=merchant_txn_ref"),
    ),
)
