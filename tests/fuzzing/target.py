"""What is fuzzed: a plain function from bytes to nothing, and inputs to begin with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

__all__ = ["SEPARATOR", "Target", "choice", "joined", "parts"]

T = TypeVar("T")

SEPARATOR: Final = b"\x1e"
"""Between the parts of an input. JSON, CSV and HTTP do without this byte."""


class Target(NamedTuple):
    """One thing that reads bytes.

    Attributes:
        name: Of the target.
        run: Takes one input. What it raises is a bug.
        seeds: Inputs to begin with.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def joined(choices: Sequence[int], *documents: bytes) -> bytes:
    """An input: bytes that choose, and what is read."""
    return SEPARATOR.join((bytes(choices), *documents))


def parts(data: bytes, documents: int) -> list[bytes]:
    """The choosing bytes of an input and so many documents, empty where there are none."""
    found = data.split(SEPARATOR, documents)
    return found + [b""] * (documents + 1 - len(found))


def choice(choices: bytes, place: int, options: Sequence[T]) -> T:
    """What the byte at a place chooses; the first option where there is no such byte."""
    return options[choices[place] % len(options)] if place < len(choices) else options[0]
