"""What travels: requests out, answers back."""

from .address import Address
from .browser_info import BrowserInfo
from .card import Card
from .challenge import Challenge
from .follow_up import Capture, Refund, Void
from .follow_up_request import CaptureRequest, RefundRequest, VoidRequest
from .hosted_page import HostedPage, HostedPageRequest
from .payment import Authorization, Payment
from .payment_method import PaymentMethod
from .purchase_request import PurchaseRequest
from .return_urls import ReturnUrls
from .subscription import Subscription
from .subscription_details import SubscriptionDetails
from .transaction_status import TransactionStatus

__all__ = [
    "Address",
    "Authorization",
    "BrowserInfo",
    "Capture",
    "CaptureRequest",
    "Card",
    "Challenge",
    "HostedPage",
    "HostedPageRequest",
    "Payment",
    "PaymentMethod",
    "PurchaseRequest",
    "Refund",
    "RefundRequest",
    "ReturnUrls",
    "Subscription",
    "SubscriptionDetails",
    "TransactionStatus",
    "Void",
    "VoidRequest",
]
