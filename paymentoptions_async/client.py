"""The client: it owns settings, connections and ledger, and hands out the resources."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, Literal, Self

import aiohttp
import attrs

from .asking import Asking
from .batch.breaker import Breaker
from .batch.runner import Batch, Requests, charge_many
from .bell import Bell
from .charging import Charging
from .errors import ConfigurationError
from .flights import Flights, landed
from .hooks import Hook
from .inquiring import Inquiring
from .ledger import Ledger, MemoryLedger
from .logs import Log
from .models.challenge import Challenge
from .models.codes import response_codes
from .models.payment import Payment
from .models.purchase_request import PurchaseRequest
from .models.wire import prepare
from .reconciling import Reconciling
from .recording import Recorder
from .redaction import redact_text
from .resources.hosted_pages import HostedPages
from .resources.payments import Payments
from .resources.subscriptions import Subscriptions
from .runtime import Runtime
from .settings import Settings
from .transport.gateway import Gateway
from .transport.pool import Pool
from .transport.retry import RetryBudget
from .waiting import Waiting
from .watching import Watch, WatchedGateway
from .webhooks.receiver import Signature, Webhooks
from .webhooks.tokens import Tokens

__all__ = ["PaymentOptions"]

# Seconds that a charge which was cut off is given to write that down.
_PATIENCE: Final = 5.0


@attrs.frozen
class _Shared:
    """What a client and its views have in common."""

    pool: Pool
    ledger: Ledger
    recorder: Recorder
    runtime: Runtime
    signature: Signature | None
    watch: Watch
    flights: Flights = attrs.field(factory=dict)
    budget: RetryBudget = attrs.field(factory=RetryBudget)
    bell: Bell = attrs.field(factory=Bell)


def _warm_up() -> None:
    """Load what takes tens of milliseconds: now, and neither at the package's import nor during a call."""
    import structlog  # noqa: F401
    import tenacity  # noqa: F401

    response_codes()
    prepare(PurchaseRequest)
    # A test card, a pair and a quoted sign: the patterns for them are made when they are first needed.
    redact_text("4111111111111111 a=b%20")


