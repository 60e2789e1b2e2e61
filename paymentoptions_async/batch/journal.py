"""The results of a run, as they come: one JSON object on a line, appended and never changed.

A line that is charged again, since its outcome was open, gets another entry: the later one counts. When a run is over
the earlier ones are left out, so that each line of the input has one entry. A doubt gives way to what became of the
charge alone, never to a try that did not get so far. A last line that is torn, since the process was killed while it
wrote, does not count: the ledger knows that charge.
"""

from __future__ import annotations

import os
import re
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

import orjson

from .entries import DOUBTFUL, FINAL, OPEN, UNTOUCHED, identity_of, is_entry

if sys.platform != "win32":
    import fcntl

__all__ = ["MARK", "Entry", "Journal", "JournalError", "latest", "raw_latest", "raw_open"]

Entry = dict[str, Any]

MARK: Final = b'{"line":'
"""How every line of a journal begins."""

_LINE: Final = re.compile(rb'\{"line":(\d{1,8}),')
# Within a text the quotes of both would be escaped.
_OPEN: Final = tuple(f'"outcome":"{outcome}",'.encode() for outcome in OPEN)
_UNRECORDED: Final = b',"recorded":false,'


class JournalError(Exception):
    """There is something else in the file, or another run is at it."""


class Journal:
    """Writes the results of a run, and knows those of earlier ones. Blocking: use it in a thread.

    Args:
        path: The file; it is made where there is none, for its owner alone.
        gateway: The address at which is charged: a file of results never mixes two.
        anew: Begin with nothing, whatever earlier runs have written.

    Attributes:
        earlier: How many lines have a final outcome already, by outcome.

    Raises:
        JournalError: It is no journal, or another run is at it.
        OSError: It cannot be read or written.
    """

    def __init__(self, path: Path, *, gateway: str, anew: bool = False) -> None:
        self.path = path
        self.earlier: Counter[str] = Counter()
        self._final = array("Q")
        self._doubtful: dict[int, int] = {}
        self._gateway = gateway
        self._file = _opened(path)
        try:
            self._lock()
            self._mend()
            for entry in latest(path):
                self._know(entry)
            if anew:
                self._forget()
        except BaseException:
            self._file.close()
            raise

    def _lock(self) -> None:
        try:
            _flock(self._file)
        except BlockingIOError:
            raise JournalError(f"another run is writing {self.path} now") from None
        # Before the lock another run may have taken the file away, or put a new one in its place.
        if not self.path.exists() or not os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
            raise JournalError(f"another run was writing {self.path} until now: run it again")

    def _mend(self) -> None:
        """Cut a torn last line off."""
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(0)
        if size and not MARK.startswith(begins := self._file.read(len(MARK))) and begins != MARK:
            raise JournalError(f"{self.path} holds something else than results")
        kept = size
        while kept:
            start = max(0, kept - 65_536)
            self._file.seek(start)
            if (end := self._file.read(kept - start).rfind(b"\n")) >= 0:
                kept = start + end + 1
                break
            kept = start
        if kept < size:
            self._file.truncate(kept)

    def _forget(self) -> None:
        self._file.truncate(0)
        self._final = array("Q")
        self._doubtful.clear()
        self.earlier.clear()

    def _know(self, entry: Entry) -> None:
        if entry["gateway"] != self._gateway:
            raise JournalError(f"{self.path} holds results of another gateway: give --results")
        number, identity = entry["line"], identity_of(entry) or 1
        if entry["outcome"] in DOUBTFUL:
            self._doubtful[number] = identity
        elif entry["outcome"] in FINAL:
            if number >= len(self._final):
                self._final.frombytes(bytes(8 * (2 * number + 1024 - len(self._final))))
            self._final[number] = identity
            self.earlier[entry["outcome"]] += 1

    def _unlearn(self, entry: Entry) -> None:
        self._doubtful.pop(entry["line"], None)
        if self.is_done(entry["line"]):
            self._final[entry["line"]] = 0
            self.earlier[entry["outcome"]] -= 1

    @property
    def telling(self) -> int:
        """How many lines have a result by which money moved, may have moved, or was declined."""
        return self.earlier.total() + len(self._doubtful)

    def is_done(self, number: int) -> bool:
        """Whether a line's outcome is final.

        Args:
            number: Of the line.
        """
        return number < len(self._final) and self._final[number] != 0

    def is_telling(self, number: int) -> bool:
        """Whether a line is one of those that `telling` counts.

        Args:
            number: Of the line.
        """
        return self.is_done(number) or number in self._doubtful

    def is_about(self, number: int, identity: int) -> bool:
        """Whether the result of such a line is about that charge.

        Args:
            number: Of the line.
            identity: Of its request.
        """
        return (self._doubtful.get(number) or self._final[number]) == (identity or 1)

    def correct(self, corrections: Iterable[tuple[Entry, Entry]]) -> None:
        """Have the ledger's word in place of what earlier runs have written.

        Args:
            corrections: The entry that counts, and the one that is to count.

        Raises:
            OSError: They cannot be written, or not all of them.
        """
        for former, entry in corrections:
            self._append([entry])
            self._unlearn(former)
            self._know(entry)

    def write(self, entries: list[Entry]) -> list[Entry]:
        """Append entries. Once this has returned, a killed process does not lose them.

        Returns:
            Those that count. That a later try was refused, or never sent, ends no doubt about an earlier one.

        Raises:
            OSError: They cannot be written, or not all of them.
        """
        told = [one for one in entries if one["outcome"] not in UNTOUCHED or one["line"] not in self._doubtful]
        self._append(told)
        return told

    def _append(self, entries: list[Entry]) -> None:
        data = b"".join(orjson.dumps(entry) + b"\n" for entry in entries)
        while data:
            data = data[self._file.write(data) or 0 :]

    def compact(self) -> None:
        """Have it on the disk, without what a later entry has replaced. It is replaced whole, or stays as it is."""
        os.fsync(self._file.fileno())
        if sum(1 for _ in raw_latest(self.path)) == _count(self.path):
            return
        part = self.path.with_name(f".{self.path.name}.part")
        # Only whoever has the lock makes it: so what is there was left by a run that was killed.
        part.unlink(missing_ok=True)
        file = _opened(part, os.O_EXCL)
        try:
            _flock(file)  # so that it is locked from the moment on in which it has the journal's name
            with open(file.fileno(), "wb", closefd=False) as stream:
                stream.writelines(raw_latest(self.path))
            os.fsync(file.fileno())
            part.replace(self.path)
        except BaseException:
            file.close()
            part.unlink(missing_ok=True)
            raise
        self._file.close()
        self._file = file

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _opened(path: Path, flags: int = 0) -> BinaryIO:
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | flags, 0o600)
    return os.fdopen(number, "r+b", buffering=0)


