"""A PaymentOptions gateway on this machine: it speaks the real contract, and fails on demand.

Example:
    >>> from paymentoptions_async.sandbox import Sandbox
    >>> async def lost_answer() -> int:
    ...     async with Sandbox(faults=["reset:after_commit"]) as gateway:
    ...         ...  # purchase with gateway.settings(): the money moves, no answer comes
    ...         return gateway.total_charges()
"""

from __future__ import annotations

from .faults import Fault
from .server import Sandbox
from .webhooks import WebhookPolicy

__all__ = ["Fault", "Sandbox", "WebhookPolicy"]
