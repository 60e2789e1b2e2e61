"""What is known of a charge that was cut off."""

from __future__ import annotations

from typing import Literal

from ... import Challenge, Ledger, Payment, PaymentOptions, PurchaseRequest, State
from ...errors import LedgerError, NotSentError, PaymentOptionsError

__all__ = ["what_became_of"]


async def what_became_of(
    request: PurchaseRequest, client: PaymentOptions, ledger: Ledger, *, version: Literal[1, 2]
) -> Payment | Challenge | PaymentOptionsError | None:
    """What a charge that was cut off has come to, as far as client or ledger know; nothing is sent.

    Args:
        request: What was to be charged.
        client: Has charged it.
        ledger: Of that client.
        version: Of the vendor's operation.

    Returns:
        What `purchase` would have said; `None` where nothing was sent.

    Raises:
        LedgerError: It does not answer, and only it would know.
    """
    if not client.owes(request.merchant_txn_ref):
        record = await ledger.find(request.merchant_txn_ref)
        if record is None or record.outcome.state is State.REFUSED:
            return None
    try:
        # Under a reference that client or ledger know nothing is sent.
        return await client.payments.purchase(request, version=version)
    except NotSentError as fault:
        raise LedgerError(str(fault.args[0])) from None
    except PaymentOptionsError as error:
        return error
