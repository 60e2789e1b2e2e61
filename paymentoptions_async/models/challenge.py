"""A 3-D Secure challenge: not paid yet."""

from __future__ import annotations

import attrs

__all__ = ["Challenge"]


@attrs.frozen(kw_only=True)
class Challenge:
    """The issuer wants to see the payer first. Nothing is paid until the payer has been there.

    Attributes:
        redirect_url: Send the payer's browser here.
        merchant_txn_ref: The reference of the charge.
        transaction_id: The gateway's id, where it told one: then `wait` can ask for the status.
        replayed: Whether this is the stored answer to an earlier call, with nothing sent by this one.
        recorded: Whether the ledger says so. If not, it could not be told yet, or something in it contradicts this.
        attempts: How many attempts were made under this reference, those included that never left.
    """

    redirect_url: str
    merchant_txn_ref: str
    transaction_id: str | None = None
    replayed: bool = False
    recorded: bool = True
    attempts: int = 1
