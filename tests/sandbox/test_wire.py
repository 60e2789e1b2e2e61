"""Every fault, as a bare socket sees it."""

from __future__ import annotations

import asyncio
import errno
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import orjson
import pytest

from paymentoptions_async.sandbox import Fault, Sandbox

from .calls import Seen, connect, post, purchase, request_bytes, see, until, watch

pytestmark = pytest.mark.asyncio

# Fault, attempts, charges.
DEATHS = [
    ("before_read", 0, 0),
    ("after_read", 1, 0),
    ("after_commit", 1, 1),
    ("in_headers", 1, 1),
    ("in_body", 1, 1),
]
REPLACED = ["garbage_body", "empty_body", "big_body"]
STATUSES = ["500", "502", "503", "504"]


def counts(gateway: Sandbox) -> tuple[int, int]:
    return gateway.attempts("ref-1"), gateway.charges("ref-1")


def promised_length(seen: Seen) -> int:
    lines = seen.head.decode().splitlines()
    return int(next(line for line in lines if line.startswith("Content-Length"))[15:])


@pytest.mark.parametrize(("at", "attempts", "charges"), DEATHS)
@pytest.mark.parametrize(("kind", "end"), [("reset", "reset"), ("close", "fin")])
async def test_a_connection_dies_where_it_shall(kind: str, end: str, at: str, attempts: int, charges: int) -> None:
    async with Sandbox(faults=[f"{kind}:{at}"]) as gateway:
        seen = await see(gateway, patience=1)
        assert seen.end == end
        assert counts(gateway) == (attempts, charges)
        match at:
            case "in_headers":
                assert seen.data.startswith(b"HTTP/1.1 201 Created\r\n")
                assert b"\r\n\r\n" not in seen.data
            case "in_body":
                assert seen.data.startswith(b"HTTP/1.1 201 Created\r\n")
                assert 0 < len(seen.body) < promised_length(seen)
            case _:
                assert seen.data == b""


@pytest.mark.parametrize(("at", "attempts", "charges"), DEATHS[:3])
async def test_a_connection_hangs_where_it_shall(at: str, attempts: int, charges: int) -> None:
    async with Sandbox(faults=[f"hang:{at}"]) as gateway:
        assert await see(gateway) == (b"", "open")
        assert counts(gateway) == (attempts, charges)


