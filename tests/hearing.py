"""A hook that writes down what it is told."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final

import attrs

from paymentoptions_async import Attempt, Call, Ending

__all__ = ["Ear", "Heard", "inside"]

inside: Final[ContextVar[tuple[object, ...]]] = ContextVar("inside", default=())
"""The steps that the running task is in, as a hook with a context of its own sees it."""


@attrs.define(eq=False)
class Heard:
    """A step: what it was, what it was within, and how it ended."""

    step: Call | Attempt
    within: tuple[object, ...]
    ending: Ending | None = None

    @property
    def told(self) -> Ending:
        assert self.ending is not None
        return self.ending


class Ear:
    """Hears of every step, and holds it against the rules: each one ends once, in the context that it began in.

    Attributes:
        heard: The steps, in the order of their beginning.
    """

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    def begin(self, step: Call | Attempt, /) -> Any:
        heard = Heard(step, inside.get())
        self.heard.append(heard)
        return heard, inside.set((*heard.within, step))

    def end(self, step: Call | Attempt, context: Any, ending: Ending, /) -> None:
        heard, token = context
        inside.reset(token)
        assert heard.step is step
        assert heard.ending is None
        heard.ending = ending

    @property
    def calls(self) -> list[Heard]:
        return [heard for heard in self.heard if isinstance(heard.step, Call)]

    @property
    def call(self) -> Ending:
        """How the only call ended."""
        (heard,) = self.calls
        return heard.told

    def attempts(self) -> list[Ending]:
        """How the attempts ended."""
        return [heard.told for heard in self.heard if isinstance(heard.step, Attempt)]

    def requests(self) -> list[Attempt]:
        """What the attempts were."""
        return [heard.step for heard in self.heard if isinstance(heard.step, Attempt)]

    def forget(self) -> None:
        """Begin anew."""
        self.heard.clear()
