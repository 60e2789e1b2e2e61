"""What travels: requests out, answers back."""

from .address import Address
from .browser_info import BrowserInfo
from .card import Card
from .challenge import Challenge
from .payment import Payment
from .payment_method import PaymentMethod
from .purchase_request import PurchaseRequest
from .return_urls import ReturnUrls
from .subscription import Subscription

__all__ = [
    "Address",
    "BrowserInfo",
    "Card",
    "Challenge",
    "Payment",
    "PaymentMethod",
    "PurchaseRequest",
    "ReturnUrls",
    "Subscription",
]