@pytest.mark.parametrize("at", ["before_read", "after_read", "after_commit"])
async def test_a_hanging_connection_hangs_though_the_client_asked_to_close(at: str) -> None:
    async with Sandbox(faults=[f"hang:{at}"]) as gateway:
        reader, writer = await connect(gateway)
        writer.write(request_bytes().replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        assert await watch(reader) == (b"", "open")
        writer.close()


async def test_what_comes_on_a_hanging_connection_is_not_served() -> None:
    async with Sandbox(faults=["hang:before_read"]) as gateway:
        reader, writer = await connect(gateway)
        for _ in range(2):
            writer.write(request_bytes())
            assert await watch(reader) == (b"", "open")
        assert counts(gateway) == (0, 0)
        writer.close()


@pytest.mark.parametrize("at", ["before_read", "after_read", "after_commit", "in_body"])
async def test_a_close_is_no_reset_though_the_client_still_sends(at: str) -> None:
    async with Sandbox(faults=[f"close:{at}"]) as gateway:
        reader, writer = await connect(gateway)
        writer.write(request_bytes())
        for _ in range(3):
            await asyncio.sleep(0.002)
            writer.write(b"more")
        assert (await watch(reader, 1)).end == "fin"
        writer.close()


async def test_garbage_is_not_http_and_then_the_connection_ends() -> None:
    async with Sandbox(faults=["garbage"]) as gateway:
        seen = await see(gateway, patience=1)
        assert seen.end == "fin"
        assert seen.data
        assert b"HTTP/1.1" not in seen.data
        assert counts(gateway) == (1, 1)


async def test_aiohttp_cannot_read_garbage(session: aiohttp.ClientSession) -> None:
    async with Sandbox(faults=["garbage"]) as gateway:
        with pytest.raises(aiohttp.ClientError):
            await post(session, gateway, purchase())


@pytest.mark.parametrize("kind", REPLACED)
async def test_a_replaced_body_comes_with_201_after_the_charge(session: aiohttp.ClientSession, kind: str) -> None:
    async with Sandbox(faults=[kind]) as gateway:
        reply = await post(session, gateway, purchase())
        assert reply.status == 201
        assert counts(gateway) == (1, 1)
        with pytest.raises(orjson.JSONDecodeError):
            _ = reply.json
        assert len(reply.raw) == {"empty_body": 0, "big_body": 3 << 19}.get(kind, len(reply.raw))


async def test_a_drip_gives_the_right_answer_late(session: aiohttp.ClientSession) -> None:
    async with Sandbox(faults=["drip:0.04"]) as gateway:
        begin = asyncio.get_running_loop().time()
        reply = await post(session, gateway, purchase())
        assert asyncio.get_running_loop().time() - begin >= 0.03
        assert (reply.status, reply.code) == (201, 0)
        assert counts(gateway) == (1, 1)


async def test_a_drip_comes_in_pieces() -> None:
    async with Sandbox(faults=["drip:0.04"]) as gateway:
        reader, writer = await connect(gateway)
        writer.write(request_bytes())
        pieces: list[bytes] = []
        while len(b"".join(pieces)) < 1000:
            pieces.append(await reader.read(4096))
        assert len(pieces) > 4
        writer.close()


async def test_a_drip_is_whole_though_the_client_asked_to_close() -> None:
    async with Sandbox(faults=["drip:0.02"]) as gateway:
        reader, writer = await connect(gateway)
        writer.write(request_bytes().replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        seen = await watch(reader, 1)
        assert (seen.end, len(seen.body)) == ("fin", promised_length(seen))
        writer.close()


@pytest.mark.parametrize(("fault", "header"), [("429", "1"), ("429:0", "0"), ("429:0.5", "0.5")])
async def test_429_is_not_committed_and_tells_when_to_come_again(
    session: aiohttp.ClientSession, fault: str, header: str
) -> None:
    async with Sandbox(faults=[fault]) as gateway:
        reply = await post(session, gateway, purchase())
        assert (reply.status, reply.headers["Retry-After"]) == (429, header)
        assert counts(gateway) == (1, 0)


async def test_429_can_tell_a_date(session: aiohttp.ClientSession) -> None:
    moment = datetime(2026, 11, 24, 12, tzinfo=UTC)
    async with Sandbox(faults=["429:date"], now=lambda: moment) as gateway:
        reply = await post(session, gateway, purchase())
    assert reply.headers["Retry-After"] == "Tue, 24 Nov 2026 12:00:01 GMT"
    assert (parsedate_to_datetime(reply.headers["Retry-After"]) - moment).total_seconds() == 1


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(("at", "charges"), [("before_commit", 0), ("after_commit", 1)])
async def test_a_server_error_comes_before_or_after_the_charge(
    session: aiohttp.ClientSession, status: str, at: str, charges: int
) -> None:
    async with Sandbox(faults=[f"{status}:{at}"]) as gateway:
        reply = await post(session, gateway, purchase())
        assert reply.status == int(status)
        assert counts(gateway) == (1, charges)
        if status in ("502", "504"):
            assert reply.raw.startswith(b"<html>")
        else:
            assert reply.json.keys() == {"statusCode", "message"}


@pytest.mark.parametrize("fault", ["reset:in_body", "close:in_headers", "garbage"])
async def test_a_fault_strikes_a_refused_request_too(fault: str) -> None:
    async with Sandbox(faults=[fault]) as gateway:
        seen = await see(gateway, {"merchant_txn_ref": "ref-1"}, patience=1)
        assert seen.end in ("reset", "fin")
        assert counts(gateway) == (1, 0)


# --- one draw for each request --------------------------------------------------------------------


async def test_faults_are_drawn_in_order_of_arrival(session: aiohttp.ClientSession) -> None:
    async with Sandbox(faults=[None, "503", Fault("502")]) as gateway:
        statuses = [(await post(session, gateway, purchase())).status for _ in range(4)]
    assert statuses == [201, 503, 502, 201]


async def test_a_request_in_several_segments_draws_once() -> None:
    draws: list[None] = []
    async with Sandbox(faults=lambda: draws.append(None)) as gateway:
        reader, writer = await connect(gateway)
        for _ in range(2):
            data = request_bytes()
            for part in (data[:20], data[20:180], data[180:400], data[400:]):
                writer.write(part)
                await asyncio.sleep(0.001)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201")
            await reader.readuntil(b'"risk_score":null}}')
        assert len(draws) == 2
        writer.close()


async def test_a_request_that_waits_to_send_its_body_draws_once(
    session: aiohttp.ClientSession,
) -> None:
    draws: list[None] = []
    async with Sandbox(faults=lambda: draws.append(None)) as gateway:
        url = f"{gateway.base_url}/api/v1/server-to-server-interface/payment"
        async with session.post(url, data=b"{}", expect100=True) as response:
            assert response.status == 401
    assert len(draws) == 1


async def test_a_connection_draws_nothing_before_its_first_byte() -> None:
    draws: list[None] = []
    async with Sandbox(faults=lambda: draws.append(None)) as gateway:
        _, writer = await connect(gateway)
        await asyncio.sleep(0.005)
        writer.close()
    assert draws == []


@pytest.mark.parametrize("fault", [None, "500", "429", "empty_body", "big_body", "drip:0.01"])
async def test_a_connection_is_kept_alive(fault: str | None) -> None:
    made: list[object] = []

    async def on_create(*details: object) -> None:
        made.append(details)

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(on_create)
    async with (
        Sandbox(faults=[None, fault]) as gateway,
        aiohttp.ClientSession(trace_configs=[trace]) as session,
    ):
        for _ in range(4):
            await post(session, gateway, purchase())
        assert (len(made), gateway.total_charges()) == (1, 4 - (fault == "429"))


# --- outages --------------------------------------------------------------------------------------


async def test_refuse_resets_its_request_and_refuses_connections_and_comes_back() -> None:
    async with Sandbox(faults=["refuse:0.03"]) as gateway:
        base_url = gateway.base_url
        assert await see(gateway, patience=1) == (b"", "reset")
        with pytest.raises(ConnectionRefusedError):
            await connect(gateway)
        assert counts(gateway) == (0, 0)
        await asyncio.sleep(0.04)
        assert (await see(gateway)).data.startswith(b"HTTP/1.1 201")
        assert gateway.base_url == base_url


async def test_refuse_drops_idle_connections() -> None:
    async with Sandbox(faults=["refuse:0.01"]) as gateway:
        idle, writer = await connect(gateway)
        await asyncio.sleep(0.002)
        await see(gateway, patience=1)
        assert (await watch(idle, 1)).end == "reset"
        writer.close()


async def test_refuse_leaves_a_request_that_is_being_served(
    session: aiohttp.ClientSession,
) -> None:
    async with Sandbox(faults=[None, "refuse:0.01"], latency=0.02) as gateway:
        served = asyncio.create_task(post(session, gateway, purchase()))
        await until(lambda: gateway.attempts("ref-1"))
        assert (await see(gateway, patience=1)).end == "reset"
        assert (await served).status == 201


async def test_an_outage_can_be_made(session: aiohttp.ClientSession) -> None:
    async with Sandbox() as gateway:
        outage = asyncio.create_task(gateway.outage(0.02))
        await asyncio.sleep(0)
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await post(session, gateway, purchase())
        assert caught.value.errno == errno.ECONNREFUSED
        await outage
        assert (await post(session, gateway, purchase())).status == 201


async def test_outages_that_overlap_end_with_the_last() -> None:
    async with Sandbox() as gateway:
        short = asyncio.create_task(gateway.outage(0.005))
        long = asyncio.create_task(gateway.outage(0.03))
        await short
        with pytest.raises(ConnectionRefusedError):
            await connect(gateway)
        await long
        assert (await see(gateway)).data.startswith(b"HTTP/1.1 201")
