"""The endpoints over real HTTP: what is answered, and that nothing that is sent there does harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from paymentoptions_async import Effect, PaymentOptions, State, WebhookEvent
from paymentoptions_async.webhooks import answering
from paymentoptions_async.webhooks.delivery import LONGEST
from paymentoptions_async.webhooks.receiver import OnEvent

from ..helpers import request
from ..resources.cases import Wire
from ..shop import Shop, open_shop
from .cases import LOST, AwayLedger, known, lose, made, payload
from .servers import SERVERS, Serve

pytestmark = pytest.mark.asyncio


@pytest.fixture(params=SERVERS)
def serve(request: pytest.FixtureRequest) -> Serve:
    """Serves the webhooks of a client, on one of the servers."""
    return SERVERS[request.param]


class Endpoint:
    """One that is served, and a gateway's way to it.

    Attributes:
        shop: Whose charge `ref` was made, and its answer lost.
        base: Its address.
        session: Posts.
        asked: Counts the requests to the gateway.
    """

    def __init__(self, shop: Shop, base: str, session: aiohttp.ClientSession, asked: Wire) -> None:
        self.shop, self.base, self.session, self.asked = shop, base, session, asked

    @property
    def client(self) -> PaymentOptions:
        return self.shop.client

    def url(self, reference: str = "ref") -> str:
        return self.client.webhooks.url(self.base, reference)

    async def post(self, body: Any, url: str | None = None, **given: Any) -> int:
        async with self.session.post(url or self.url(), data=body, **given) as response:
            assert await response.read() == b"" or response.status in (404, 405, 500)
            return response.status

    async def is_untouched_by(self, status: int, body: Any, url: str | None = None, **given: Any) -> None:
        """What is posted is refused; nothing is asked, and nothing changes."""
        before, asked = await known(self.client), self.asked.requests
        assert await self.post(body, url, **given) == status
        assert (await known(self.client), self.asked.requests) == (before, asked)


@asynccontextmanager
async def endpoint(serve: Serve, on_event: OnEvent | None = None, **given: Any) -> AsyncIterator[Endpoint]:
    asked = Wire(LOST)
    async with open_shop(faults=asked, **given) as shop, aiohttp.ClientSession(connector=_fresh()) as session:
        await lose(shop.client, request("ref"))
        async with serve(shop.client, on_event) as base:
            yield Endpoint(shop, base, session, asked)


def _fresh() -> aiohttp.TCPConnector:
    # A server that fails closes its connection, perhaps just when it is used again.
    return aiohttp.TCPConnector(force_close=True)


def errors_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What a server complains about: anybody could fill its log with that."""
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


async def in_pieces(body: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for place in range(0, len(body), size):
        yield body[place : place + size]


async def test_a_delivery_settles_and_is_answered_200_and_so_is_its_repetition(serve: Serve) -> None:
    async with endpoint(serve) as served:
        for _ in range(2):
            assert await served.post(payload(made(served.shop))) == 200
        record = await known(served.client)
        assert (record.outcome.state, len(record.history)) == (State.PAID, 1)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_a_post_is_taken(serve: Serve, method: str) -> None:
    async with endpoint(serve) as served:
        before = await known(served.client)
        async with served.session.request(method, served.url(), data=payload(made(served.shop))) as response:
            assert response.status == 405
            assert response.headers["Allow"] == "POST"
        assert await known(served.client) == before


async def test_forged_and_crossed_deliveries_are_refused_and_change_nothing(serve: Serve) -> None:
    async with endpoint(serve) as served:
        body = payload(made(served.shop))
        await served.is_untouched_by(403, body, f"{served.base}/{'x' * 24}")
        await served.is_untouched_by(403, body, served.url()[:-1])
        await served.is_untouched_by(403, body, served.url("other"))
        await served.is_untouched_by(403, payload(made(served.shop), "other"))
        assert await served.post(body) == 200


async def test_replayed_to_another_reference_it_is_refused(serve: Serve) -> None:
    async with endpoint(serve) as served:
        await served.client.payments.purchase(request("other"))
        other = await known(served.client, "other")
        body = payload(made(served.shop))
        assert await served.post(body) == 200
        await served.is_untouched_by(403, body, served.url("other"))
        # Token and payload of one, the transaction of the other: the status names whose it is.
        await served.client.payments.purchase(request("third"))
        assert await served.post(payload(made(served.shop, "third"), "ref")) == 403
        assert (await known(served.client, "other"), (await known(served.client)).mark) == (other, None)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 10_000, b"a=1&b=2"])
async def test_what_is_no_payload_is_answered_400(serve: Serve, body: bytes) -> None:
    async with endpoint(serve) as served:
        await served.is_untouched_by(400, body)


