"""Whole requests that the sandbox takes, for trying things out."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

__all__ = ["sample_body", "sample_page", "sample_plan"]


def sample_body() -> dict[str, Any]:
    """The body, in the vendor's own form, with a published test card and a reference of its own."""
    return {
        "amount": "1000",
        "currency": "JPY",
        "card": {
            "number": "5200000000001005",
            "cvc": "100",
            "expiry_month": "12",
            "expiry_year": "30",
            "name": "John Doe",
        },
        "merchant_txn_ref": f"sandbox-{uuid4().hex}",
        "customer_ip": "127.0.0.1",
        "return_url": {
            "webhook_url": "https://merchant.example/webhook",
            "success_url": "https://merchant.example/success",
            "decline_url": "https://merchant.example/decline",
        },
        "billing_address": {
            "country": "JP",
            "email": "payer@merchant.example",
            "phone_number": "8112345678",
            "address1": "1-2-3 Shinjuku",
            "city": "Shinjuku-ku",
            "state": "Tokyo",
            "postal_code": "1600022",
        },
        "time_zone": "Asia/Tokyo",
    }


def sample_plan() -> dict[str, Any]:
    """The plan of a subscription."""
    return {
        "plan_name": "Monthly",
        "cycle_type": "MONTHS",
        "cycle_interval": 1,
        "subscription_end_type": "CYCLE",
        "max_cycle_count": 12,
    }


def sample_page() -> dict[str, Any]:
    """The body of a page: the same charge, but that the payer brings the card."""
    body = sample_body()
    del body["card"]
    body["return_url"]["cancel_url"] = "https://merchant.example/cancel"
    return body
