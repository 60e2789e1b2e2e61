"""What those who watch a client are told: that a call, or an attempt within it, begins, and how it ends.

All of it is of low cardinality, fit for the labels of a metric. None of it tells which charge it is about: no
reference, no id, no address with an id in it, no amount, no text of an answer or of an error.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeAlias

import attrs

from .models.codes import Reason

__all__ = ["Attempt", "Call", "Ending", "Hook", "OperationName", "Word"]

OperationName: TypeAlias = Literal[
    "purchase", "authorize", "capture", "void", "refund", "status", "wait", "reconcile", "hosted_page.create",
    "subscription.create", "subscription.list", "subscription.get", "subscription.pause", "subscription.resume",
    "subscription.cancel", "webhook",
]  # fmt: skip
"""The method that was called: of `client.payments`, of `client.subscriptions`, ...; `webhook` is `webhooks.receive`."""

Word: TypeAlias = Literal[
    "paid", "partial", "challenge", "declined", "refused", "not_sent", "unknown",
    "answered", "no_answer", "lost",
    "settled", "repeated", "other_operation", "no_record",
    "cancelled", "bug",
]  # fmt: skip
"""How a step ended. Those of the first line are the words of a batch, for every operation that moves money: `paid` says
that it was carried out, be it a refund."""


@attrs.frozen(eq=False)
class Call:
    """One call of a method of the client's. Two calls are never equal, so that one can be the key of a mapping.

    Attributes:
        operation: The method.
    """

    operation: OperationName


@attrs.frozen(eq=False, kw_only=True)
class Attempt:
    """One HTTP request within a call.

    Attributes:
        call: The call, the same object that its own beginning was told with.
        method: `GET` or `POST`.
        template: The whole path, with the names of ids in place of them: `.../transaction/status/{transaction_id}`.
        scheme: `http` or `https`.
        server_address: The gateway's name, or its address.
        server_port: Its port.
        number: 1 for the first time that this request is sent by the call, more for its retries.
        ledger_number: The same, counted by the ledger over all calls with one reference; `None` of a question.
    """

    call: Call
    method: Literal["GET", "POST"]
    template: str
    scheme: str
    server_address: str
    server_port: int
    number: int
    ledger_number: int | None


@attrs.frozen(kw_only=True)
class Ending:
    """How a call or an attempt ended.

    Attributes:
        outcome: Of an attempt `answered`, `lost` (no whole answer came) or `not_sent`; of a call all the other words.
        seconds: How long it took.
        sent: Whether a request may have left. False is a proof.
        attempts: How many attempts the call has made.
        fault: The class of what went wrong, where something did: `connect`, `reset`, `status_5xx`, `deadline`, ...
        status: The HTTP status of the answer, where one came.
        reason: The class of the answer's response code, where it had a published one.
        response_code: That code.
        replayed: Whether it was known from an earlier call, and nothing was sent by this one.
        recorded: False where the ledger does not say so.
    """

    outcome: Word
    seconds: float
    sent: bool
    attempts: int = 1
    fault: str | None = None
    status: int | None = None
    reason: Reason | None = None
    response_code: int | None = None
    replayed: bool = False
    recorded: bool = True


class Hook(Protocol):
    """Is told when a step begins and when it ends, in the task that makes the call.

    It is called inside the event loop, so it must not block. What it raises is suppressed, and told once in the log: a
    hook decides nothing about a charge. `KeyboardInterrupt` and `SystemExit` go on in the event loop, after this step.
    """

    def begin(self, step: Call | Attempt, /) -> Any:
        """A step begins. What is returned is handed to its `end`."""

    def end(self, step: Call | Attempt, context: Any, ending: Ending, /) -> None:
        """The same step has ended, by an answer, a fault, a cancel or a bug."""
