"""For tests that mock aiohttp away with aioresponses."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientResponse

__all__ = ["MockedResponse"]


class _Written:
    output_size = 0


class MockedResponse(ClientResponse):
    """What to give to aioresponses as `response_class`: 0.7.9 does not know what aiohttp 3.14 wants.

    ::

        with aioresponses() as mocked:
            mocked.post(url, status=201, payload=answer, response_class=MockedResponse)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"stream_writer": _Written(), **kwargs})
