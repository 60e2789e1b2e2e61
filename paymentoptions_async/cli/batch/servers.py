"""Where a batch on several machines is kept: in the ledger's own PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ..ledger.place import file_of
from ..usage import BadUsageError

if TYPE_CHECKING:
    from ...cluster.batches import Batch
    from ...cluster.tables import Server

__all__ = ["NameArgument", "check_extra", "dsn_of", "found"]

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Of the batch, as it was submitted.", show_default=False)
]


def dsn_of(ledger: str | None) -> str:
    """The address of the database.

    Args:
        ledger: What was given.

    Raises:
        BadUsageError: It is none, or the extra is not installed.
        ConfigurationError: It cannot be read.
    """
    check_extra()
    if ledger is None or file_of(ledger) is not None:
        raise BadUsageError(
            "a batch on several machines is kept in the ledger's database: give the address of a PostgreSQL, with"
            " --ledger or PAYMENTOPTIONS_LEDGER"
        )
    return ledger


def check_extra() -> None:
    """See that all is installed that these commands need.

    Raises:
        BadUsageError: It is not.
    """
    try:
        import cryptography  # noqa: F401
        import procrastinate  # noqa: F401
    except ImportError:
        raise BadUsageError("this needs more: pip install 'paymentoptions-async[cluster]'") from None


@contextmanager
def found(ledger: str | None, name: str) -> Iterator[tuple[Server, Batch]]:
    """A connection, and the batch of a name. What is done with it is one transaction.

    Args:
        ledger: What was given.
        name: Of the batch.

    Raises:
        BadUsageError: There is no such database.
        InvalidRequestError: There is no such batch.
        LedgerError: The server cannot be used.
    """
    dsn = dsn_of(ledger)
    from ...cluster.batches import find
    from ...cluster.tables import connected

    with connected(dsn) as server:
        yield server, find(server, name)
