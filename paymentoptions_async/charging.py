"""The way of one charge: claim, send, judge, finish.

This is the idempotency layer, since the gateway has none (gateway/API.md, "What decides the idempotency design"). What
it keeps:

* Nothing is sent before the ledger has given the right to send.
* Callers with one reference share one flight, as long as it is in the air in this process.
* Whatever ends a flight - an answer, a fault, the deadline, a cancel, a bug - is written down before it goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from traceback import extract_tb
from typing import Any, Final, TypeVar

import attrs

from .course import under_way
from .delivery import Landing, deliver
from .errors import LedgerError, NotSentError, PaymentOptionsError, ReferenceConflictError, ReferenceInUseError
from .flights import Flight, Flights
from .ledger.base import Claim, Ledger
from .logs import Log
from .models.follow_up_request import FollowUpRequest
from .models.hosted_page import HostedPageRequest
from .models.outcome import Outcome, Refusal, State
from .models.purchase_request import PurchaseRequest
from .models.transaction import Transaction
from .operations import Operation
from .orders import Order, Orders
from .pauses import listener
from .recording import Recorder
from .redaction import in_flight
from .runtime import Runtime
from .settings import Settings
from .transport.gateway import Gateway
from .transport.parcel import Parcel
from .transport.retry import RetryBudget, is_repeatable, is_unsent, retrying
from .verdict import Judged, judge, settle

__all__ = ["Charging"]

T = TypeVar("T", bound=Transaction)
W = TypeVar("W")

# A holder that is frozen for this long after its deadline counts as dead.
_LEASE_MARGIN: Final = 30.0


@attrs.define
class _Trip:
    """The attempts of one claim."""

    order: Order
    claim: Claim | None = None
    attempts: list[Judged] = attrs.field(factory=list)
    parcel: Parcel | None = None
    send_until: datetime | None = None
    told: Landing | None = None

    def cut(self, why: str) -> Landing:
        """How it ends where it is ended from outside."""
        if self.parcel is not None:
            self.add(Judged(_interrupted(why) if self.parcel.sent else _not_sent(why)))
        if not self.attempts:
            return Landing(_not_sent(why)._replace(attempts=self.earlier_attempts))
        return self.landing()

    @property
    def earlier_attempts(self) -> int:
        return self.claim.attempts if self.claim is not None else 0

    def add(self, judged: Judged) -> None:
        self.parcel = None
        self.attempts.append(judged)

    def landing(self) -> Landing:
        outcome = settle([attempt.outcome for attempt in self.attempts], self.earlier_attempts)
        return Landing(outcome, False, self.attempts[-1].answer)


def _interrupted(why: str) -> Outcome:
    return Outcome(state=State.UNKNOWN, evidence=(f"sent, then {why}",), lost=True)


def _not_sent(why: str) -> Outcome:
    return Outcome(state=State.REFUSED, refusal=Refusal.NOT_SENT, evidence=(f"not sent: {why}",))


class Charging:
    """Charges, by one client's settings.

    Args:
        settings: What the client was told.
        gateway: Makes one attempt.
        ledger: Gives the right to send, and remembers.
        recorder: Tells it what became of that.
        flights: The charges in the air of this client and its views.
        budget: Their common budget of retries.
        log: The library's own lines.
        runtime: Sleep, chance and time.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        gateway: Gateway,
        ledger: Ledger,
        recorder: Recorder,
        flights: Flights,
        budget: RetryBudget,
        log: Log,
        runtime: Runtime,
    ) -> None:
        self._settings = settings
        self._gateway = gateway
        self._ledger = ledger
        self._recorder = recorder
        self._flights = flights
        self._budget = budget
        self._log = log
        self._runtime = runtime
        self._orders = Orders(settings)

    async def charge(self, operation: Operation[T, W], request: PurchaseRequest) -> T | W:
        """Charge or reserve once, whatever happens.

        Raises:
            PaymentOptionsError: Its type says what happened to the money.
        """
        request.check()
        with in_flight(request.card.number if request.card else None):
            landed: T | W = await self._carry_out(self._orders.purchase(operation, request))
        return landed

    async def open_page(self, operation: Operation[T, W], request: HostedPageRequest) -> T | W:
        """Have a page made on which the payer pays, once; likewise."""
        request.check()
        landed: T | W = await self._carry_out(self._orders.hosted_page(operation, request))
        return landed

    async def follow_up(self, operation: Operation[T, W], request: FollowUpRequest, operation_key: str) -> T | W:
        """Capture, void or refund once; likewise. The key is to it what a reference is to a charge."""
        request.check()
        landed: T | W = await self._carry_out(self._orders.follow_up(operation, request, operation_key))
        return landed

    async def _carry_out(self, order: Order) -> Any:
        deadline = asyncio.get_running_loop().time() + self._settings.timeouts.total
        landing = await self._share(order, deadline)
        self._tell(landing, order)
        return deliver(landing, order.intent)

    async def _share(self, order: Order, deadline: float) -> Landing:
        reference = order.reference
        while flight := self._flights.get(reference):
            # It was begun before a close, so that it is shared after it: "closed" would say that nothing is charged.
            self._gateway.stay()
            _same(flight.fingerprint, order)
            if (landing := await self._wait(flight, reference, deadline)) is not None:
                return landing
        self._gateway.check()
        if owed := self._recorder.owed(reference):
            _same(owed.fingerprint, order)
            return Landing(owed.outcome, replayed=True, recorded=False)
        return await self._fly(order, reference, deadline)

    async def _wait(self, flight: Flight, reference: str, deadline: float) -> Landing | None:
        try:
            async with asyncio.timeout_at(deadline):
                return await flight.landing()
        except TimeoutError:
            raise ReferenceInUseError(
                "this merchant_txn_ref is still being charged by an earlier call", merchant_txn_ref=reference
            ) from None

    async def _fly(self, order: Order, reference: str, deadline: float) -> Landing:
        flight = self._flights[reference] = Flight(order.intent.fingerprint)
        trip = _Trip(order)
        landing: Landing | None = None
        try:
            landing = await self._travel(trip, deadline)
            return landing
        finally:
            del self._flights[reference]
            flight.land(ended := landing or _abandoned(trip))
            _note(ended)

    async def _travel(self, trip: _Trip, deadline: float) -> Landing:
        landing: Landing | None = None
        try:
            landing = await self._until_deadline(trip, deadline)
            landing = await self._finish(trip, landing)
        except BaseException as ending:
            if trip.claim is None:
                if not isinstance(ending, Exception):
                    ending.add_note(f"{trip.order.reference}: refused, nothing was sent")
                raise
            # A cancel, or a bug below: what is known is written down before it goes on.
            if landing is None:
                landing = await self._finish(trip, trip.cut(type(ending).__name__))
            if self._recorder.owed(trip.claim.merchant_txn_ref):
                landing = landing._replace(recorded=False)
            trip.told = landing
            ending.add_note(
                f"{trip.claim.merchant_txn_ref}: {landing.outcome.state}, {'; '.join(landing.outcome.evidence)}"
            )
            if not isinstance(ending, Exception) or landing.outcome.state is State.REFUSED:
                self._tell(landing, trip.order)
                raise
            # Not even a bug leaves the caller in doubt about the money: it becomes the outcome that it has caused.
            self._log.error("charge.bug", fault=type(ending).__name__, where=str(extract_tb(ending.__traceback__)[-1]))
        return landing

    async def _until_deadline(self, trip: _Trip, deadline: float) -> Landing:
        """Claim and send. What the deadline cuts off is told by what was seen until then."""
        try:
            async with asyncio.timeout_at(deadline):
                trip.send_until = self._runtime.now() + timedelta(seconds=self._settings.timeouts.total)
                claim = await self._claim(trip.order)
                if isinstance(claim, Outcome):
                    return Landing(claim, replayed=True, recorded=not claim.contradicted)
                trip.claim = claim._replace(intent=trip.order.intent)
                if (course := under_way.get()) is not None:
                    course.earlier_attempts = claim.attempts
                if asyncio.get_running_loop().time() < deadline:
                    await self._send(trip, deadline)
        except TimeoutError:
            pass
        else:
            if trip.attempts:
                return trip.landing()
        return trip.cut(f"the deadline of {self._settings.timeouts.total:g} s passed")

    async def _claim(self, order: Order) -> Claim | Outcome:
        token, lease = self._runtime.token(), self._settings.timeouts.total + _LEASE_MARGIN
        reference = order.reference
        try:
            return await self._ledger.claim(order.intent, token=token, lease=lease)
        except asyncio.CancelledError:
            # By the caller, or by the deadline. The right may have been given all the same.
            await self._recorder.release(Claim(reference, token, intent=order.intent))
            raise
        except LedgerError as fault:
            why = str(fault)
        except PaymentOptionsError:
            raise
        except Exception as fault:  # noqa: BLE001  # whatever a store raises: without its word nothing is sent
            why = f"the ledger did not answer: {type(fault).__name__}"
        raise NotSentError(f"nothing was sent: {why}", merchant_txn_ref=reference, evidence=(why,))

    async def _finish(self, trip: _Trip, landing: Landing) -> Landing:
        if trip.claim is None or landing.replayed:
            return landing
        told = await self._recorder.record(trip.claim, landing.outcome, trip.order.intent.fingerprint)
        if told is None:
            return landing._replace(recorded=False)
        return landing if told is landing.outcome else Landing(told)

    async def _send(self, trip: _Trip, deadline: float) -> None:
        loop = asyncio.get_running_loop()
        await retrying(
            lambda: self._attempt(trip),
            repeats=self._repeats(trip.order),
            policy=self._settings.retry,
            budget=self._budget,
            seconds_left=lambda: deadline - loop.time(),
            sleep=self._runtime.sleep,
            random=self._runtime.random,
            before_retry=lambda outcome, pause: self._tell_retry(trip, outcome, pause),
        )

    def _repeats(self, order: Order) -> Callable[[Outcome], bool]:
        if order.operation.is_follow_up:
            return is_unsent
        return lambda outcome: is_repeatable(outcome, self._settings.retry)

    async def _attempt(self, trip: _Trip) -> Outcome:
        if self._is_late(trip):
            raise TimeoutError
        # Once more when the first byte would leave: until then it may have waited for a connection.
        trip.parcel = parcel = Parcel(trip.order.body, lambda: self._is_late(trip))
        reply = await self._gateway.post(trip.order.intent.operation, parcel)
        judged = judge(reply, trip.order.asked)
        trip.add(judged)
        return judged.outcome

    def _is_late(self, trip: _Trip) -> bool:
        """The loop's clock stands still while the machine sleeps, a lease does not.

        Somebody may have given this charge up meanwhile, and made it anew.
        """
        return trip.send_until is not None and self._runtime.now() > trip.send_until

    # --- the library's own lines ---

    def _tell(self, landing: Landing, order: Order) -> None:
        _note(landing)
        outcome = landing.outcome
        if outcome.state in (State.UNKNOWN, State.PARTIAL):
            write = self._log.error
        elif outcome.state is State.REFUSED:
            write = self._log.warning
        elif self._log.tells_info:
            write = self._log.info
        else:
            return
        write(
            f"charge.{outcome.state}",
            merchant_txn_ref=order.reference,
            operation=order.operation.path,
            attempts=outcome.attempts,
            status=outcome.status,
            response_code=outcome.response_code,
            evidence=outcome.evidence,
            replayed=landing.replayed,
            recorded=landing.recorded,
        )

    def _tell_retry(self, trip: _Trip, outcome: Outcome, pause: float) -> None:
        if (hear := listener.get()) is not None:
            hear(outcome)
        self._log.warning(
            "charge.retry",
            merchant_txn_ref=trip.order.reference,
            operation=trip.order.operation.path,
            attempt=trip.earlier_attempts + len(trip.attempts),
            evidence=outcome.evidence,
            pause_seconds=round(pause, 3),
        )


def _note(landing: Landing | None) -> None:
    if landing is not None and (course := under_way.get()) is not None:
        course.land(landing.outcome, replayed=landing.replayed, recorded=landing.recorded)


def _same(fingerprint: bytes, order: Order) -> None:
    if fingerprint not in (order.intent.fingerprint, *order.intent.former_fingerprints):
        raise ReferenceConflictError(
            "this merchant_txn_ref is being used for another charge", merchant_txn_ref=order.reference
        )


def _abandoned(trip: _Trip) -> Landing | None:
    """For those who wait for a flight whose owner was cancelled: the doubt, or the way free."""
    landing = trip.told
    if landing is None and trip.attempts:
        # A second cancel broke through the writing.
        landing = trip.landing()._replace(recorded=False)
    if landing is None:
        return None
    return None if landing.outcome.state is State.REFUSED else landing
