"""`client.webhooks`: free of frameworks, bytes and headers in, an event out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from traceback import walk_tb
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ..errors import ConfigurationError, LedgerError, OutcomeUnknownError, PaymentOptionsError, WebhookRefusedError
from ..inquiring import Inquiring
from ..ledger.base import Ledger, Mark, Record
from ..ledger.resolution import Resolution
from ..logs import Log
from ..models.transaction_status import TransactionStatus
from ..reconciling import AnotherChargeError, LaterStepError, Reconciling, tells_a_later_code
from ..watching import Watch
from .delivery import Delivery, is_known, read_delivery
from .event import Effect, WebhookEvent
from .tokens import Tokens

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["OnEvent", "Signature", "Webhooks"]

Signature = Callable[[Mapping[str, str], bytes], bool]
"""Takes a delivery's headers, by their names in lower case, and its bytes; tells whether the gateway signed them."""

OnEvent = Callable[[WebhookEvent], Awaitable[None]]
"""Told of every delivery that was believed, repeated ones included."""


class Webhooks:
    """Takes the gateway's webhooks, and believes nothing but what the gateway confirms.

    The gateway publishes no signature, no order and no schedule (gateway/API.md, "Webhooks"). So each payment's address
    holds a token of its own, made by `url`, and a delivery is only a reason to ask the gateway for the status.

    Args:
        tokens: Makes and checks them.
        ledger: Remembers.
        reconciling: Asks, and settles a charge.
        inquiring: Asks.
        signature: Checks the vendor's signature, should you have been told of one.
        watch: Watches the deliveries.
        log: The library's own lines.
    """

    def __init__(
        self,
        *,
        tokens: Tokens,
        ledger: Ledger,
        reconciling: Reconciling,
        inquiring: Inquiring,
        signature: Signature | None,
        watch: Watch,
        log: Log,
    ) -> None:
        self._tokens = tokens
        self._ledger = ledger
        self._reconciling = reconciling
        self._inquiring = inquiring
        self._signature = signature
        self._watch = watch
        self._log = log
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def url(self, base: str, merchant_txn_ref: str) -> str:
        """The `webhook_url` of a payment: your endpoint, and a token that is bound to the reference.

        Args:
            base: Where your endpoint is, such as `https://shop.example/webhooks`.
            merchant_txn_ref: The payment's reference.

        Returns:
            At most 255 characters. The same for the same reference, as long as `webhook_secret` is the same.

        Raises:
            ConfigurationError: `webhook_secret` is not set.
            InvalidRequestError: The base is no address, or too long.
        """
        return self._tokens.url(base, merchant_txn_ref)

    async def receive(self, *, token: str, body: bytes, headers: Mapping[str, str] | None = None) -> WebhookEvent:
        """Take one delivery.

        It does no harm to take it twice, or before the answer to the charge has come. A delivery whose transaction
        cannot be asked for just now is refused with status 503, so that it comes again, and its transaction id is
        noted in the ledger, so that `payments.reconcile` can settle the charge if it never does.

        Args:
            token: The last part of the path that it was posted to.
            body: The bytes.
            headers: For `signature`.

        Raises:
            WebhookRefusedError: Nothing of it is believed; its `status` is what to answer.
            ConfigurationError: `webhook_secret` is not set.
            Exception: What `signature` raises, without its traceback: its frames show the body.
        """
        delivery = self._read(token, body, headers or {})
        del body  # it may hold the card number, and a traceback shows this frame
        try:
            event = await self._watch.call("webhook", self._receive(delivery), lambda event: event.effect.value)
        except WebhookRefusedError as refused:
            self._log.warning("webhook.refused", why=str(refused), status=refused.status)
            raise
        self._tell(event)
        return event

    def handler(self, on_event: OnEvent | None = None) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """An aiohttp.web handler, for `router.add_post("/webhooks/{token}", ...)`.

        Args:
            on_event: Is awaited before the delivery is answered. What it raises makes the gateway deliver again.
        """
        from .for_aiohttp import handler

        return handler(self, on_event)

    def asgi(self, on_event: OnEvent | None = None) -> Any:
        """An ASGI application, to be mounted where `url` points to; see `handler`."""
        from .for_asgi import application

        return application(self, on_event)

    def _read(self, token: str, body: bytes, headers: Mapping[str, str]) -> Delivery | BaseException:
        try:
            delivery = read_delivery(body, lambda reference: self._tokens.fits(token, reference))
        except ConfigurationError as missing:
            return missing.with_traceback(None)  # the frames that it came from show the body
        if isinstance(delivery, WebhookRefusedError) or self._signature is None:
            return delivery
        try:
            is_signed = self._signature(_lower(headers), body)
        except BaseException as fault:  # noqa: BLE001  # it is raised where no frame shows the body
            return _without_frames(fault)
        return delivery if is_signed else WebhookRefusedError("a webhook without the vendor's signature", status=403)

    async def _receive(self, delivery: Delivery | BaseException) -> WebhookEvent:
        if isinstance(delivery, BaseException):
            raise delivery
        # One by one: of several deliveries at once one asks and settles, and the others find it settled.
        turn = self._turns.setdefault(delivery.merchant_txn_ref, asyncio.Lock())
        try:
            async with turn:
                return await self._believe(delivery)
        except WebhookRefusedError:
            raise
        except AnotherChargeError as fault:
            raise _refused(fault, delivery, 403) from None
        except PaymentOptionsError as fault:
            raise _refused(fault, delivery, 503) from None

    async def _believe(self, delivery: Delivery) -> WebhookEvent:
        record = await self._ledger.find(delivery.merchant_txn_ref)
        if record is None:
            return _event(delivery, Effect.NO_RECORD, None, await self._ask(delivery))
        if is_known(delivery, record):
            return _event(delivery, Effect.REPEATED, record)
        if tells_a_later_code(delivery.payload):
            return _event(delivery, Effect.OTHER_OPERATION, record, await self._ask(delivery))
        try:
            settled = await self._settle(delivery, record)
        except LaterStepError:
            return _event(delivery, Effect.OTHER_OPERATION, record, await self._ask(delivery))
        changed = settled.outcome != record.outcome or settled.mark is not record.mark
        return _event(delivery, Effect.SETTLED if changed else Effect.REPEATED, settled)

    async def _ask(self, delivery: Delivery) -> TransactionStatus:
        status = await self._inquiring.status(delivery.transaction_id)
        if status.merchant_txn_ref != delivery.merchant_txn_ref:
            raise WebhookRefusedError("a webhook whose transaction is of another charge", status=403)
        return status

    async def _settle(self, delivery: Delivery, record: Record) -> Record:
        try:
            return await self._reconciling.confirm(record, delivery.transaction_id, must_be_named=True)
        except (AnotherChargeError, LedgerError):
            raise
        except PaymentOptionsError:
            # The gateway does not say so now, and may never deliver this again.
            named = Resolution.named(delivery.transaction_id, record.token)
            await self._ledger.resolve(record.merchant_txn_ref, named)
            raise

    def _tell(self, event: WebhookEvent) -> None:
        told: dict[str, Any] = {
            "merchant_txn_ref": event.merchant_txn_ref,
            "transaction_id": event.transaction_id,
            "state": event.record.outcome.state if event.record else None,
        }
        if event.record is None:
            self._log.warning("webhook.no_record", **told)
        elif event.record.mark is Mark.CONTRADICTED:
            self._log.error("webhook.contradicts", **told)
        else:
            self._log.info(f"webhook.{event.effect}", **told)


def _event(
    delivery: Delivery, effect: Effect, record: Record | None, status: TransactionStatus | None = None
) -> WebhookEvent:
    return WebhookEvent(
        merchant_txn_ref=delivery.merchant_txn_ref,
        transaction_id=delivery.transaction_id,
        effect=effect,
        record=record,
        status=status,
        raw=delivery.payload,
    )


def _without_frames(fault: BaseException) -> BaseException:
    *_, (frame, line) = walk_tb(fault.__traceback__)
    fault.add_note(f"raised by webhook_signature, at {frame.f_code.co_filename}:{line}")
    fault.__cause__ = fault.__context__ = None
    return fault.with_traceback(None)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _refused(fault: PaymentOptionsError, delivery: Delivery, status: int) -> WebhookRefusedError:
    why = "; ".join(fault.evidence) if isinstance(fault, OutcomeUnknownError) else str(fault.args[0])
    return WebhookRefusedError(
        f"a webhook that the gateway does not confirm ({why})",
        merchant_txn_ref=delivery.merchant_txn_ref,
        status=status,
    )
