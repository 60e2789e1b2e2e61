"""The members of the bodies that the gateway accepts (gateway/API.md, "Purchase body", and the samples)."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["CARD", "FOLLOW_UP", "PAGE_SECTIONS", "PAGE_TOP", "SECTIONS", "SUBSCRIPTION", "TOP", "Field", "Sections"]


class Field(NamedTuple):
    """A member of a body: its name, the most characters, whether it must be there, its type."""

    name: str
    longest: int | None = None
    required: bool = True
    kind: type = str


Sections = tuple[tuple[str, tuple[Field, ...], bool], ...]


def _optional(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(field._replace(required=False) for field in fields)


# gateway/API.md, "Purchase body".
CARD: Final = (
    Field("number", 16),
    Field("cvc", 4),
    Field("expiry_month", 2),
    Field("expiry_year", 2),
    Field("name", 255),
)
TOP: Final = (
    Field("currency", 3),
    Field("merchant_txn_ref", 45),
    Field("customer_ip", 45),
    Field("merchant_id", 128),
    Field("time_zone", 128),
)
_RETURN_URL: Final = (
    Field("webhook_url", 255),
    Field("success_url", 255),
    Field("decline_url", 255),
)
_ADDRESS: Final = (
    Field("country", 2),
    Field("email", 45),
    Field("phone_number", 20),
    Field("address1", 199),
    Field("city", 65),
    Field("state", 65),
    Field("postal_code", 45),
)
_BROWSER: Final = _optional(
    (
        Field("acceptHeader"),
        Field("screenColorDepth"),
        Field("javaEnabled", kind=bool),
        Field("language"),
        Field("screenHeight"),
        Field("screenWidth"),
        Field("challengeWindow"),
        Field("userAgent"),
    )
)
_PAYMENT_METHOD: Final = _optional(
    (
        Field("type"),
        Field("store_payment_method", kind=bool),
        Field("stored_payment_method_id"),
    )
)
# Name, fields, whether it must be there.
SECTIONS: Final[Sections] = (
    ("return_url", _RETURN_URL, True),
    ("billing_address", _ADDRESS, True),
    ("shipping_address", _optional(_ADDRESS), False),
    ("browser_info", _BROWSER, False),
    ("payment_method", _PAYMENT_METHOD, False),
)
# samples/hosted_page.request.json and wallet.request.json: what only one of them has is not required.
PAGE_TOP: Final = (
    Field("currency", 3),
    Field("merchant_txn_ref", 45),
    Field("merchant_id", 128),
    *_optional((Field("merchant_email", 255), Field("customer_ip", 45), Field("time_zone", 128))),
)
PAGE_SECTIONS: Final = (
    ("return_url", (*_RETURN_URL, Field("cancel_url", 255, required=False)), True),
    *SECTIONS[1:3],
    ("payment_method", _PAYMENT_METHOD, False),
)
# samples/capture.request.json, refund.request.json, void.request.json.
FOLLOW_UP: Final = (
    Field("transactionId", 128),
    Field("merchant_id", 128),
    Field("notes", required=False),
)
# samples/subscription_create.request.json.
SUBSCRIPTION: Final = (
    Field("plan_name", 255),
    Field("cycle_type"),
    Field("cycle_interval", kind=int),
    Field("subscription_end_type"),
    *_optional(
        (
            Field("plan_desc", 255),
            Field("max_cycle_count", kind=int),
            Field("has_trial_period", kind=bool),
            Field("trial_period_duration_type"),
            Field("trial_period_duration", kind=int),
            Field("has_discount", kind=bool),
            Field("discount_percentage", kind=int),
            Field("discount_duration", kind=int),
        )
    ),
)