def _flock(file: BinaryIO) -> None:
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def latest(path: Path) -> Iterator[dict[str, Any]]:
    """The entries of a journal that count, in the order in which they came. Blocking.

    Args:
        path: The file. It may be written meanwhile.

    Raises:
        JournalError: It is none.
        OSError: It cannot be read.
    """
    for line in raw_latest(path):
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            entry = None
        if not is_entry(entry) or not line.startswith(b'{"line":%d,' % entry["line"]):
            raise JournalError(f"{path} holds something else than results")
        yield entry


def raw_latest(path: Path) -> Iterator[bytes]:
    """The same as the lines that they are."""
    last = array("I")
    with path.open("rb") as file:
        for place, number, _ in _numbered(file, path):
            if number >= len(last):
                last.frombytes(bytes(4 * (2 * number + 1024 - len(last))))
            last[number] = place
    with path.open("rb") as file:
        for place, number, line in _numbered(file, path):
            if number < len(last) and last[number] == place:
                yield line


def raw_open(path: Path) -> Iterator[bytes]:
    """Those that somebody has to look at: their outcome is open, or the ledger does not say what they say."""
    for line in raw_latest(path):
        if any(outcome in line for outcome in _OPEN) or _UNRECORDED in line:
            yield line


def _numbered(file: BinaryIO, path: Path) -> Iterator[tuple[int, int, bytes]]:
    for place, line in enumerate(file, 1):
        if not line.endswith(b"\n"):
            return
        if (match := _LINE.match(line)) is None:
            raise JournalError(f"{path} holds something else than results")
        yield place, int(match[1]), line


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
