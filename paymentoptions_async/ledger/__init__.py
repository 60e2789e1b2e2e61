"""The memory of charges: what keeps a reference from being charged twice."""

from .base import Claim, Event, Intent, Ledger, Mark, Record
from .memory import MemoryLedger
from .postgres import PostgresLedger
from .resolution import Resolution
from .sqlite import SqliteLedger

__all__ = [
    "Claim",
    "Event",
    "Intent",
    "Ledger",
    "Mark",
    "MemoryLedger",
    "PostgresLedger",
    "Record",
    "Resolution",
    "SqliteLedger",
]
