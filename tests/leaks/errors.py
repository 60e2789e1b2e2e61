"""What can be made of an error, with all that hangs on it, by those who log it or send it to a tracker."""

from __future__ import annotations

import copy
import io
import json
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Final

import structlog
from rich.traceback import Traceback
from sentry_sdk import Client, Scope
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from sentry_sdk.utils import event_from_exception

__all__ = ["REPORTS", "Mailbox"]

Report = Callable[[Any], str]


def _family(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and all that it came from or was raised beside, hidden or not."""
    if error is not None:
        yield error
        yield from _family(error.__cause__ or error.__context__)
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _family(one)


def _with_locals(error: BaseException) -> str:
    """As `cgitb` does it, and pytest with `--showlocals`: every frame of the whole family, and the locals in it."""
    return "".join(
        line
        for one in _family(error)
        for line in traceback.TracebackException.from_exception(one, capture_locals=True).format()
    )


def _rich(error: BaseException) -> str:
    """What rich takes out of the frames. It takes a tenth of a second to draw it."""
    return repr([Traceback.extract(type(one), one, one.__traceback__, show_locals=True) for one in _family(error)])


def _structlog(error: BaseException) -> str:
    transform = structlog.tracebacks.ExceptionDictTransformer(show_locals=True, locals_max_string=10_000)
    return json.dumps([transform((type(one), one, one.__traceback__)) for one in _family(error)], default=repr)


def _members(error: BaseException) -> str:
    return str([(one.args, vars(one), getattr(one, "__notes__", None), str(one), repr(one)) for one in _family(error)])


class Mailbox(Transport):
    """Where a tracker's letters end.

    Attributes:
        letters: What was sent, as it would have gone out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[str] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.letters.append(envelope.serialize().decode("utf-8", "replace"))


def _client(mailbox: Mailbox) -> Client:
    """Sentry's client as its defaults make it, told to send all it can; nothing of this process is patched."""
    return Client(
        dsn="http://key@127.0.0.1:9/1", transport=mailbox, default_integrations=False, attach_stacktrace=True,
        include_local_variables=True, max_value_length=100_000, auto_session_tracking=False,
        enable_backpressure_handling=False,
    )  # fmt: skip


def _sentry(error: BaseException) -> str:
    mailbox = Mailbox()
    client = _client(mailbox)
    event, hint = event_from_exception(error, client_options=client.options)
    client.capture_event(event, hint, scope=Scope())
    return "\n".join(mailbox.letters)


def _never_retrieved(error: BaseException) -> str:
    """What asyncio's own handler is given, and what it writes of it."""
    context: dict[str, Any] = {"message": "Task exception was never retrieved", "exception": error}
    written = io.StringIO()
    print(context, file=written)
    traceback.print_exception(error, file=written)
    return written.getvalue()


REPORTS: Final[dict[str, Report]] = {
    "text": lambda error: f"{error} {error!r} {error!a}",
    "members": _members,
    "traceback": lambda error: "".join(traceback.format_exception(error)),
    "traceback with locals": _with_locals,
    "structlog's dictionaries": _structlog,
    "rich": _rich,
    "Sentry": _sentry,
    "asyncio's handler": _never_retrieved,
    "in a group": lambda error: _with_locals(BaseExceptionGroup("several", [ValueError("other"), error])),
    "copied": lambda error: _members(copy.deepcopy(error)),
    "pickled": lambda error: f"{pickle.dumps(error)!r} {pickle.dumps(error, 0)!r}",
}
