"""Tells a client's hooks of its calls and attempts. Without hooks nothing of this is there but a question for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, Final, Literal, NoReturn, TypeVar
from urllib.parse import SplitResult, urlsplit

from .course import Course, attempt_ended, attempt_failed, under_way
from .hooks import Attempt, Call, Ending, Hook, OperationName, Word
from .logs import Log
from .transport.gateway import Gateway
from .transport.parcel import Parcel
from .transport.reply import Fault, Reply

__all__ = ["Watch", "WatchedGateway"]

T = TypeVar("T")


def _answered(_: object) -> Word:
    return "answered"


class Watch:
    """Watches the calls of a client and its views.

    Args:
        hooks: Are told.
        clock: Seconds that only go on.
        log: The library's own lines.
    """

    def __init__(self, hooks: Iterable[Hook], clock: Callable[[], float], log: Log) -> None:
        self._hooks = tuple(hooks)
        self._clock = clock
        self._log = log
        self._failed: set[int] = set()

    @property
    def is_on(self) -> bool:
        """Whether there is a hook."""
        return bool(self._hooks)

    def call(
        self, operation: OperationName, work: Coroutine[Any, Any, T], tells: Callable[[T], Word] = _answered
    ) -> Coroutine[Any, Any, T]:
        """Watch a call; the work itself where nobody watches.

        Args:
            operation: Its name.
            work: What it does.
            tells: Says how it ended, of what it returns. Not asked where a charge has landed.
        """
        return self._call(operation, work, tells) if self._hooks else work

    async def _call(self, operation: OperationName, work: Coroutine[Any, Any, T], tells: Callable[[T], Word]) -> T:
        course = Course(Call(operation))
        start, begun = self._clock(), self._begin(course.call)
        mark = under_way.set(course)
        try:
            result = await work
        except BaseException as error:
            self._end(course.call, begun, course.failed(error, self._clock() - start))
            raise
        else:
            self._end(course.call, begun, course.ended(tells(result), self._clock() - start))
            return result
        finally:
            # A call that is thrown away unfinished is ended wherever that happens.
            with suppress(ValueError):
                under_way.reset(mark)

    async def attempt(
        self, attempt: Attempt, course: Course, parcel: Parcel | None, work: Coroutine[Any, Any, Reply | Fault]
    ) -> Reply | Fault:
        """Watch an attempt.

        Args:
            attempt: What begins.
            course: The call that it belongs to.
            parcel: What it sends.
            work: Makes it.
        """
        start, begun = self._clock(), self._begin(attempt)
        try:
            reply = await work
        except BaseException as error:
            self._end_attempt(attempt, course, begun, attempt_failed(error, parcel, self._clock() - start))
            raise
        self._end_attempt(attempt, course, begun, attempt_ended(reply, parcel, self._clock() - start))
        return reply

    def _end_attempt(self, attempt: Attempt, course: Course, begun: list[tuple[Hook, Any]], ending: Ending) -> None:
        course.note(ending)
        self._end(attempt, begun, ending)

    def _begin(self, step: Call | Attempt) -> list[tuple[Hook, Any]]:
        begun: list[tuple[Hook, Any]] = []
        for hook in self._hooks:
            try:
                begun.append((hook, hook.begin(step)))
            except BaseException as fault:  # noqa: BLE001  # a hook decides nothing
                self._put_by(hook, fault)
        return begun

    def _end(self, step: Call | Attempt, begun: list[tuple[Hook, Any]], ending: Ending) -> None:
        for hook, context in reversed(begun):
            try:
                hook.end(step, context, ending)
            except BaseException as fault:  # noqa: BLE001  # a hook decides nothing
                self._put_by(hook, fault)

    def _put_by(self, hook: Hook, fault: BaseException) -> None:
        """Go on without what a hook raises. It awaits nothing: a cancel is its own, and none of the call's."""
        if isinstance(fault, KeyboardInterrupt | SystemExit):
            # Meant for the process. Raised here it would cut off a charge whose answer is there: the loop does it next.
            asyncio.get_running_loop().call_soon(_interrupt, fault)
        elif id(hook) not in self._failed:
            self._failed.add(id(hook))
            self._log.warning("hook.failed", hook=type(hook).__name__, fault=type(fault).__name__)


def _interrupt(fault: BaseException) -> NoReturn:
    raise fault


class WatchedGateway(Gateway):
    """A gateway whose attempts are watched.

    Args:
        watch: Watches them.
        given: As for `Gateway`.
    """

    def __init__(self, watch: Watch, *given: Any) -> None:
        super().__init__(*given)
        self._watch = watch
        self._place: SplitResult = urlsplit(self._base)

    async def post(self, path: str, parcel: Parcel) -> Reply | Fault:
        """See `Gateway.post`."""
        return await self._watched("POST", path, parcel, super().post(path, parcel))

    async def get(self, *path: str) -> Reply | Fault:
        """See `Gateway.get`."""
        return await self._watched("GET", _template(path), None, super().get(*path))

    async def change(self, parcel: Parcel, *path: str) -> Reply | Fault:
        """See `Gateway.change`."""
        return await self._watched("POST", _template(path), parcel, super().change(parcel, *path))

    async def _watched(
        self,
        method: Literal["GET", "POST"],
        template: str,
        parcel: Parcel | None,
        work: Coroutine[Any, Any, Reply | Fault],
    ) -> Reply | Fault:
        course = under_way.get()
        if course is None:
            return await work
        course.attempts += 1
        course.number += 1
        place, earlier = self._place, course.earlier_attempts
        attempt = Attempt(
            call=course.call,
            method=method,
            template=f"{place.path}/{template}",
            scheme=place.scheme,
            server_address=place.hostname or "",
            server_port=place.port or (443 if place.scheme == "https" else 80),
            number=course.number,
            ledger_number=None if earlier is None else earlier + course.number,
        )
        return await self._watch.attempt(attempt, course, parcel, work)


_IDS: Final = {"transaction/status": "{transaction_id}", "subscription": "{subscription_id}"}


def _template(path: tuple[str, ...]) -> str:
    """The parts of a path; the second one is an id, or `list`."""
    name, part, *rest = path
    return "/".join((name, part if part == "list" else _IDS[name], *rest))
