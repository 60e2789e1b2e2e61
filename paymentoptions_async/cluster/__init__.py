"""A batch on several machines: its charges in PostgreSQL, its work handed out by Procrastinate.

It needs the extra: `paymentoptions-async[cluster]`. The ledger keeps every charge single, whichever worker runs or
re-runs it; nothing here is needed for that, and nothing here can break it.
"""

from .sealing import RowKey, Sealed, Sealer
from .submitting import submit
from .working import Worker

__all__ = ["RowKey", "Sealed", "Sealer", "Worker", "submit"]
