"""Many charges: as many at a time as the gateway bears, each with a result of its own."""

from .breaker import Breaker
from .limiter import Fixed, Limiter
from .result import ChargeOutcome, ChargeResult
from .runner import Batch

__all__ = ["Batch", "Breaker", "ChargeOutcome", "ChargeResult", "Fixed", "Limiter"]
