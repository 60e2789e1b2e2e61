"""The gateway's answer, typed member by member (gateway/API.md, "Answers").

A member that is missing, or of a type that the vendor has not shown, is `None` here and stands in `Payment.raw` as it
came. Text stays text: no list of schemes or transaction types is closed.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from .address import Address

__all__ = [
    "AdditionalData", "Answer", "AnsweredCard", "BillingDetails", "DeviceDetails", "GatewayResponse",
    "MerchantDetails", "PaymentDataSource", "PaymentDetails", "RiskDetails", "TransactionDetails",
]  # fmt: skip


@attrs.frozen
class GatewayResponse:
    """What the gateway itself says, such as `INFO0000`."""

    version: str | None = None
    type: str | None = None
    message: str | None = None
    code: str | None = None


@attrs.frozen
class BillingDetails:
    """The addresses as the gateway keeps them."""

    billing_address: Address | None = None
    shipping_address: Address | None = None


@attrs.frozen
class DeviceDetails:
    """The network addresses that took part."""

    visited_ip: str | None = None
    merchant_ip: str | None = None
    customer_ip: str | None = None


@attrs.frozen
class MerchantDetails:
    """Who was paid."""

    legal_name: str | None = None
    mid: str | None = None
    merchant_txn_ref: str | None = None
    billing_details: BillingDetails | None = None
    device_details: DeviceDetails | None = None


@attrs.frozen
class AnsweredCard:
    """The card as answered; its number is masked."""

    name: str | None = None
    number: str | None = None
    exp_month: str | None = None
    exp_year: str | None = None


@attrs.frozen
class PaymentDataSource:
    """Where the payment's data came from, such as `card`."""

    type: str | None = None


@attrs.frozen
class AdditionalData:
    """What the gateway adds to a payment."""

    payment_data_source: PaymentDataSource | None = None


@attrs.frozen
class PaymentDetails:
    """What was paid, and what the acquirer said."""

    amount: Decimal | None = None
    response_code: int | None = None
    auth_code: str | None = None
    currency: str | None = None
    payment_method: str | None = None
    scheme: str | None = None
    card: AnsweredCard | None = None
    additional_data: AdditionalData | None = None
    response_description: str | None = None


@attrs.frozen
class TransactionDetails:
    """The gateway's own names for the transaction."""

    id: str | None = None
    ref: str | None = None
    timestamp: str | None = None
    merchant_txn_ref: str | None = None
    stored_payment_method_id: str | None = None
    billing_details: BillingDetails | None = None


@attrs.frozen
class RiskDetails:
    """The risk engine's score."""

    risk_score: str | None = None


@attrs.frozen
class Answer:
    """The envelope."""

    success: bool | None = None
    status_code: int | None = None
    is_live: bool | None = None
    transaction_type: str | None = None
    gateway_response: GatewayResponse | None = None
    merchant_details: MerchantDetails | None = None
    payment_details: PaymentDetails | None = None
    transaction_details: TransactionDetails | None = None
    risk_details: RiskDetails | None = None
