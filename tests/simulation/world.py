"""Runs a scenario: processes come and go, the network and the clocks do what they like, and all is noted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final

import aiohttp
import attrs
import orjson

from paymentoptions_async import (
    BatchPausedError,
    MemoryLedger,
    PaymentOptions,
    PaymentOptionsError,
    PurchaseRequest,
    Record,
    Resolution,
    RetryPolicy,
    Settings,
    State,
    Timeouts,
)
from paymentoptions_async.batch.result import ChargeResult
from paymentoptions_async.errors import WebhookRefusedError
from paymentoptions_async.ledger.rules import as_seen
from paymentoptions_async.runtime import Runtime
from paymentoptions_async.transport import retry
from paymentoptions_async.transport.pool import _Request

from ..helpers import request
from .bank import Answer, Bank, Transaction
from .checker import Checker
from .history import Call, History, Sending
from .loop import Process, VirtualLoop, outside
from .network import Connector, Request
from .script import NEVER_ARRIVES, TOTAL, Act, Decision, Kind, Scenario, Trouble
from .store import Access
from .workload import draw_trouble

__all__ = ["World", "run_scenario"]

_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LONG_AFTER: Final = 400.0
_LONGEST_WAIT: Final = 10.0
_SECRET: Final = "a secret of the simulation"


@attrs.define(eq=False)
class _Machine:
    """A place where one process runs at a time."""

    number: int
    lives: int = 0
    process: Process | None = None
    client: PaymentOptions | None = None
    session: aiohttp.ClientSession | None = None


class World:
    """Everything that a scenario happens in.

    Args:
        scenario: What is to happen.
        loop: Its time.
    """

    def __init__(self, scenario: Scenario, loop: VirtualLoop) -> None:
        self.scenario, self.loop = scenario, loop
        self.history = History()
        self.bank = Bank(scenario.duplicates)
        self.checker = Checker(scenario, self.history, self.bank, self._stored)
        self._rng = Random(scenario.seed ^ 0x5EED)
        self._jumped = self._furthest = 0.0
        self.file = MemoryLedger(clock=lambda: self._wall().timestamp())
        self._is_bad = True
        self._away_until = 0.0
        self._machines = [_Machine(number) for number in range(scenario.processes)]
        self._requests = {ref: _order(ref, "1000") for ref in scenario.references}
        self._others = {ref: _order(ref, "777") for ref in scenario.references}
        self._tokens = 0
        self._kept: list[object] = []

    def _wall(self) -> datetime:
        return _EPOCH + timedelta(seconds=self.loop.now + self._jumped)

    def _stored(self, reference: str) -> Record | None:
        record = self.file._records.get(reference)
        return as_seen(record, self._wall().timestamp()) if record is not None else None

    def _is_away(self) -> bool:
        return self.loop.now < self._away_until

    # --- the gateway, as the network sees it ---

    def trouble(self) -> Trouble:
        """See `network.Gateway`."""
        return draw_trouble(self._rng, self.scenario.trouble if self._is_bad else 0.0)

    def begun(self, process: Process, body: bytes, trouble: Trouble) -> Sending | None:
        """See `network.Gateway`."""
        if not body:
            return None
        sending = Sending(orjson.loads(body)["merchant_txn_ref"], process.name, self.loop.now)
        sending.is_lost = trouble.way in NEVER_ARRIVES
        self.history.sendings.append(sending)
        self.checker.on_sending(sending)
        return sending

    def arrived(self, note: Sending | None, request: Request, trouble: Trouble) -> Answer | None:
        """See `network.Gateway`."""
        if note is None or request.body is None:
            return self.bank.status(request.path.rpartition("/")[2])
        answer, one = self.bank.charge(request.body, trouble.decision)
        note.arrived_at, note.decision = self.loop.now, trouble.decision
        if one is not None:
            note.transaction_id, note.moved = one.id, one.moved
            self._tell_by_itself(one)
        else:
            note.is_duplicate = b"94" in answer.body
        self.checker.on_decision(note)
        return answer

    def told(self, note: Sending | None) -> None:
        """See `network.Gateway`."""
        if note is not None:
            note.told_at = self.loop.now

    # --- webhooks ---

    def _tell_by_itself(self, one: Transaction) -> None:
        if self.scenario.webhooks and not one.is_open:
            for _ in range(self._rng.choice((1, 1, 2, 3))):
                self._outside(self._rng.random() * 8, self._deliver(one))

    def _outside(self, seconds: float, work: Coroutine[Any, Any, None]) -> None:
        outside().run(self.loop.call_later, seconds, lambda: self.loop.create_task(work))

    async def _deliver(self, one: Transaction) -> None:
        """To whatever process is there then, and again if it is not taken."""
        url = one.body["return_url"]["webhook_url"]
        for _ in range(6):
            machine = self._rng.choice(self._machines)
            if machine.client is not None and machine.process is not None:
                work = _taken(machine.client, url.rpartition("/")[2], self.bank.told(one))
                if await self._answered(machine.process, work):
                    self.history.settled_at.setdefault(one.reference, self.loop.now)
                    return
            await asyncio.sleep(2.0)

    async def _answered(self, process: Process, work: Coroutine[Any, Any, bool]) -> bool:
        """Whether a process has answered, seen from outside of it."""
        answer: asyncio.Future[bool] = self.loop.create_future()

        async def serve() -> None:
            try:
                told = await work
            except Exception as fault:  # noqa: BLE001  # nobody would ever hear of it
                self.checker.failures.append(f"{process.name}: {fault!r}")
                told = False
            if not answer.done():
                answer.set_result(told)

        if not process.is_alive:
            work.close()
            return False
        self.loop.start(process, serve())
        try:
            async with asyncio.timeout(20):
                return await answer
        except TimeoutError:
            return False

    # --- processes ---

    def _runtime(self) -> Runtime:
        return Runtime(
            sleep=asyncio.sleep, random=self._rng.random, now=self._wall, clock=self.loop.time, token=self._token
        )

    def _token(self) -> str:
        self._tokens += 1
        return f"token {self._tokens}"

    async def _boot(self, machine: _Machine) -> None:
        machine.lives += 1
        process = machine.process = Process(f"p{machine.number}.{machine.lives}")

        async def begin() -> None:
            machine.session = aiohttp.ClientSession(
                connector=Connector(self.loop, self), cookie_jar=aiohttp.DummyCookieJar(), request_class=_Request
            )
            told = self.scenario
            trouble, slow = (told.store_trouble, told.store_slow) if self._is_bad else (0.0, 0.0)
            ledger = Access(self.file, self._rng, self.history, self._is_away, trouble, slow)
            machine.client = PaymentOptions(
                _settings(self.scenario.repeats), ledger=ledger, session=machine.session, runtime=self._runtime()
            )
            # A killed process closes nothing, and nothing of it may be collected, since that would run its `finally`.
            self._kept += [machine.session, machine.client]

        await self.loop.start(process, begin())

    async def _close(self, machine: _Machine) -> bool:
        client, machine.client = machine.client, None
        if client is None or machine.process is None or not machine.process.is_alive:
            return True
        session, process = machine.session, machine.process

        async def end() -> bool:
            await client.close()
            if session is not None:
                await session.close()
            return True

        return await self._answered(process, end())

    # --- acts ---

    async def run(self) -> None:
        """From the first act to the last check."""
        for machine in self._machines:
            await self._boot(machine)
        acting = []
        for act in self.scenario.acts:
            if act.at > self.loop.now:
                await asyncio.sleep(act.at - self.loop.now)
            acting.append(self.loop.create_task(self._act(act)))
        await asyncio.gather(*acting)
        await self._recover()

    async def _act(self, act: Act) -> None:
        machine = self._machines[act.process]
        match act.kind:
            case Kind.KILL:
                await self._kill(machine, act.seconds)
            case Kind.FREEZE:
                self._freeze(machine, act.seconds)
            case Kind.CLOSE:
                if machine.process is not None:
                    self.history.gone.add(machine.process.name)
                await self._close(machine)
                await self._boot(machine)
            case Kind.JUMP:
                self._jumped += act.seconds
                self._furthest = max(self._furthest, self._jumped)
                self.history.clocks_are_true = False
            case Kind.PAYER:
                self._answer_challenges(act)
            case Kind.OUTAGE:
                self._away_until = max(self._away_until, self.loop.now + act.seconds)
            case Kind.PERSON:
                if self._is_quiet(act.reference):
                    await self._look(act.reference)
            case Kind.BATCH:
                self._batch(machine)
            case _:
                self._call(machine, act)

    async def _kill(self, machine: _Machine, seconds: float) -> None:
        process, machine.process, machine.client = machine.process, None, None
        if process is not None:
            self.history.killed.add(process.name)
            self.history.gone.add(process.name)
            self.loop.kill(process)
            await asyncio.sleep(seconds)
            if machine.process is None:
                await self._boot(machine)

    def _freeze(self, machine: _Machine, seconds: float) -> None:
        if machine.process is not None:
            self.loop.freeze(machine.process, seconds)
            for call in self.history.calls:
                call.was_frozen |= call.process == machine.process.name and call.ended is None

    def _answer_challenges(self, act: Act) -> None:
        for one in self.bank.of[act.reference]:
            if one.is_open:
                self.bank.answer_challenge(one, says_yes=act.says_yes)
                self.checker.on_payer(one)
                self._tell_by_itself(one)

    def _call(self, machine: _Machine, act: Act) -> None:
        client, process = machine.client, machine.process
        if client is None or process is None or not process.is_alive:
            return
        call = Call(act.reference, process.name, self.loop.now, is_charge=act.kind in (Kind.PURCHASE, Kind.OTHER))
        call.was_frozen = process.is_frozen
        call.asked = 777 if act.kind is Kind.OTHER else 1000
        task = self.loop.start(process, self._watched(call, self._made(client, act)))
        self.history.calls.append(call)
        if act.kind is Kind.WAIT:
            call.limit = TOTAL + min(act.seconds, _LONGEST_WAIT)
        elif call.is_charge and act.seconds:
            self.loop.call_later(act.seconds, self._cancel, task, call)
            task.add_done_callback(lambda _: self._end_unbegun(call))

    def _cancel(self, task: asyncio.Task[Any], call: Call) -> None:
        if not task.done():
            call.was_cancelled = True
            task.cancel()

    def _end_unbegun(self, call: Call) -> None:
        """A cancel may come before the first step."""
        if call.ended is None:
            call.ended, call.result = self.loop.now, asyncio.CancelledError()

    def _made(self, client: PaymentOptions, act: Act) -> Awaitable[Any]:
        match act.kind:
            case Kind.PURCHASE:
                return client.payments.purchase(self._addressed(client, self._requests[act.reference]))
            case Kind.OTHER:
                return client.payments.purchase(self._addressed(client, self._others[act.reference]))
            case Kind.RECONCILE:
                return client.payments.reconcile(act.reference)
            case _:
                return client.payments.wait(act.reference, timeout=min(act.seconds, _LONGEST_WAIT))

    def _addressed(self, client: PaymentOptions, order: PurchaseRequest) -> PurchaseRequest:
        url = client.webhooks.url("https://shop.example/hooks", order.merchant_txn_ref)
        return attrs.evolve(order, return_url=attrs.evolve(order.return_url, webhook_url=url))

    async def _watched(self, call: Call, work: Awaitable[Any]) -> None:
        try:
            call.result = await work
        except BaseException as ending:  # noqa: BLE001  # the checker knows which may come
            call.result = ending
        call.ended = self.loop.now
        self.checker.on_end(call)

    def _batch(self, machine: _Machine) -> None:
        client, process = machine.client, machine.process
        if client is None or process is None or not process.is_alive:
            return
        orders = [self._addressed(client, order) for order in self._requests.values()]
        self.loop.start(process, self._charged(process, client, orders))

    async def _charged(self, process: Process, client: PaymentOptions, orders: list[PurchaseRequest]) -> None:
        calls = {
            order.merchant_txn_ref: Call(order.merchant_txn_ref, process.name, self.loop.now, is_batched=True)
            for order in orders
        }
        self.history.calls += calls.values()
        try:
            async for result in client.charge_many(orders, concurrency=self._rng.choice((1, 2, 8, None))):
                self._note_result(calls.pop(result.merchant_txn_ref, None), result)
        except BatchPausedError:
            pass  # and says why
        except BaseException as fault:  # noqa: BLE001  # nobody would ever hear of it
            self.checker.failures.append(f"the batch of {process.name}: {fault!r}")
        else:
            if calls:
                self.checker.failures.append(f"the batch of {process.name} gave no result for {list(calls)}")
        for call in calls.values():
            call.ended, call.was_cancelled = self.loop.now, True

    def _note_result(self, call: Call | None, result: ChargeResult) -> None:
        if call is None:
            self.checker.failures.append(f"a batch gave two results for {result.merchant_txn_ref}")
            return
        call.ended, call.result = self.loop.now, result.error or result.payment or result.challenge
        self.checker.on_end(call)

    # --- how it ends ---

    async def _recover(self) -> None:
        """All is well again, every lease has run out, and what can be asked for is asked for."""
        self._is_bad = False
        await asyncio.sleep(_LONG_AFTER)
        self._jumped = 0.0
        self.history.clocks_are_true = True
        for machine in self._machines:
            assert await self._close(machine), f"{machine.process} was never closed"
        self.checker.after_all_calls()
        # A lease that was written while the clock was ahead ends by the clock that is right again.
        await asyncio.sleep(_LONG_AFTER + self._furthest)
        machine = self._machines[0]
        await self._boot(machine)
        assert machine.client is not None
        assert machine.process is not None
        await self.checker.before_recovery(self.file)
        for reference in self.scenario.references:
            await self._answered(machine.process, _settled(machine.client, reference))
            await self._look(reference)
        await self.checker.after_recovery(self.file)
        sent = len(self.history.sendings)
        for reference in self.scenario.references:
            await self._asked_again(machine.process, machine.client, reference)
        self.checker.at_the_end(sent)
        await self._close(machine)

    def _is_quiet(self, reference: str) -> bool:
        """Whether nothing of it is under way any more, wherever."""
        dead = {process.name for process in self.loop.graves}
        calls = (call for call in self.history.calls if call.reference == reference)
        is_over = all(call.ended is not None or call.process in dead for call in calls)
        sent = self.history.of(reference)
        return is_over and all(one.is_lost or one.decision is not None for one in sent)

    async def _look(self, reference: str) -> None:
        """A person looks into the portal, and settles what nobody else could."""
        record = await self.file.find(reference)
        if record is None or record.outcome.state is not State.UNKNOWN or record.mark is not None:
            return
        booked = self.bank.of[reference]
        told = {"by": "Jo", "reason": "the portal"}
        moved = [one for one in booked if one.is_moved]
        if any(one.is_open or (one.is_moved and one.decision is Decision.PARTIAL) for one in booked):
            return  # the payer is still asked, or it moved in part: no person can resolve that as what it is
        if moved:
            resolution = Resolution.paid(transaction_id=moved[0].id, **told)
        elif booked:
            resolution = Resolution.declined(**told)
        else:
            resolution = Resolution.not_charged(**told)
            self.history.cleared_at[reference] = self.loop.now
        await self.file.resolve(reference, resolution)

    async def _asked_again(self, process: Process, client: PaymentOptions, reference: str) -> None:
        record = await self.file.find(reference)
        if record is None or record.outcome.state is State.REFUSED:
            return
        call = Call(reference, process.name, self.loop.now, asked=int(record.intent.amount))
        await self._answered(process, self._watched_again(call, client, record.intent.amount))
        self.checker.on_repeated(call)

    async def _watched_again(self, call: Call, client: PaymentOptions, amount: str) -> bool:
        order = self._requests[call.reference] if amount == "1000" else self._others[call.reference]
        await self._watched(call, client.payments.purchase(self._addressed(client, order)))
        return True


# Values that never change are the same for all seeds: to make them anew would cost as much as to charge.


@cache
def _order(reference: str, amount: str) -> PurchaseRequest:
    return request(reference, amount=amount)


@cache
def _settings(repeats: bool) -> Settings:
    return Settings(
        api_key="key", x_api_key="x", merchant_id="m", base_url="http://127.0.0.1:1",
        timeouts=Timeouts(total=TOTAL, connect=2.0, read=3.0),
        retry=RetryPolicy(max_attempts=3, base=0.1, cap=1.0, repeat_after_send=repeats),
        ledger_secret=_SECRET, webhook_secret=_SECRET, log_level="critical",
    )  # fmt: skip


async def _taken(client: PaymentOptions, token: str, body: bytes) -> bool:
    try:
        await client.webhooks.receive(token=token, body=body)
    except WebhookRefusedError as refused:
        return refused.status != 503
    return True


async def _settled(client: PaymentOptions, reference: str) -> bool:
    try:
        await client.payments.reconcile(reference)
    except PaymentOptionsError:
        return False
    return True


def run_scenario(scenario: Scenario, watch: Callable[[World], None] = lambda _world: None) -> World:
    """Run it from beginning to end.

    Raises:
        AssertionError: Something that must hold does not.
    """
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    world = World(scenario, loop)
    # A scenario is too short to use up what a client really has.
    retry._BUDGET = scenario.budget  # type: ignore[misc]
    watch(world)
    outside().run(loop.run_until_complete, world.run())
    assert not loop.faults + world.checker.failures, "\n".join(loop.faults + world.checker.failures)
    return world
