"""Configuration, and the rows of a ledger: what a person or a disk may have changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import orjson
from yarl import URL

from paymentoptions_async import (
    ConfigurationError,
    LedgerError,
    PaymentOptionsError,
    RetryPolicy,
    Settings,
    State,
    Timeouts,
)
from paymentoptions_async.delivery import deliver_record
from paymentoptions_async.fingerprint import Fingerprints
from paymentoptions_async.ledger import Event, Mark, Record
from paymentoptions_async.ledger.rows import COLUMNS, from_row, to_row
from paymentoptions_async.ledger.rules import as_seen
from paymentoptions_async.ledger.telling import record_json
from paymentoptions_async.models.outcome import Outcome, Refusal
from paymentoptions_async.models.wire import no_body
from paymentoptions_async.transport.gateway import Gateway
from paymentoptions_async.transport.parcel import Parcel
from paymentoptions_async.transport.pool import Pool
from paymentoptions_async.transport.reply import Fault
from paymentoptions_async.webhooks.tokens import Tokens

from .oracles import check_error
from .target import Target, choice, joined, parts
from .worlds import ANSWERS, ORDERS, run

__all__ = ["CONFIGURATION", "ROWS"]

# --- configuration ----------------------------------------------------------------------------------------

_GIVEN: Final = {
    "api_key": "an api key", "x_api_key": "another key", "merchant_id": "shop", "base_url": "https://gateway.example",
    "ledger_secret": "0123456789abcdef", "former_ledger_secrets": "0123456789abcdeg,0123456789abcdeh",
    "webhook_secret": "0123456789abcdei", "former_webhook_secrets": "0123456789abcdej",
}  # fmt: skip


def _configure(data: bytes) -> None:
    choices, document = parts(data, 1)
    try:
        told = orjson.loads(document)
    except orjson.JSONDecodeError:
        # As the system gives it to a process: bytes that are no UTF-8 as lone surrogates.
        text = document.decode("utf-8", "surrogateescape")
        told = {**_GIVEN, choice(choices, 1, tuple(_GIVEN)): text}
    if not isinstance(told, dict):
        return
    try:
        settings = _environment(told) if choice(choices, 0, (True, False)) else _arguments(told)
    except ConfigurationError as error:
        check_error(error)
        _check_no_secret(told, str(error))
        return
    _check_usable(settings)


def _environment(told: dict[str, Any]) -> Settings:
    def given(value: object) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    return Settings.from_env({f"PAYMENTOPTIONS_{name.upper()}": given(value) for name, value in told.items()})


def _arguments(told: dict[str, Any]) -> Settings:
    known = {name: value for name, value in told.items() if name in Settings.__annotations__}
    for name, kind in (("timeouts", Timeouts), ("retry", RetryPolicy)):
        if isinstance(value := known.get(name), dict):
            known[name] = kind(**{part: value[part] for part in kind.__annotations__ if part in value})
    return Settings(**{"api_key": "k", "x_api_key": "k", "merchant_id": "m", **known})


def _check_no_secret(told: dict[str, Any], shown: str) -> None:
    for name, value in told.items():
        if ("key" in name or "secret" in name) and isinstance(value, str) and len(value) >= 16:
            assert value not in shown, "a secret is shown"


class _Cut:
    """A session without a network. It notes where somebody wants to go."""

    closed = False

    def __init__(self) -> None:
        self.urls: list[URL] = []

    async def request(self, _method: str, url: URL, **_: Any) -> None:
        self.urls.append(url)
        raise aiohttp.ClientConnectionError


async def _tried(gateway: Gateway) -> None:
    assert isinstance(await gateway.post("payment", Parcel(no_body())), Fault)
    assert isinstance(await gateway.get("transaction/status", "t1"), Fault)


def _check_usable(settings: Settings) -> None:
    """What was taken must not fail in the middle of a charge."""
    Fingerprints(settings).of("payment", no_body())
    if settings.webhook_secret is not None:
        url = Tokens(settings).url("https://shop.example/webhooks", "qwe")
        assert Tokens(settings).fits(url.rpartition("/")[2], "qwe")
    session: Any = _Cut()
    gateway = Gateway(settings, Pool(settings.max_connections, session), lambda: datetime.now(UTC))
    run(_tried(gateway))
    assert session.urls
    for url in session.urls:
        assert url.scheme == "https" or url.host in ("127.0.0.1", "localhost", "::1")
        assert url.host == (urlsplit(settings.base_url).hostname or "").encode().decode("idna")
    assert "\n" not in repr(settings)


CONFIGURATION: Final = Target(
    "configuration",
    _configure,
    (
        joined((0,), orjson.dumps(_GIVEN)),
        joined((1,), orjson.dumps({**_GIVEN, "former_ledger_secrets": ["0123456789abcdeg"], "max_connections": 5})),
        joined((1,), b'{"timeouts":{"total":1,"connect":2,"read":3},"retry":{"max_attempts":1,"base":1,"cap":2}}'),
        joined((1,), b'{"api_key_form":"encoded","log_level":"info","base_url":"http://[::1]:80/api/v1"}'),
        *(joined((0, number), b"\xff" * 20) for number in range(len(_GIVEN))),
    ),
)


# --- rows -------------------------------------------------------------------------------------------------

_REALS: Final = frozenset({"lease_ends", "created", "changed"})
_BYTES: Final = frozenset({"fingerprint", "answer"})
_NULLABLE: Final = frozenset({"card", "detail", "answer", "mark", "history", "subject"})


def _column(name: str, value: Any) -> Any:
    """A value as the column's type lets it be."""
    if value is None and name in _NULLABLE:
        return None
    if name in _REALS or name == "attempts":
        kind: type[int | float] = float if name in _REALS else int
        return kind(value) if isinstance(value, int | float) and abs(value) < 2**63 else kind(1)
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode() if name in _BYTES else text


