"""The lines of a file, packed or not. None is longer than a bound, and what is wrong with one stays with it."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from ..errors import Problem

__all__ = ["LONGEST", "SourceError", "text_lines"]

LONGEST: Final = 65_536
"""Bytes of a line. A whole body has about a thousand."""

_BOM: Final = b"\xef\xbb\xbf"
_PACKED: Final = b"\x1f\x8b"


class SourceError(Exception):
    """The file as a whole cannot be read: its header, its packing, or what goes with it. Nothing was sent."""


def text_lines(stream: BinaryIO) -> Iterator[tuple[int, str | Problem]]:
    """The lines that are not empty, with their numbers from 1; a line that is no text is a problem.

    Args:
        stream: Is read from its beginning.

    Raises:
        SourceError: It is packed, and damaged or cut off.
    """
    number = 0
    try:
        for number, line in enumerate(_byte_lines(_unpacked(stream)), 1):
            if (told := _text(line)) != "":
                yield number, told
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise SourceError(f"the gzip file is damaged or cut off after line {number}") from None


def _unpacked(stream: BinaryIO) -> BinaryIO:
    stream.seek(0)
    packed = stream.read(len(_PACKED)) == _PACKED
    stream.seek(0)
    return io.BufferedReader(gzip.GzipFile(fileobj=stream)) if packed else stream


def _byte_lines(stream: BinaryIO) -> Iterator[bytes]:
    first = True
    while line := stream.readline(LONGEST + 1):
        if first:
            line, first = line.removeprefix(_BOM), False
        if len(line) > LONGEST and not line.endswith(b"\n"):
            _pass_over(stream)
        yield line


def _pass_over(stream: BinaryIO) -> None:
    while (rest := stream.readline(LONGEST)) and not rest.endswith(b"\n"):
        pass


def _text(line: bytes) -> str | Problem:
    if len(line) > LONGEST:
        return Problem("$", f"a line of at most {LONGEST} bytes")
    try:
        text = line.decode().strip()
    except UnicodeDecodeError:
        return Problem("$", "text in UTF-8")
    return Problem("$", "text without NUL characters") if "\0" in text else text