async def test_what_is_not_encoded_as_it_says_is_answered_400(serve: Serve) -> None:
    async with endpoint(serve) as served:
        await served.is_untouched_by(400, b"no gzip", headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_what_is_too_large_is_answered_413_with_and_without_a_length(serve: Serve, is_chunked: bool) -> None:
    async with endpoint(serve) as served:
        body = payload(made(served.shop))
        for size, status in ((LONGEST + 1, 413), (3 * LONGEST, 413), (LONGEST, 200)):
            padded = body + b" " * (size - len(body))
            assert await served.post(in_pieces(padded) if is_chunked else padded) == status


async def test_nobody_is_waited_for_who_has_sent_too_much_already(serve: Serve) -> None:
    async with endpoint(serve) as served:
        url = urlsplit(served.url())
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n" % url.path.encode())
        writer.write(b" " * (LONGEST + 1))
        async with asyncio.timeout(3):
            assert b" 413 " in await reader.readline()
        writer.close()


async def test_a_peer_that_sends_no_more_is_answered_408(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "_PATIENCE", 0.1)
    async with endpoint(serve) as served:
        url = urlsplit(served.url())
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{" % url.path.encode())
        async with asyncio.timeout(3):
            assert b" 408 " in await reader.readline()
        writer.close()
        assert await served.post(payload(made(served.shop))) == 200


async def test_a_peer_that_goes_away_in_mid_body_is_let_go(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async with endpoint(serve) as served:
        before = await known(served.client)
        url = urlsplit(served.url())
        for framing, begun in ((b"Content-Length: 2000", b'{"a":'), (b"Transfer-Encoding: chunked", b"5\r\n{")):
            _, writer = await asyncio.open_connection(url.hostname, url.port)
            writer.write(b"POST %b HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n%b" % (url.path.encode(), framing, begun))
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(0.02)
        assert await known(served.client) == before
        assert await served.post(payload(made(served.shop))) == 200
    assert errors_of(caplog) == []


async def test_a_ledger_that_is_away_is_answered_503(serve: Serve) -> None:
    ledger = AwayLedger()
    async with endpoint(serve, client={"ledger": ledger}) as served:
        ledger.is_away = True
        assert await served.post(payload(made(served.shop))) == 503
        ledger.is_away = False
        assert await served.post(payload(made(served.shop))) == 200


async def test_headers_come_to_the_signature_by_their_names_in_lower_case(serve: Serve) -> None:
    seen: list[tuple[str | None, bytes]] = []

    def check(headers: Any, body: bytes) -> bool:
        seen.append((headers.get("x-signature"), body))
        return "good" in headers["x-signature"]

    async with endpoint(serve, client={"webhook_signature": check}) as served:
        body = payload(made(served.shop))
        await served.is_untouched_by(403, body, headers={"X-Signature": "bad"})
        assert await served.post(body, headers={"X-SIGNATURE": "good"}) == 200
        assert seen == [("bad", body), ("good", body)]


async def test_it_is_answered_after_the_application_has_heard_of_it(serve: Serve) -> None:
    heard, go_on = asyncio.Event(), asyncio.Event()

    async def on_event(event: WebhookEvent) -> None:
        assert event.record is not None
        assert event.record.outcome.state is State.PAID
        heard.set()
        await go_on.wait()

    async with endpoint(serve, on_event) as served:
        posting = asyncio.create_task(served.post(payload(made(served.shop))))
        async with asyncio.timeout(3):
            await heard.wait()
        await asyncio.sleep(0.02)
        assert not posting.done()
        go_on.set()
        assert await posting == 200


async def test_an_application_that_fails_is_told_again(serve: Serve) -> None:
    told: list[Effect] = []

    async def on_event(event: WebhookEvent) -> None:
        told.append(event.effect)
        if len(told) == 1:
            raise RuntimeError("the shop is on fire")

    async with endpoint(serve, on_event) as served:
        assert await served.post(payload(made(served.shop))) == 500
        assert await served.post(payload(made(served.shop))) == 200
    assert told == [Effect.SETTLED, Effect.REPEATED]


async def test_one_who_has_gone_is_not_answered() -> None:
    told: list[Any] = []
    coming = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        told.append(message)

    async with open_shop() as shop:
        scope = {"type": "http", "method": "POST", "path": "/x", "headers": []}
        await shop.client.webhooks.asgi()(scope, receive, send)
    assert (told, coming) == ([], [])


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
async def test_the_asgi_application_serves_http_alone(kind: str) -> None:
    async with open_shop() as shop:
        with pytest.raises(ValueError, match="only HTTP"):
            await shop.client.webhooks.asgi()({"type": kind}, None, None)
