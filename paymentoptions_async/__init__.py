"""Charge cards through the PaymentOptions gateway: never twice, and never in doubt about it.

If `purchase()` returns a `Payment`, the money moved once; if it raises, the type of the error says what happened to
the money.
"""

from .client import PaymentOptions
from .errors import (
    AuthenticationError,
    ConfigurationError,
    DeclinedError,
    InvalidRequestError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    PaymentOptionsError,
    Problem,
    RateLimitedError,
    ReferenceConflictError,
    ReferenceInUseError,
)
from .ledger import Ledger, MemoryLedger
from .models import (
    Address,
    BrowserInfo,
    Card,
    Challenge,
    Payment,
    PaymentMethod,
    PurchaseRequest,
    ReturnUrls,
    Subscription,
)
from .models.codes import Reason
from .redaction import RedactingFilter, Secret, redact_processor
from .settings import DEVELOPMENT, LIVE, RetryPolicy, Settings, Timeouts

__all__ = [
    "DEVELOPMENT",
    "LIVE",
    "Address",
    "AuthenticationError",
    "BrowserInfo",
    "Card",
    "Challenge",
    "ConfigurationError",
    "DeclinedError",
    "InvalidRequestError",
    "Ledger",
    "MemoryLedger",
    "NotSentError",
    "OutcomeUnknownError",
    "PartialApprovalError",
    "Payment",
    "PaymentMethod",
    "PaymentOptions",
    "PaymentOptionsError",
    "Problem",
    "PurchaseRequest",
    "RateLimitedError",
    "Reason",
    "RedactingFilter",
    "ReferenceConflictError",
    "ReferenceInUseError",
    "RetryPolicy",
    "ReturnUrls",
    "Secret",
    "Settings",
    "Subscription",
    "Timeouts",
    "redact_processor",
]
