"""Which references a file has used already, in a few bytes each."""

from __future__ import annotations

from array import array
from typing import Final

__all__ = ["References"]

_FIRST_SIZE: Final = 1024


class References:
    """A hash table of digests of 8 bytes and line numbers of 4, so that a million references take 24 MiB.

    Python's own hash of a text is 64 bits under a key of the process: that two references of a million have the same
    one is less likely than one in ten million, and would only have a good line told as a bad one.
    """

    def __init__(self) -> None:
        self._count = 0
        self._make(_FIRST_SIZE)

    def _make(self, size: int) -> None:
        self._mask = size - 1
        self._digests = array("Q", bytes(8 * size))
        self._lines = array("I", bytes(4 * size))

    def first_line(self, reference: str, line: int) -> int:
        """The line on which a reference stood first: this one, where it is new.

        Args:
            reference: The reference.
            line: The number of the line on which it stands now, from 1.
        """
        digest = hash(reference) & 0xFFFF_FFFF_FFFF_FFFF
        place = self._place(digest, line)
        return self._lines[place]

    def _place(self, digest: int, line: int) -> int:
        place = digest & self._mask
        while self._lines[place]:
            if self._digests[place] == digest:
                return place
            place = (place + 1) & self._mask
        if self._count * 3 >= self._mask * 2:
            self._grow()
            return self._place(digest, line)
        self._count += 1
        self._digests[place], self._lines[place] = digest, line
        return place

    def _grow(self) -> None:
        digests, lines = self._digests, self._lines
        self._count = 0
        self._make(2 * (self._mask + 1))
        for digest, line in zip(digests, lines, strict=True):
            if line:
                self._place(digest, line)
