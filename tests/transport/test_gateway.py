"""One attempt: what leaves, and what comes back when it goes wrong."""

from __future__ import annotations

import asyncio
import base64
import inspect
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import aiohttp
import orjson
import pytest
from aiohttp import ClientResponse, client_exceptions, http_exceptions, web
from aioresponses import aioresponses

from paymentoptions_async import PaymentOptions, PurchaseRequest, Settings, Timeouts
from paymentoptions_async.models.wire import Body, request_body
from paymentoptions_async.testing import MockedResponse
from paymentoptions_async.transport.gateway import FAULTS, Gateway
from paymentoptions_async.transport.parcel import Parcel
from paymentoptions_async.transport.pool import Pool
from paymentoptions_async.transport.reply import Fault, Reply

from ..helpers import PAID, SEED, request

PATH = "/api/v1/server-to-server-interface/payment"


def settings(base_url: str, **changes: Any) -> Settings:
    return Settings(**{"api_key": "key", "x_api_key": "x-key", "merchant_id": "m", "base_url": base_url, **changes})


@asynccontextmanager
async def gateway_of(told: Settings, session: aiohttp.ClientSession | None = None) -> AsyncIterator[Gateway]:
    pool = Pool(told.max_connections, session)
    try:
        yield Gateway(told, pool, lambda: datetime.now(UTC))
    finally:
        await pool.close()


@asynccontextmanager
async def server(handler: Any) -> AsyncIterator[str]:
    """A real server that sends every path to the handler."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(answer: bytes, *, read: bool = True) -> AsyncIterator[str]:
    """A server that reads a request, answers these bytes and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if read:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def parcel() -> Parcel:
    return Parcel(request_body(request(), "m"))


async def post(base_url: str, **changes: Any) -> tuple[Reply | Fault, Parcel]:
    async with gateway_of(settings(base_url, **changes)) as gateway:
        sent = parcel()
        return await gateway.post("payment", sent), sent


# --- what leaves ------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_seeds_body_leaves_equal_as_json_with_both_credentials() -> None:
    seen: list[tuple[str, Any, Any]] = []

    async def handler(got: web.BaseRequest) -> web.Response:
        seen.append((got.path, got.headers.copy(), await got.json()))
        return web.json_response(PAID, status=201)

    async with server(handler) as url, PaymentOptions(settings(url)) as client:
        await client.payments.purchase(PurchaseRequest.from_json(SEED))
    path, headers, body = seen[0]
    assert path == PATH
    assert body == orjson.loads(SEED)
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"key").decode()
    assert headers["x-api-key"] == "x-key"
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("form", "header"),
    [
        ("plain", "Basic " + base64.b64encode(b"key").decode()),
        ("colon", "Basic " + base64.b64encode(b"key:").decode()),
        ("encoded", "Basic key"),
    ],
)
@pytest.mark.asyncio
async def test_the_api_key_is_written_in_each_documented_form(form: str, header: str) -> None:
    seen: list[str] = []

    async def handler(got: web.BaseRequest) -> web.Response:
        seen.append(got.headers["Authorization"])
        return web.Response()

    async with server(handler) as url:
        await post(url, api_key_form=form)
    assert seen == [header]


@pytest.mark.parametrize(("suffix", "path"), [("", PATH), ("/", PATH), ("/api/v1", "/api/v1" + PATH)])
@pytest.mark.asyncio
async def test_the_prefix_is_single_or_doubled_by_the_base_url(suffix: str, path: str) -> None:
    seen: list[str] = []

    async def handler(got: web.BaseRequest) -> web.Response:
        seen.append(got.path)
        return web.Response()

    async with server(handler) as url:
        await post(url + suffix)
    assert seen == [path]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.asyncio
