"""What the sandbox notes of requests and webhooks, masked: the newest only, and so many in all."""

from __future__ import annotations

from collections import deque
from datetime import datetime  # cattrs reads the annotations of what is kept in a database
from typing import Any, Final, Generic, Protocol, TypeVar

import attrs
import orjson

from paymentoptions_async.redaction import mask_pan, may_hold_card_number, redact

__all__ = ["DeliveryRecord", "Log", "RequestRecord", "masked_text"]

_OF_ONE: Final = 50
_IN_ALL: Final = 2_000

# A member or a text of such a name may hold a CVC or a credential, and is masked by the whole of `redact`.
_TELLING: Final = (
    b"cvc", b"cvv", b"cvn", b"csc", b'cid"', b"security", b"verification", b"track", b'pin"', b"authoriz", b"api",
    b"password", b"secret",
)  # fmt: skip


@attrs.frozen
class RequestRecord:
    """One request that was served.

    Attributes:
        serial: Counts the records of a sandbox.
        ref: The reference that it was about.
        operation: Method and path, such as `POST /payment`.
        time: When it was decided.
        status: The HTTP status of the answer; `None` where there was none.
        body: The body as JSON, masked.
        fault: What went wrong on the wire.
    """

    serial: int
    ref: str
    operation: str
    time: datetime
    status: int | None
    body: str
    fault: str | None


@attrs.frozen
class DeliveryRecord:
    """One attempt to deliver a webhook.

    Attributes:
        serial: Counts the records of a sandbox.
        ref: The reference that it was about.
        time: When it was tried.
        url: Where it went.
        attempt: 1 for the first.
        status: The HTTP status that came back; `None` where none did.
        fault: Why none did.
        body: What was sent, as JSON.
    """

    serial: int
    ref: str
    time: datetime
    url: str
    attempt: int
    status: int | None
    fault: str | None
    body: str


class _Record(Protocol):
    @property
    def serial(self) -> int: ...

    @property
    def ref(self) -> str: ...


R = TypeVar("R", bound=_Record)


class Log(Generic[R]):
    """The newest records of each reference. When there are too many in all, the oldest reference loses its own."""

    def __init__(self) -> None:
        self._by_ref: dict[str, deque[R]] = {}
        self._count = 0

    def of(self, ref: str) -> tuple[R, ...]:
        """The records of a reference, oldest first."""
        return tuple(self._by_ref.get(ref, ()))

    def add(self, record: R) -> list[R]:
        """Note it, and give the records that are forgotten for it."""
        records = self._by_ref.setdefault(record.ref, deque())
        records.append(record)
        if len(records) > _OF_ONE:
            return [records.popleft()]
        self._count += 1
        if self._count <= _IN_ALL:
            return []
        oldest = next(iter(self._by_ref))
        forgotten = list(self._by_ref.pop(oldest))
        self._count -= len(forgotten)
        return forgotten


def masked_text(body: dict[str, Any] | None) -> str:
    """A body as JSON without card number, CVC and credentials. The CVC of a card is left out.

    Args:
        body: What was sent; `None` gives an empty text.
    """
    if body is None:
        return ""
    shown = body
    if isinstance(card := body.get("card"), dict):
        shown = {**body, "card": _without_secrets(card)}
    text = orjson.dumps(shown)
    lower = text.lower()
    # Nearly every body is clean by now, and `redact` costs more than all the rest of an exchange.
    if may_hold_card_number(text) or any(word in lower for word in _TELLING):
        return orjson.dumps(redact(shown)).decode()
    return text.decode()


def _without_secrets(card: dict[str, Any]) -> dict[str, Any]:
    shown = {name: part for name, part in card.items() if name != "cvc"}
    if isinstance(number := shown.get("number"), str):
        shown["number"] = mask_pan(number)
    return shown