def _row(data: bytes) -> None:
    _choices, document = parts(data, 1)
    try:
        told = orjson.loads(document)
    except orjson.JSONDecodeError:
        return
    if not isinstance(told, dict):
        return
    try:
        record = from_row([_column(name, told.get(name)) for name in COLUMNS])
    except LedgerError as error:
        check_error(error, hides=False)
        return
    _check_record(record)


def _check_record(record: Record) -> None:
    again = from_row(to_row(record))
    assert again == record or record.outcome.state is State.SENDING, "of what is being sent no more is written"
    orjson.dumps(record_json(record))
    seen = as_seen(record, 1e9)
    _ = seen.outcome.transaction_id, seen.outcome.named_id
    if seen.outcome.state is State.SENDING:
        return
    try:
        told = deliver_record(seen)
    except PaymentOptionsError as error:
        check_error(error, hides=False)
    else:
        assert seen.outcome.state in (State.PAID, State.CHALLENGED)
        _ = repr(told)


def _row_seeds() -> tuple[bytes, ...]:
    outcomes = (
        Outcome(State.SENDING),
        Outcome(State.PAID, ("response code 0",), answer=ANSWERS[0], status=201, response_code=0),
        Outcome(State.PARTIAL, answer=ANSWERS[0]),
        Outcome(State.CHALLENGED, answer=b'{"redirect_url":"https://acs.example"}'),
        Outcome(State.CHALLENGED, answer=b'{"id":"p","url":"https://page.example","amount":5}'),
        Outcome(State.DECLINED, ("no",), gateway_code="ERR3001"),
        Outcome(State.REFUSED, ("HTTP 429",), refusal=Refusal.RATE_LIMITED, retry_after=1.5),
        Outcome(State.UNKNOWN, ("HTTP 502",), lost=True, attempts=2),
    )
    history = (Event(1.0, "resolved", "a person", "looked", "paid"),)
    records = [
        Record(order.intent, "token", 1e9, 1e9, 1e9, outcome, mark, history if mark else ())
        for order in (ORDERS[0], ORDERS[4], ORDERS[9])
        for outcome in outcomes
        for mark in (None, Mark.CONTRADICTED)
    ]
    damages = (
        {"detail": '{"evidence":[5]}'},
        {"answer": "7"},
        {"amount": "ten"},
        {"changed": 1e17},
        {"history": "[[1]]"},
    )
    rows = [dict(zip(COLUMNS, to_row(record), strict=True)) for record in records]
    return tuple(
        joined((), orjson.dumps(row, default=lambda value: value.decode("latin-1")))
        for row in (*rows, *(rows[0] | damage for damage in damages))
    )


ROWS: Final = Target("rows", _row, _row_seeds())