async def test_a_redirect_is_never_followed(status: int) -> None:
    seen: list[str] = []

    async def handler(got: web.BaseRequest) -> web.Response:
        seen.append(got.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with server(handler) as url:
        reply, _ = await post(url)
    assert seen == [PATH]
    assert isinstance(reply, Reply)
    assert reply.status == status


@pytest.mark.asyncio
async def test_a_middleware_cannot_send_a_charge_twice() -> None:
    seen: list[str] = []

    async def handler(got: web.BaseRequest) -> web.Response:
        seen.append((await got.read()).decode())
        return web.Response(status=401)

    async def twice(sent: aiohttp.ClientRequest, go: aiohttp.ClientHandlerType) -> ClientResponse:
        (await go(sent)).release()
        return await go(sent)

    async with server(handler) as url, aiohttp.ClientSession(middlewares=[twice]) as session:
        async with gateway_of(settings(url), session) as gateway:
            sent = parcel()
            reply = await gateway.post("payment", sent)
    assert len(seen) == 1
    assert isinstance(reply, Fault)
    assert reply.sent


# --- evidence ---------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_refused_connect_is_proof_that_nothing_left() -> None:
    async with raw_server(b"") as url:
        pass
    reply, sent = await post(url)
    assert isinstance(reply, Fault)
    assert not reply.sent
    assert not sent.sent


@pytest.mark.asyncio
async def test_an_unknown_host_is_proof_that_nothing_left() -> None:
    reply, _ = await post("https://gateway.invalid")
    assert isinstance(reply, Fault)
    assert not reply.sent


@pytest.mark.asyncio
async def test_a_failed_tls_handshake_is_proof_that_nothing_left() -> None:
    async with raw_server(b"this is no TLS", read=False) as url:
        reply, _ = await post(url.replace("http://", "https://"))
    assert isinstance(reply, Fault)
    assert not reply.sent


@pytest.mark.asyncio
async def test_silence_on_the_socket_ends_the_attempt_in_doubt() -> None:
    async def handler(_: web.BaseRequest) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    async with server(handler) as url:
        reply, _ = await post(url, timeouts=Timeouts(total=3, read=0.05))
    assert reply == Fault(True, "SocketTimeoutError")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 201 Created\r\nContent-Le",
        b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
        b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\n\r\nabc",
        b"\x16\x03\x01garbage\r\n\r\n",
        b"HTTP/1.1 99999 ?\r\n\r\n",
        b"HTTP/1.1 201 Created\r\n" + b"x: y\r\n" * 5000 + b"\r\n",
    ],
)
@pytest.mark.asyncio
async def test_an_answer_that_breaks_off_or_is_no_http_is_in_doubt(answer: bytes) -> None:
    async with raw_server(answer) as url:
        reply, sent = await post(url)
    assert isinstance(reply, Fault)
    assert reply.sent
    assert sent.sent


@pytest.mark.asyncio
async def test_a_megabyte_of_garbage_is_not_read_to_its_end() -> None:
    garbage = b"x" * (1 << 20)
    async with raw_server(b"HTTP/1.1 201 Created\r\nContent-Length: 9000000\r\n\r\n" + garbage) as url:
        reply, _ = await post(url)
    assert isinstance(reply, Reply)
    assert not reply.complete
    assert len(reply.body) < 1 << 20


