"""Connections without sockets: the bytes are aiohttp's own, and every one of them can be the last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, NamedTuple, Protocol

import aiohttp
import orjson
from aiohttp.client_proto import ResponseHandler

from .bank import Answer
from .loop import PROCESS, Process, VirtualLoop, outside
from .script import Trouble, Way

__all__ = ["Connector", "Gateway", "Request"]


class Request(NamedTuple):
    """What has arrived."""

    path: str
    body: dict[str, Any] | None


class Gateway(Protocol):
    """What is at the other end."""

    def trouble(self) -> Trouble:
        """Draw the fate of the next request."""

    def begun(self, process: Process, body: bytes, trouble: Trouble) -> Any:
        """The first byte of a request has been written; gives what it is noted as."""

    def arrived(self, note: Any, request: Request, trouble: Trouble) -> Answer | None:
        """All of it is there: decide. Nothing comes back of `None`."""

    def told(self, note: Any) -> None:
        """The last byte of the answer has reached a process that lives."""


class Connector(aiohttp.BaseConnector):
    """Connects one process to the gateway."""

    def __init__(self, loop: VirtualLoop, gateway: Gateway) -> None:
        super().__init__()
        self._virtual, self._gateway = loop, gateway

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> ResponseHandler:  # noqa: ASYNC109
        trouble = self._gateway.trouble()
        await asyncio.sleep(trouble.there)
        if trouble.way is Way.REFUSED:
            raise aiohttp.ClientConnectorError(req.connection_key, OSError(111, "refused"))
        handler = self._factory()
        handler.connection_made(_Line(self._virtual, self._gateway, handler))
        return handler


class _Line(asyncio.Transport):
    """One connection, as its client sees it."""

    def __init__(self, loop: VirtualLoop, gateway: Gateway, handler: ResponseHandler) -> None:
        super().__init__()
        self._loop, self._gateway, self._handler = loop, gateway, handler
        process = PROCESS.get()
        assert process is not None
        self._process: Process = process
        # What comes in is seen by the process whose connection it is: if that is dead or stopped, it is not.
        self._context = copy_context()
        self._closing = False
        self._written = bytearray()
        self._note: Any = None
        self._idle: asyncio.TimerHandle | None = None
        self._way_back = 0.0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self._closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        self._lose(None)

    abort = close

    def write(self, data: Any) -> None:
        if self._closing:
            return
        if not self._written:
            self._begin()
        self._written += data
        head, there, body = bytes(self._written).partition(b"\r\n\r\n")
        if there and len(body) == _length(head):
            self._written.clear()
            self._send(head, body)

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(bytes(data) for data in list_of_data))

    def write_eof(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return False

    # --- the way there ---

    def _begin(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._trouble = self._gateway.trouble()
        self._note = None

    def _send(self, head: bytes, body: bytes) -> None:
        trouble, path = self._trouble, head.split(b" ", 2)[1].decode()
        self._note = self._gateway.begun(self._process, body, trouble)
        if trouble.way in (Way.CUT, Way.REFUSED):
            # The gateway gets less than all of it, and throws that away.
            self._later(trouble.there, self._lose, ConnectionResetError())
        elif trouble.way is not Way.SWALLOWED:
            request = Request(path, orjson.loads(body) if body else None)
            self._outside(trouble.there + trouble.thought, self._arrive, request, self._note)

    def _arrive(self, request: Request, note: Any) -> None:
        trouble = self._trouble
        if trouble.way is Way.CRASH_BEFORE:
            self._later(trouble.back, self._lose, ConnectionResetError())
            return
        answer = self._gateway.arrived(note, request, trouble)
        if trouble.way is Way.CRASH_AFTER:
            self._later(trouble.back, self._lose, ConnectionResetError())
        elif answer is not None and trouble.way is not Way.MUTE:
            self._answer(_written(answer), note)

    # --- the way back ---

    def _answer(self, data: bytes, note: Any) -> None:
        trouble = self._trouble
        whole = trouble.way is Way.THROUGH
        end = len(data) if whole else int(trouble.after * len(data))
        size = max(1, -(-end // trouble.pieces))
        pause = trouble.back
        for start in range(0, end, size):
            piece = data[start : min(start + size, end)]
            is_last = whole and start + size >= end
            self._later(pause, self._receive, piece, note if is_last else None)
            pause += trouble.back / 10
        if trouble.way is Way.TORN:
            self._later(pause, self._lose, ConnectionResetError())
        elif trouble.way is Way.ENDED:
            self._later(pause, self._lose, None)
        elif trouble.hangs_up_after is not None:
            self._idle = self._later(pause + trouble.hangs_up_after, self._lose, None)

    def _receive(self, piece: bytes, note: Any) -> None:
        if not self._closing:
            if note is not None:
                self._gateway.told(note)
            self._handler.data_received(piece)

    def _lose(self, fault: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._handler.connection_lost, fault, context=self._context)

    def _later(self, seconds: float, callback: Callable[..., None], *args: Any) -> asyncio.TimerHandle:
        return self._loop.call_later(seconds, callback, *args, context=self._context)

    def _outside(self, seconds: float, callback: Callable[..., None], *args: Any) -> None:
        """What happens whether the process lives or not."""
        self._loop.call_later(seconds, callback, *args, context=outside())


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _written(answer: Answer) -> bytes:
    head = f"HTTP/1.1 {answer.status} X\r\nContent-Type: application/json\r\nContent-Length: {len(answer.body)}\r\n\r\n"
    return head.encode() + answer.body
