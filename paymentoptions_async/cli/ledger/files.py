"""Files that only their owner can read, and that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..usage import BadUsageError
from .place import file_of

__all__ = ["write_file"]

_SQLITE: Final = b"SQLite format 3\0"


def write_file(path: Path, lines: Iterable[str], *, force: bool, ledger: str | None) -> None:
    """Write a new file, with mode 0600.

    Args:
        path: Where.
        lines: Each with its end.
        force: Whether a file that is there may be replaced. It is so when the new one is whole.
        ledger: Where the ledger is; it is never replaced.

    Raises:
        BadUsageError: It cannot be made there.
    """
    _check(path, force=force, ledger=ledger)
    written = path.with_name(f".{path.name}.{os.getpid()}") if force else path
    try:
        number = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadUsageError(f"{path} is there already: give --force to write over it") from None
    except OSError as fault:
        raise BadUsageError(f"cannot write {path}: {fault.strerror}") from None
    try:
        with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            stream.writelines(lines)
        if force:
            written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise


def _check(path: Path, *, force: bool, ledger: str | None) -> None:
    own = file_of(ledger)
    if own is not None and path.resolve() in [own.resolve().with_name(own.name + end) for end in ("", "-wal", "-shm")]:
        raise BadUsageError(f"{path} is the ledger itself")
    if not force or not path.exists():
        return
    if not path.is_file():
        raise BadUsageError(f"{path} is no file that could be replaced")
    with path.open("rb") as found:
        if found.read(len(_SQLITE)) == _SQLITE:
            raise BadUsageError(f"{path} is a database, and may be a ledger: it is not replaced")