@pytest.mark.asyncio
async def test_retry_after_is_read_with_a_429() -> None:
    async with raw_server(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n") as url:
        reply, _ = await post(url)
    assert reply == Reply(429, b"", retry_after=7.0)


@pytest.mark.asyncio
async def test_an_idle_connection_that_was_closed_is_replaced_or_is_proof() -> None:
    """The server hangs up after each answer without saying so. No later call is in doubt by that."""
    answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
    async with raw_server(answer) as url, gateway_of(settings(url)) as gateway:
        for _ in range(5):
            sent = parcel()
            assert isinstance(await gateway.post("payment", sent), Reply)
            assert sent.sent
            await asyncio.sleep(0.01)


# --- every exception of aiohttp ---------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["post", "status"])
async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one(method: str) -> None:
    said, asked = asyncio.Event(), 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                asked += 1
                answer = b"HTTP/1.1 %d OK\r\nContent-Length: 2\r\n\r\n{}" % (200 + asked)
                writer.write(answer)
                await asyncio.sleep(0.01)
                writer.write(answer)
                said.set()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening, gateway_of(settings(address)) as gateway:
        assert await gateway.status("t1") == Reply(201, b"{}")
        await said.wait()
        await asyncio.sleep(0.01)
        sending = parcel()
        second = await (gateway.post("payment", sending) if method == "post" else gateway.status("t1"))
        assert second == Fault(False, "UnaskedAnswerError")
        assert (sending.sent, asked) == (False, 1)
        said.clear()
        assert await gateway.status("t1") == Reply(202, b"{}")
        await said.wait()


@pytest.mark.asyncio
async def test_nor_is_one_that_came_while_the_loop_was_busy() -> None:
    answer, said = b"HTTP/1.1 201 OK\r\nContent-Length: 2\r\n\r\n{}", threading.Event()

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)
            has_read.wait(10)
            connection.sendall(answer)
            said.set()
            assert connection.recv(65536) == b""

    has_read = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        serving = pool.submit(serve, listening)
        async with gateway_of(settings(f"http://127.0.0.1:{listening.getsockname()[1]}")) as gateway:
            assert await gateway.status("t1") == Reply(201, b"{}")
            has_read.set()
            said.wait(10)  # the loop is busy meanwhile
            sending = parcel()
            assert await gateway.post("payment", sending) == Fault(False, "UnaskedAnswerError")
        assert not sending.sent
        serving.result(10)


def exceptions_of_aiohttp() -> Iterator[type[Exception]]:
    """Every exception class that aiohttp's client modules define, and what its code raises of the standard library."""
    for module in (client_exceptions, http_exceptions):
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, Exception) and kind.__module__.startswith("aiohttp"):
                yield kind
    yield from (TimeoutError, ConnectionResetError, BrokenPipeError, ssl.SSLError, OSError, ValueError, RuntimeError)


# Raised by websockets only, never from a request.
_OTHERS = {client_exceptions.WSMessageTypeError}
RAISED = sorted(set(exceptions_of_aiohttp()) - _OTHERS, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("was_sent", [False, True])
@pytest.mark.asyncio
async def test_every_exception_of_aiohttp_is_a_fault_by_its_evidence(kind: type[Exception], was_sent: bool) -> None:
    assert issubclass(kind, FAULTS)
    error = kind.__new__(kind)

    async def fail(*_: object, data: Parcel, **__: object) -> None:
        data.sent = was_sent
        raise error

    session = Mock(spec=aiohttp.ClientSession, closed=False)
    session.request = fail
    async with gateway_of(settings("http://localhost"), session) as gateway:
        reply = await gateway.post("payment", parcel())
    assert reply == Fault(was_sent, kind.__name__)


@pytest.mark.asyncio
async def test_a_bug_is_no_fault_and_passes_on() -> None:
    async def fail(*_: object, **__: object) -> None:
        raise KeyError("a bug")

    session = Mock(spec=aiohttp.ClientSession, closed=False)
    session.request = fail
    async with gateway_of(settings("http://localhost"), session) as gateway:
        with pytest.raises(KeyError):
            await gateway.post("payment", parcel())


# --- with aioresponses, where only the mapping of answers is at stake -------------------------------------


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 406, 412, 500, 502, 504])
@pytest.mark.asyncio
async def test_every_published_status_comes_back_as_a_reply(status: int) -> None:
    with aioresponses() as mocked:
        mocked.post("https://api.example" + PATH, status=status, payload={"a": 1}, response_class=MockedResponse)
        reply, _ = await post("https://api.example")
    assert reply == Reply(status, b'{"a": 1}')


def test_a_parcel_shows_nothing_of_its_body() -> None:
    assert repr(Parcel(Body(b"secret", b""))) == "<parcel of 6 bytes, not sent>"


@pytest.mark.asyncio
async def test_a_status_is_asked_for_by_its_id_whatever_characters_that_has() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(f"{request.method} {request.raw_path}")
        return web.json_response({})

    async with server(handler) as url, gateway_of(settings(url)) as gateway:
        assert isinstance(await gateway.status("a/../b?c=1 #%"), Reply)
    assert seen == ["GET /api/v1/server-to-server-interface/transaction/status/a%2F..%2Fb%3Fc%3D1%20%23%25"]
