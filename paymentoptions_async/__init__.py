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
    LedgerError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    PaymentOptionsError,
    Problem,
    RateLimitedError,
    ReferenceConflictError,
    ReferenceInUseError,
)
from .ledger import Ledger, Mark, MemoryLedger, PostgresLedger, Record, Resolution, SqliteLedger
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
from .models.outcome import Outcome, State
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
    "LedgerError",
    "Mark",
    "MemoryLedger",
    "NotSentError",
    "Outcome",
    "OutcomeUnknownError",
    "PartialApprovalError",
    "Payment",
    "PaymentMethod",
    "PaymentOptions",
    "PaymentOptionsError",
    "PostgresLedger",
    "Problem",
    "PurchaseRequest",
    "RateLimitedError",
    "Reason",
    "Record",
    "RedactingFilter",
    "ReferenceConflictError",
    "ReferenceInUseError",
    "Resolution",
    "RetryPolicy",
    "ReturnUrls",
    "Secret",
    "Settings",
    "SqliteLedger",
    "State",
    "Subscription",
    "Timeouts",
    "redact_processor",
]
