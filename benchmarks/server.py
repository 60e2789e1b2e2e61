"""A gateway that answers as fast as Python can, in a process of its own, so that only clients are measured.

    python -m benchmarks.server [--hold]

It prints its port. With `--hold` it answers nothing: for counting what a call in flight takes.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

_ANSWER = (Path(__file__).parent / "answer.json").read_bytes()
_MARK = b"REFERENCE"
_REFERENCE = re.compile(rb"""merchant_txn_ref(?:":"|=)([\w-]+)""")
"""In JSON, and in the body of a form."""


class Connection(asyncio.Protocol):
    """Reads a request to its end and answers it."""

    def __init__(self, *, hold: bool) -> None:
        self._hold = hold
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, blank, body = self._read.partition(b"\r\n\r\n")
        if not blank:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length or self._hold:
            return
        self._read = b""
        found = _REFERENCE.search(body)
        assert found, body
        answer = _ANSWER.replace(_MARK, found[1])
        self._transport.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json; charset=utf-8\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(answer), answer)
        )


async def serve(*, hold: bool) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(hold=hold), "127.0.0.1", 0, backlog=20_000
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(hold="--hold" in sys.argv))
