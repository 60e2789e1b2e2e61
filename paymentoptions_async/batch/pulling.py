"""The requests of a batch, one at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from typing import TypeVar

__all__ = ["pulled"]

T = TypeVar("T")


async def pulled(requests: Iterable[T] | AsyncIterable[T]) -> AsyncGenerator[T, None]:
    """Any iterable as an async generator. A generator that it is made of is closed with it."""
    if isinstance(requests, AsyncIterable):
        stream = aiter(requests)
        try:
            async for request in stream:
                yield request
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()
    else:
        iterator = iter(requests)
        try:
            for request in iterator:
                yield request
        finally:
            if isinstance(iterator, Generator):
                iterator.close()
