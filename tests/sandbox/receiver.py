"""A merchant's endpoint on this machine, which webhooks are sent to."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


class Receiver:
    """What came, and what is answered: 200 after the statuses that are given."""

    def __init__(self, statuses: Iterable[int] = ()) -> None:
        self.url = ""
        self.got: list[dict[str, Any]] = []
        self._statuses = iter(statuses)

    @property
    def ids(self) -> list[str]:
        return [body["transaction_details"]["id"] for body in self.got]

    async def handle(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        self.got.append(await request.json())
        status = next(self._statuses, 200)
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 307 else None)


@asynccontextmanager
async def receiving(*statuses: int, host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    receiver = Receiver(statuses)
    application = web.Application()
    application.add_routes([web.post("/{path:.*}", receiver.handle)])
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    address, port = runner.addresses[0][:2]
    receiver.url = f"http://[{address}]:{port}/hook" if ":" in address else f"http://{address}:{port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
