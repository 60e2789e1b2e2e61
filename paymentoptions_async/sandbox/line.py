"""One connection's way out: the transport of aiohttp, on which an answer can come to harm."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .faults import Fault

__all__ = ["Line"]

_Data = bytes | bytearray | memoryview
_NO_LINGER: Final = struct.pack("ii", 1, 0)
_NOT_HTTP: Final = b"\x15\x03\x03\x00\x02\x02\x50 this is not HTTP\r\n\r\n"
_PIECES: Final = 8
_OF_THE_LINE: Final = frozenset({"reset", "close", "hang", "garbage", "drip"})


class Line(asyncio.Transport):
    """A transport between aiohttp and the real one; without a fault it lets everything pass.

    Attributes:
        fault: What was drawn for the request that is being served.
        idle: Whether the next bytes from the client begin a request.
        dead: Whether nothing goes out and nothing comes in any more, though the socket may be open.
    """

    def __init__(self, real: asyncio.Transport) -> None:
        super().__init__()
        self._real = real
        self._harm: Fault | None = None
        self._drip: asyncio.TimerHandle | None = None
        self._close_after_drip = False
        self.fault: Fault | None = None
        self.idle = True
        self.dead = False

    def begin(self, fault: Fault | None) -> None:
        """A request has begun, and this is its fault."""
        self.idle = False
        self.fault = fault

    def answer(self) -> None:
        """The request is decided: the next bytes that go out are its answer."""
        if self.dead:
            return
        self.idle = True
        if self.fault is not None and self.fault.kind in _OF_THE_LINE:
            self._harm = self.fault

    def strike(self, kind: str) -> None:
        """End the talk now.

        Args:
            kind: `reset` sends RST; `close` sends FIN after what is written; `hang` sends nothing.
        """
        if self.dead:
            return
        self.dead = True
        if kind == "reset":
            self.reset()
        elif kind == "close":
            # Not the transport's close(): bytes that still come in would turn the FIN into a RST.
            with suppress(OSError):  # the client has reset the connection
                self._real.write_eof()

    def reset(self) -> None:
        """Send RST (SO_LINGER of 0), and be gone."""
        self.dead = True
        sock = self._real.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._real.abort()

    def lost(self) -> None:
        """The socket is gone."""
        self.dead = True
        if self._drip is not None:
            self._drip.cancel()

    # --- what aiohttp calls -----------------------------------------------------------------------

    def write(self, data: _Data) -> None:
        """Let the bytes pass, or harm them."""
        if self.dead:
            return
        if (fault := self._harm) is None:
            self._real.write(data)
            return
        self._harm = None
        self._harmed(fault, bytes(data))

    def writelines(self, list_of_data: Iterable[_Data]) -> None:
        """As `write`, in one piece."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """Close after the answer; what hangs stays open."""
        if self._drip is not None:
            self._close_after_drip = True
        elif not self.dead:
            self._real.close()

    def abort(self) -> None:
        """Close at once."""
        self._real.abort()

    def is_closing(self) -> bool:
        """Whether the real transport is."""
        return self._real.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the real transport knows."""
        return self._real.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Of the real transport."""
        self._real.pause_reading()

    def resume_reading(self) -> None:
        """Of the real transport."""
        self._real.resume_reading()

    # --- harm -------------------------------------------------------------------------------------

    def _harmed(self, fault: Fault, data: bytes) -> None:
        self.idle = False
        if fault.kind == "drip":
            self._drop(data, len(data) // _PIECES + 1, (fault.seconds or 0.0) / _PIECES)
            return
        if part := _part(fault, data):
            self._real.write(part)
        self.strike("close" if fault.kind == "garbage" else fault.kind)

    def _drop(self, data: bytes, size: int, pause: float) -> None:
        self._real.write(data[:size])
        if rest := data[size:]:
            loop = asyncio.get_running_loop()
            self._drip = loop.call_later(pause, self._drop, rest, size, pause)
            return
        self._drip = None
        self.idle = True
        if self._close_after_drip:
            self._real.close()


def _part(fault: Fault, data: bytes) -> bytes:
    """What of an answer still goes out."""
    if fault.kind == "garbage":
        return _NOT_HTTP
    head = data.index(b"\r\n\r\n") + 4
    if fault.at == "in_headers":
        return data[: head // 2]
    return data[: head + (len(data) - head) // 2] if fault.at == "in_body" else b""