class PaymentOptions:
    """A client of the PaymentOptions gateway.

    One for the life of the application, used inside one event loop::

        async with PaymentOptions(settings) as client:
            payment = await client.payments.purchase(request)

    Args:
        settings: Who you are, where the gateway is, how patient to be.
        ledger: Remembers what was charged. The default lives as long as this client: it keeps calls of this process
            apart, and forgets everything at a restart.
        session: An aiohttp session of yours, for a proxy or certificates of your own. It is not closed here.
        webhook_signature: Checks the signature of a webhook, should the vendor have told you of one: takes the headers
            (by their names in lower case) and the bytes, and tells whether it fits. The vendor has published none.
        hooks: Are told when a call or an attempt begins, and how it ends.
        runtime: Sleep, chance and time, for tests.

    Attributes:
        payments: Card payments.
        subscriptions: Charges that the gateway repeats.
        hosted_pages: Pages of the gateway's on which the payer pays.
        webhooks: Takes what the gateway tells by itself.
        ledger: What it remembers by.
        settings: What it was told.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger | None = None,
        session: aiohttp.ClientSession | None = None,
        webhook_signature: Signature | None = None,
        hooks: Iterable[Hook] = (),
        runtime: Runtime | None = None,
    ) -> None:
        _warm_up()
        runtime = Runtime() if runtime is None else runtime
        # Asked for None and not for truth: an empty ledger may well be false.
        ledger = MemoryLedger() if ledger is None else ledger
        log = Log(settings.log_level)
        recorder = Recorder(ledger, log, sleep=runtime.sleep, random=runtime.random)
        watch = Watch(hooks, runtime.clock, log)
        shared = _Shared(Pool(settings.max_connections, session), ledger, recorder, runtime, webhook_signature, watch)
        self._open(settings, shared, owner=True)

    def _open(self, settings: Settings, shared: _Shared, *, owner: bool) -> None:
        if not isinstance(shared.ledger, MemoryLedger) and settings.ledger_secret is None:
            # With a key of this process, a charge of an earlier one would look like another charge.
            raise ConfigurationError(
                "ledger_secret: needed with a ledger that outlives the process (PAYMENTOPTIONS_LEDGER_SECRET)"
            )
        self.settings = settings
        self._shared = shared
        self._is_owner = owner
        self.ledger = shared.ledger
        watch, told = shared.watch, (settings, shared.pool, shared.runtime.now)
        gateway = WatchedGateway(watch, *told) if watch.is_on else Gateway(*told)
        charging = Charging(
            settings=settings,
            gateway=gateway,
            ledger=shared.ledger,
            recorder=shared.recorder,
            flights=shared.flights,
            budget=shared.budget,
            log=Log(settings.log_level),
            runtime=shared.runtime,
        )
        asking = Asking(settings=settings, budget=shared.budget, runtime=shared.runtime)
        reconciling = Reconciling(gateway=gateway, ledger=shared.ledger, asking=asking, bell=shared.bell)
        inquiring = Inquiring(gateway=gateway, asking=asking)
        self.payments = Payments(charging, reconciling, Waiting(reconciling, shared.bell), inquiring, watch)
        self.subscriptions = Subscriptions(charging, inquiring, watch)
        self.hosted_pages = HostedPages(charging, watch)
        self.webhooks = Webhooks(
            tokens=Tokens(settings),
            ledger=shared.ledger,
            reconciling=reconciling,
            inquiring=inquiring,
            signature=shared.signature,
            watch=watch,
            log=Log(settings.log_level),
        )

    @classmethod
    def from_env(cls, **kwargs: Any) -> Self:
        """A client with the settings of the environment (`Settings.from_env`); `kwargs` go to the constructor.

        Raises:
            ConfigurationError: A variable is missing or wrong.
        """
        return cls(Settings.from_env(), **kwargs)

    def with_options(self, **changes: Any) -> Self:
        """A view of this client with some settings changed. Connections, ledger and retry budget are shared.

        Args:
            changes: Members of `Settings`, such as `timeouts`.

        Raises:
            ConfigurationError: A change is wrong.
        """
        if "max_connections" in changes:
            raise ConfigurationError("max_connections: of a client, not of its views: they share its connections")
        view = object.__new__(type(self))
        view._open(attrs.evolve(self.settings, **changes), self._shared, owner=False)
        return view

    def charge_many(
        self,
        requests: Requests,
        concurrency: int | None = None,
        *,
        version: Literal[1, 2] = 1,
        rate: float | None = None,
        ceiling: int = 256,
        breaker: Breaker | None = None,
    ) -> Batch:
        """Charge many at a time, each as `payments.purchase` does.

        ::

            async with client.charge_many(requests) as batch:
                async for result in batch:
                    print(result.merchant_txn_ref, result.outcome)

        Args:
            requests: Any iterable or async iterable. It is pulled one by one, when the next charge can begin.
            concurrency: How many at a time. `None` finds out how many the gateway bears, and follows it.
            version: As for `payments.purchase`.
            rate: How many may begin in a second.
            ceiling: The most that `concurrency=None` comes to; more than the settings' `max_connections` never help.
            breaker: Says when to pause; the default one does so where every further charge would fail as well.

        Returns:
            An async iterator of results, in the order of their coming. Nothing is sent before the first is asked for.

        Raises:
            ValueError: A number that makes no sense.
        """

        async def purchase(request: PurchaseRequest) -> Payment | Challenge:
            return await self.payments.purchase(request, version=version)

        return charge_many(
            purchase,
            requests,
            concurrency=concurrency,
            rate=rate,
            ceiling=min(ceiling, self.settings.max_connections),
            breaker=breaker,
            runtime=self._shared.runtime,
        )

    def owes(self, merchant_txn_ref: str) -> bool:
        """Whether the ledger could not be told yet what became of a charge, so that only this client knows it.

        Args:
            merchant_txn_ref: Its reference.
        """
        return self._shared.recorder.owed(merchant_txn_ref) is not None

    async def close(self, *, grace: float | None = None) -> None:
        """Let the charges that are under way end, close the connections, and have the ledger told what it lacks.

        From now on no call begins. A charge that was begun goes on, whoever waits for it or nobody, and a call with its
        reference shares it. One that is cut off ends in an error that says what happened to the money, and the ledger
        says so too. A view leaves all this to its client; the ledger itself is closed by whoever opened it.

        Args:
            grace: After so many seconds, charges are cut off. `None`: they have until their own deadlines
                (`Timeouts.total`). A cancel of this call cuts them off at once, and goes on when that is written down.
                In a session of yours nothing is cut off.

        Raises:
            ConfigurationError: The client belongs to another event loop or process. Nothing was closed.
        """
        if not self._is_owner:
            return
        shared = self._shared
        shared.pool.shut()
        try:
            await landed(shared.flights, grace)
        finally:
            await shared.pool.close()
            await landed(shared.flights, _PATIENCE)
            await shared.recorder.close()

    async def __aenter__(self) -> Self:
        self._shared.pool.check()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<PaymentOptions at {self.settings.base_url}>"

    def __del__(self) -> None:
        if getattr(self, "_is_owner", False):
            self._shared.pool.warn_if_open(self)
