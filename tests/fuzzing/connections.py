"""HTTP: any bytes on the socket, in the place of an answer, against the client as it is."""

from __future__ import annotations

import asyncio
import atexit
import gzip
import io
import re
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from http.client import HTTPException, HTTPResponse
from itertools import count
from typing import Any, Final

import attrs

from paymentoptions_async import (
    MemoryLedger,
    PartialApprovalError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    Timeouts,
)
from paymentoptions_async.transport.reply import retry_after
from paymentoptions_async.verdict import Asked

from ..helpers import APPROVED, request
from .oracles import check_error, check_hidden, read
from .target import Target, choice, joined, parts
from .worlds import ANSWERS, RUNTIME, SETTINGS, run, runner

__all__ = ["CONNECTIONS", "HEADERS"]

_NAME: Final = b"ref-fuzzing0"
"""Stands for the reference that is charged; each input has another one, of the same length."""

_PATIENCE: Final = 0.02
_CLAIMS: Final = re.compile(rb'"success":\s*true.*"response_code":\s*0\b', re.DOTALL)
_numbers: Final = count(1)


class _Server:
    """Answers every request with the bytes that it is told."""

    def __init__(self) -> None:
        self.answer = b""
        self.ends = "at once"
        self.faults: list[dict[str, Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            head = await reader.readuntil(b"\r\n\r\n")
            while True:
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                writer.write(self.answer)
                if self.ends == "at once":
                    break
                if self.ends == "said twice":
                    # By then the client has put the connection away.
                    await asyncio.sleep(0.002)
                    writer.write(self.answer)
                # An answer that has not ended by then never ends.
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _PATIENCE)
        writer.close()


@attrs.define
class _World:
    server: _Server
    client: PaymentOptions
    ledger: MemoryLedger


@cache
def _world() -> _World:
    server, ledger = _Server(), MemoryLedger()
    loop = runner.get_loop()
    loop.set_exception_handler(lambda _loop, fault: server.faults.append(fault))
    listening = runner.run(asyncio.start_server(server.serve, "127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    settings = attrs.evolve(SETTINGS, base_url=address, timeouts=Timeouts(total=3), max_connections=4)
    client = PaymentOptions(settings, ledger=ledger, runtime=attrs.evolve(RUNTIME, token=lambda: f"t{next(_numbers)}"))

    def close() -> None:
        runner.run(client.close())
        listening.close()

    atexit.register(close)
    return _World(server, client, ledger)


def _connect(data: bytes) -> None:
    choices, answer = parts(data, 1)
    world = _world()
    reference = f"ref-{next(_numbers):08}"
    world.server.answer = answer.replace(_NAME, reference.encode())
    world.server.ends = choice(choices, 0, ("at once", "late", "said twice"))
    run(_charge(world, reference, choice(choices, 1, (1, 2))))
    assert not world.server.faults, world.server.faults
    world.ledger._records.clear()


async def _charge(world: _World, reference: str, version: Any) -> None:
    asked = Asked(reference, None, "JPY")
    told: object
    body = _body_of(world.server.answer)
    try:
        async with asyncio.timeout(5):
            told = await world.client.payments.purchase(request(reference), version=version)
    except PartialApprovalError as error:
        told = error.payment
    except PaymentOptionsError as error:
        check_error(error)
        return
    check_hidden(told)
    if isinstance(told, Payment):
        if body is not None:
            assert read(*body).may_be_paid(asked), "paid by an answer that says otherwise"
        else:
            # The client's reader of HTTP forgives more. What it read stands there all the same.
            assert _CLAIMS.search(world.server.answer), "paid by an answer that does not say so"
            assert reference.encode() in world.server.answer, "paid by an answer to another request"


class _Socket:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._content)


def _body_of(answer: bytes) -> tuple[bytes, int] | None:
    """Body and status as the standard library reads them."""
    response = HTTPResponse(_Socket(answer), method="POST")  # type: ignore[arg-type]  # all that it asks of a socket
    try:
        response.begin()
        return _unpacked(response.read(), response.getheader("Content-Encoding", "").strip().lower()), response.status
    except (HTTPException, ValueError, OSError, OverflowError, EOFError, zlib.error):
        return None


def _unpacked(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "gzip":
            return gzip.decompress(body)
        case "deflate":
            return zlib.decompress(body) if body[:1] == b"x" else zlib.decompress(body, -15)
    return body


def _framed(body: bytes, status: str = "201 Created", *headers: str) -> bytes:
    head = "\r\n".join((f"HTTP/1.1 {status}", "Content-Type: application/json", *headers, "", ""))
    return head.encode() + body


def _seeds() -> tuple[bytes, ...]:
    body = ANSWERS[0].replace(b'"qwe"', b'"%b"' % _NAME)
    assert _NAME in body
    whole = _framed(body, "201 Created", f"Content-Length: {len(body)}")
    nameless = body.replace(b'"merchant_txn_ref": "%b"' % _NAME, b'"x": ""')
    half = len(body) // 2
    chunks = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (half, body[:half], len(body) - half, body[half:])
    packed = gzip.compress(nameless, 1)
    answers = (
        whole,
        whole + whole,
        _framed(nameless, "201 Created", f"Content-Length: {len(nameless)}"),
        whole.replace(APPROVED.encode(), b"520000******1005"),
        _framed(chunks, "201 Created", "Transfer-Encoding: chunked"),
        _framed(packed, "200 OK", "Content-Encoding: gzip", f"Content-Length: {len(packed)}"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + whole,
        _framed(body, "201 Created"),
        _framed(b"", "204 No Content"),
        _framed(b"", "307 Temporary Redirect", "Location: http://127.0.0.1:9/", "Content-Length: 0"),
        _framed(b"", "429 Too Many Requests", "Retry-After: 5", "Content-Length: 0"),
        _framed(b"<html>", "502 Bad Gateway", "Content-Length: 6", "Set-Cookie: a=b; Path=/"),
    )
    return tuple(joined((ends, 0), answer) for ends in range(3) for answer in answers)


CONNECTIONS: Final = Target("connections", _connect, _seeds())


# --- one header -------------------------------------------------------------------------------------------

_NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)


def _header(data: bytes) -> None:
    seconds = retry_after(data.decode("utf-8", "surrogateescape"), _NOW)
    assert seconds is None or 0 <= seconds < float("inf")


HEADERS: Final = Target(
    "headers", _header, (b"5", b" 120 ", format_datetime(_NOW, usegmt=True).encode(), b"Sun Nov  6 08:49:37 1994 +2359")
)
