"""Opening what a batch is read from: the charges, the column map and the defaults."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ...batch.lines import SourceError
from ...batch.sources import Source
from ..body import read_body
from ..usage import BadUsageError, without_numbers
from .flags import FileFlags

__all__ = ["opened", "shown_name", "tell"]


@contextmanager
def opened(charges: str, flags: FileFlags) -> Iterator[Source]:
    """The charges, as long as the block lasts.

    Args:
        charges: A file, or `-`.
        flags: How they are read.

    Raises:
        BadUsageError: Something cannot be read.
    """
    defaults = read_body(flags.defaults) if flags.defaults is not None else {}
    columns = _columns(flags.map or [])
    with _stream(charges) as stream:
        try:
            yield Source(stream, columns=columns, defaults=defaults)
        except SourceError as fault:
            raise BadUsageError(f"{shown_name(charges)}: {fault}") from None


def shown_name(charges: str) -> str:
    """The name of the file, as it may be shown."""
    return "stdin" if charges == "-" else without_numbers(charges)


@contextmanager
def _stream(charges: str) -> Iterator[BinaryIO]:
    try:
        stream: BinaryIO = sys.stdin.buffer if charges == "-" else Path(charges).open("rb")  # noqa: SIM115
    except OSError as fault:
        raise BadUsageError(f"cannot read {shown_name(charges)}: {fault.strerror}") from None
    try:
        if stream.seekable():
            yield stream
        else:
            with _spooled(stream) as spool:
                yield spool
    finally:
        if charges != "-":
            stream.close()


@contextmanager
def _spooled(stream: BinaryIO) -> Iterator[BinaryIO]:
    """What comes through a pipe is read more than once, so it is kept in a file: without a name.

    Nobody else can open such a file, and the system takes it away with the process, also where that is killed.
    """
    folder = tempfile.gettempdir()
    tell(f"What comes through the pipe is kept in a file without a name in {folder} until the end.")
    with tempfile.TemporaryFile() as spool:
        try:
            shutil.copyfileobj(stream, spool)
        except OSError as fault:
            raise BadUsageError(f"cannot keep what comes through the pipe in {folder}: {fault.strerror}") from None
        yield spool


def tell(message: str) -> None:
    """Write a remark to stderr."""
    sys.stderr.write(f"{message}\n")


def _columns(given: list[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for text in given:
        pairs = _file_of_pairs(Path(text)) if text.endswith((".toml", ".json")) and "=" not in text else _pair(text)
        if twice := columns.keys() & pairs.keys():
            raise BadUsageError(f"--map: a column stands twice: {without_numbers(', '.join(sorted(twice)))}")
        columns |= pairs
    return columns


def _pair(text: str) -> dict[str, str]:
    name, separator, path = text.rpartition("=")
    if not separator or not name:
        raise BadUsageError("--map: NAME=PATH, such as mail=billing_address.email; or a .toml or .json file")
    return {name.strip(): path.strip()}


def _file_of_pairs(path: Path) -> Mapping[str, str]:
    shown = without_numbers(str(path))
    try:
        content: Any = (tomllib.loads if path.suffix == ".toml" else json.loads)(path.read_text("utf-8"))
    except OSError as fault:
        raise BadUsageError(f"cannot read {shown}: {fault.strerror}") from None
    except (ValueError, RecursionError):
        raise BadUsageError(f"{shown}: no {path.suffix.removeprefix('.').upper()}") from None
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise BadUsageError(f"{shown}: names and paths alone, both as texts")
    return content
