"""Real trouble with a file: each is there inside of its `with`, and gone after it.

All of it works for root and for everybody else. What an open connection does not notice is for a ledger that has not
been used yet (`AT_THE_START`); what it does notice is for one in use as well (`AT_ANY_TIME`).
"""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from paymentoptions_async import SqliteLedger
from paymentoptions_async.ledger import Intent

NOBODY: Final = 65534


class Trouble(NamedTuple):
    """Something that is wrong with a ledger's file.

    Attributes:
        reigns: Makes it so, for as long as it is entered.
        told: What an error says of it.
    """

    reigns: Callable[[Path], AbstractContextManager[None]]
    told: str


# --- a folder for a ledger --------------------------------------------------------------------------------


@contextmanager
def place() -> Iterator[Path]:
    """The path of a ledger that is not there yet, in a folder that belongs to somebody without privileges.

    The folder is on a file system of its own, which is soon full, where such a one may be made.
    """
    with tempfile.TemporaryDirectory(prefix="po-disk-") as disk:
        is_mounted = _mount(disk)
        try:
            folder = Path(disk) / "folder"
            folder.mkdir()
            if os.geteuid() == 0:
                for path in (disk, folder):
                    os.chown(path, NOBODY, NOBODY)
            yield folder / "charges.db"
        finally:
            if is_mounted:
                subprocess.run(["umount", "--lazy", disk], check=True)


def _mount(folder: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


# --- at any time ------------------------------------------------------------------------------------------


@contextmanager
def full(path: Path) -> Iterator[None]:
    """The disk is full: the file system where it is a small one, or else the pages that the file may have."""
    with _full_file_system(path) if path.parent.parent.is_mount() else full_file(path):
        yield


@contextmanager
def _full_file_system(path: Path) -> Iterator[None]:
    filler = path.with_name("filler")
    with ExitStack() as stack:
        if path.exists():
            # The log is emptied, and stays while another connection is there: else a new one would find its room.
            other = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)) == 4096:
                pass
        yield
        filler.unlink()


@contextmanager
def full_file(path: Path) -> Iterator[None]:
    """The file has all the pages that it may have. To SQLite that is the same as a full disk."""
    Limitable.is_limited = True
    try:
        if path.exists():
            _fill_up(path)
        yield
    finally:
        Limitable.is_limited = False
    with closing(sqlite3.connect(path, isolation_level=None)) as other, suppress(sqlite3.OperationalError):
        other.execute("DELETE FROM charge WHERE merchant_txn_ref LIKE 'filler%'")


class Limitable(sqlite3.Connection):
    """A connection whose file may be forbidden to grow."""

    is_limited = False

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        # No fewer than there are.
        super().execute(f"PRAGMA max_page_count = {1 if self.is_limited else 1 << 30}")
        return super().execute(statement, *values)


def limitable(patch: pytest.MonkeyPatch) -> None:
    """Have all connections that are made from now on so."""
    patch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Limitable))


def _fill_up(path: Path) -> None:
    """Leave no room on any page of the table for as much as the smallest record."""
    values = "?, x'', '', '', '', NULL, '', 0, 0, 0, 'refused', 0, NULL, zeroblob(?), NULL, NULL, NULL"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for number, size in enumerate([3000, 2000, 1000, 500, 250, 120, 60, 30, 10] * 2):
            with suppress(sqlite3.OperationalError):
                other.execute(f"INSERT INTO charge VALUES ({values})", (f"filler-{number}", size))


@contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """Every write to a file of this process fails, as on a disk that is breaking."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores the signal that goes with it, so that the call itself fails.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


_LOCKER: Final = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=5)
file.execute("BEGIN IMMEDIATE" if file.execute("PRAGMA journal_mode").fetchone()[0] == "wal" else "BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
file.execute("ROLLBACK")
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process is in the middle of a transaction."""
    command = [sys.executable, "-S", "-c", _LOCKER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            other.stdin.close()
            assert other.wait() == 0


# --- at the start -----------------------------------------------------------------------------------------


@contextmanager
def _without_privileges() -> Iterator[None]:
    """Root may do whatever the permissions say: so it is somebody else for a while. All threads are."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def made(path: Path, *, records: int = 1, owner: int = NOBODY) -> None:
    """A good ledger with some records, closed."""

    async def make() -> None:
        async with SqliteLedger(path) as ledger:
            for number in range(records):
                await ledger.claim(Intent(f"earlier-{number:03}", bytes(32)), token="t", lease=60)

    with ThreadPoolExecutor() as pool:
        pool.submit(asyncio.run, make()).result()
    if os.geteuid() == 0:
        os.chown(path, owner, owner)


@contextmanager
def read_only_file(path: Path) -> Iterator[None]:
    """It may be read."""
    made(path)
    path.chmod(0o400)
    with _without_privileges():
        yield
    path.chmod(0o600)


@contextmanager
def read_only_folder(path: Path) -> Iterator[None]:
    """The file is to be made, and cannot."""
    path.parent.chmod(0o500)
    try:
        with _without_privileges():
            yield
    finally:
        path.parent.chmod(0o700)


@contextmanager
def read_only_folder_around_it(path: Path) -> Iterator[None]:
    """The file may be written, its log cannot be made."""
    made(path)
    with read_only_folder(path):
        yield


@contextmanager
def no_folder(path: Path) -> Iterator[None]:
    """As before a disk is mounted."""
    elsewhere = path.parent.with_name("elsewhere")
    path.parent.rename(elsewhere)
    yield
    elsewhere.rename(path.parent)


@contextmanager
def folder_in_its_place(path: Path) -> Iterator[None]:
    """As a container makes one where a file to be mounted is missing."""
    path.mkdir()
    yield
    path.rmdir()


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """All pages but the first are overwritten; then a copy is put back."""
    made(path, records=100)
    good = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (len(good) - 4096))
    yield
    path.write_bytes(good)


@contextmanager
def no_database(path: Path) -> Iterator[None]:
    """Something else lies there."""
    path.write_bytes(b"Dear diary, " * 1000)
    yield
    assert path.read_bytes() == b"Dear diary, " * 1000
    path.unlink()


@contextmanager
def torn_off(path: Path) -> Iterator[None]:
    """A copy that broke off within the first page."""
    made(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:70])
    yield
    path.write_bytes(whole)


def _foreign(statement: str) -> Callable[[Path], AbstractContextManager[None]]:
    @contextmanager
    def foreign(path: Path) -> Iterator[None]:
        with closing(sqlite3.connect(path)) as other:
            other.execute(statement)
        before = path.read_bytes()
        yield
        assert path.read_bytes() == before
        path.unlink()

    return foreign


@contextmanager
def later(path: Path) -> Iterator[None]:
    """A ledger that a later release has brought up to its own schema."""
    made(path)
    with closing(sqlite3.connect(path)) as other:
        own = other.execute("PRAGMA user_version").fetchone()[0]
    _set(path, "user_version", 99)
    before = path.read_bytes()
    yield
    assert path.read_bytes() == before
    _set(path, "user_version", own)


def _set(path: Path, name: str, value: int) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA {name} = {value}")


AT_ANY_TIME: Final = {
    "full": Trouble(full, "the disk is full"),
    "no more pages": Trouble(full_file, "the disk is full"),
    "unwritable": Trouble(unwritable, "the disk does not read or write"),
    "locked": Trouble(locked, "another process has kept it locked"),
    "no folder": Trouble(no_folder, "No such file or directory"),
}
"""What a ledger in use runs into as well."""

AT_THE_START: Final = {
    **AT_ANY_TIME,
    "read-only": Trouble(read_only_file, "it is read-only"),
    "read-only folder": Trouble(read_only_folder, "Permission denied"),
    "read-only folder around it": Trouble(read_only_folder_around_it, "it is read-only"),
    "a folder": Trouble(folder_in_its_place, "it cannot be opened"),
    "damaged": Trouble(damaged, "it is damaged"),
    "no database": Trouble(no_database, "it is no SQLite file, or is damaged"),
    "torn off": Trouble(torn_off, "is damaged"),
    "another application's tables": Trouble(_foreign("CREATE TABLE album (title)"), "another application's"),
    "another application's file": Trouble(_foreign("PRAGMA application_id = 42"), "the file is no ledger"),
    "of a later release": Trouble(later, "a later release (schema 99)"),
}
"""What a ledger runs into when it is used for the first time."""


def delete(path: Path) -> None:
    """The file and what stands beside it."""
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()
