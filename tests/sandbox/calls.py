"""How these tests talk to the sandbox: through aiohttp, and through a bare socket."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import aiohttp

    from paymentoptions_async.sandbox import Sandbox

PREFIX: Final = "/api/v1/server-to-server-interface"
DOUBLED: Final = "/api/v1/api/v1/server-to-server-interface"
HEADERS: Final = {
    "Authorization": f"Basic {b64encode(b'sandbox-api-key').decode()}",
    "x-api-key": "sandbox-x-api-key",
    "Content-Type": "application/json",
}
APPROVED: Final = "5200000000001005"
CHALLENGED: Final = "4000000000001091"
DECLINED: Final = "4000000000000002"
_ADDRESS: Final = {
    "country": "JP",
    "email": "billing@testemail.com",
    "phone_number": "8112345678",
    "address1": "1-2-3 Shinjuku",
    "city": "Shinjuku-ku",
    "state": "Tokyo",
    "postal_code": "1600022",
}
# As in the vendor's published sample.
_BODY: Final[dict[str, Any]] = {
    "amount": "1000",
    "currency": "JPY",
    "card": {
        "cvc": "739",
        "expiry_month": "12",
        "expiry_year": "24",
        "name": "John Doe",
        "number": APPROVED,
    },
    "merchant_txn_ref": "ref-1",
    "customer_ip": "127.0.0.1",
    "merchant_id": "< Merchant ID >",
    "return_url": {
        "webhook_url": "< Webhook url >",
        "success_url": "http://www.successurl.com/",
        "decline_url": "http://www.declineurl.com/",
    },
    "billing_address": _ADDRESS,
    "shipping_address": {**_ADDRESS},
    "browser_info": {
        "acceptHeader": "text/html",
        "screenColorDepth": "48",
        "javaEnabled": False,
        "language": "en",
        "screenHeight": "1200",
        "screenWidth": "1600",
        "challengeWindow": "4",
        "userAgent": "Mozilla/4.0 (MSIE 6.0; Windows NT 5.0)",
    },
    "time_zone": "Asia/Kuala_Lumpur",
}
ABSENT: Final = object()


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.raw)

    @property
    def code(self) -> int:
        code: int = self.json["payment_details"]["response_code"]
        return code

    @property
    def id(self) -> str:
        transaction_id: str = self.json["transaction_details"]["id"]
        return transaction_id

    @property
    def message(self) -> str:
        message: str = self.json["message"]
        return message


class Seen(NamedTuple):
    """What a bare socket got, and how it ended: `fin`, `reset`, or `open` if nothing more came."""

    data: bytes
    end: str

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]


def purchase(changes: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The vendor's sample, with values changed (or taken out, by `ABSENT`) by dotted path."""
    body = deepcopy(_BODY)
    for path, value in {**(changes or {}), **more}.items():
        *parents, name = path.split(".")
        place = body
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is ABSENT:
            del place[name]
        else:
            place[name] = value
    return body


def by_card(number: str, **more: Any) -> dict[str, Any]:
    return purchase({"card.number": number}, **more)


def by_token(token: str, **more: Any) -> dict[str, Any]:
    token_changes = {"card": ABSENT, "payment_method.stored_payment_method_id": token}
    return purchase(token_changes, **more)


async def post(
    session: aiohttp.ClientSession,
    gateway: Sandbox,
    body: object,
    *,
    path: str = f"{PREFIX}/payment",
    headers: Mapping[str, str] = HEADERS,
) -> Reply:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    async with session.post(gateway.base_url + path, data=data, headers=headers) as response:
        return Reply(response.status, response.headers, await response.read())


async def get(session: aiohttp.ClientSession, gateway: Sandbox, path: str) -> Reply:
    async with session.get(gateway.base_url + PREFIX + path, headers=HEADERS) as response:
        return Reply(response.status, response.headers, await response.read())


async def follow(
    session: aiohttp.ClientSession, gateway: Sandbox, what: str, transaction_id: str, amount: object = ABSENT
) -> Reply:
    """Capture, void or refund."""
    body = {"transactionId": transaction_id, "merchant_id": "m", "amount": amount}
    given = {name: value for name, value in body.items() if value is not ABSENT}
    return await post(session, gateway, given, path=f"{PREFIX}/{what}")


async def made(session: aiohttp.ClientSession, gateway: Sandbox, path: str, body: object = None) -> str:
    """Purchase or authorise, and give the id."""
    reply = await post(session, gateway, purchase() if body is None else body, path=PREFIX + path)
    return reply.id


def subscription(changes: Mapping[str, Any] | None = None, **plan: Any) -> dict[str, Any]:
    """The plan of the vendor's sample, without trial and discount."""
    asked = {
        "plan_name": "Three weeks plan",
        "plan_desc": "Billed every two days",
        "cycle_type": "DAYS",
        "subscription_end_type": "CYCLE",
        "cycle_interval": 2,
        "max_cycle_count": 10,
    }
    return purchase({"subscription": {**asked, **plan}, **(changes or {})})


def shape(value: object) -> Any:
    """The keys all the way down, and the types of what they lead to."""
    return {key: shape(part) for key, part in value.items()} if isinstance(value, dict) else type(value)


def request_bytes(body: object = None) -> bytes:
    data = orjson.dumps(purchase() if body is None else body)
    lines = [f"POST {PREFIX}/payment HTTP/1.1", "Host: sandbox", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


async def until(condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("waited for a second")


async def connect(gateway: Sandbox) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = gateway.base_url.removeprefix("http://").rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def see(gateway: Sandbox, body: object = None, *, patience: float = 0.05) -> Seen:
    """Send one purchase over a socket of its own and look at what comes."""
    reader, writer = await connect(gateway)
    writer.write(request_bytes(body))
    try:
        return await watch(reader, patience)
    finally:
        writer.close()


async def watch(reader: asyncio.StreamReader, patience: float = 0.05) -> Seen:
    data = b""
    while True:
        try:
            async with asyncio.timeout(patience):
                piece = await reader.read(1 << 20)
        except TimeoutError:
            return Seen(data, "open")
        except ConnectionResetError:
            return Seen(data, "reset")
        if not piece:
            return Seen(data, "fin")
        data += piece
