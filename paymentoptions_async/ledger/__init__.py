"""The memory of charges: what keeps a reference from being charged twice."""

from .base import Ledger
from .memory import MemoryLedger

__all__ = ["Ledger", "MemoryLedger"]
