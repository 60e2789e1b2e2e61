"""Card numbers that schemes and gateways publish for tests, and a CVC. No other number is used by this suite."""

from __future__ import annotations

from typing import Any, Final

from paymentoptions_async.models.purchase_request import PurchaseRequest

from ..helpers import card, request

__all__ = ["CVC", "NUMBERS", "Number", "order"]

CVC: Final = "0731"
"""No number of a time, an amount or a port begins so."""


class Number:
    """One of them. It does not show itself: a frame of a test that holds it would be taken for a leak of ours.

    Attributes:
        scheme: Whose cards begin so.
        has_check_digit: Whether the last digit is Luhn's.
    """

    __slots__ = ("_digits", "has_check_digit", "scheme")

    def __init__(self, scheme: str, digits: str, *, has_check_digit: bool = True) -> None:
        self._digits = digits
        self.scheme = scheme
        self.has_check_digit = has_check_digit

    def reveal(self) -> str:
        return self._digits

    @property
    def is_accepted(self) -> bool:
        """Whether this gateway takes it: no more digits, and none without a check digit."""
        return len(self._digits) <= 16 and self.has_check_digit

    def __repr__(self) -> str:
        return f"<{self.scheme}, {len(self._digits)} digits, ...{self._digits[-4:]}>"


# By who publishes them, then by scheme.
_PUBLISHED: Final = {
    "PaymentOptions": {"Visa": ["4000000000001091"], "Mastercard": ["5200000000001005"]},
    "Stripe": {
        "Visa": [
            "4242424242424242", "4000056655665556", "4000000000000002", "4000000000009995", "4000000760000002",
            "4000003920000003",
        ],
        "Mastercard": ["5555555555554444", "5200828282828210", "5105105105105100"],
        "Mastercard, 2-series": ["2223003122003222"],
        "American Express": ["378282246310005", "371449635398431"],
        "Discover": ["6011111111111117", "6011000990139424", "6011981111111113"],
        "Diners Club": ["3056930009020004", "36227206271667"],
        "BCcard, DinaCard": ["6555900000604105"],
        "JCB": ["3566002020360505"],
        "UnionPay": ["6200000000000005", "6200000000000047", "6205500000000000004"],
        "Cartes Bancaires": ["4000002500001001", "5555552500001001"],
    },
    "PayPal": {
        "Visa": ["4111111111111111", "4012888888881881", "4222222222222"],
        "American Express": ["378734493671000"],
        "Diners Club": ["30569309025904", "38520000023237"],
        "BankCard": ["5610591081018250"],
        "Dankort": ["5019717010103742"],
        "Switch, Solo": ["6331101999990016"],
        "JCB": ["3530111333300000"],
    },
    "Authorize.net": {
        "Visa": ["4007000000027", "4012888818888"],
        "Mastercard": ["5424000000000015"],
        "Mastercard, 2-series": ["2223000010309703"],
        "American Express": ["370000000000002"],
        "Discover": ["6011000000000012"],
        "JCB": ["3088000000000017"],
        "Diners Club": ["38000000000006"],
    },
    "Braintree": {
        "Visa": [
            "4005519200000004", "4009348888881881", "4012000033330026", "4012000077777777", "4217651111111119",
            "4500600000000061",
        ],
        "Mastercard, 2-series": ["2223000048400011"],
        "Diners Club": ["36259600000004"],
        "Discover": ["6011000991300009"],
        "Maestro": ["6304000000000000"],
        "UnionPay": ["6243030000000001", "6221261111117766", "6223164991230014"],
        "Elo": ["5066991111111118"],
        "Hiper": ["6370950000000005"],
        "Hipercard": ["6062820524845321"],
    },
    "Adyen": {
        "Visa": ["4111111145551142", "4988438843884305", "4166676667666746", "4646464646464644"],
        "Mastercard": ["5100290029002909", "5577000055770004"],
        "Mastercard, 2-series": ["2222400070000005"],
        "Diners Club": ["36006666333344"],
        "Discover": ["6011601160116611", "6445644564456445"],
        "JCB": ["3569990010095841"],
        "Maestro": ["6771798021000008", "5000550000000029", "6771830000000000006", "6000070736169237003"],
        "Bancontact": ["6703444444444449"],
        "Hipercard": ["6062828888666688"],
    },
    "Worldpay": {
        "Visa": ["4444333322221111", "4917610000000000", "4462030000000000", "4484070000000000", "4917610000000000003"],
        "Mastercard": ["5454545454545454"],
        "Diners Club": ["36700102000000"],
        "JCB": ["3528000700000000"],
        "Maestro": ["6759649826438453", "6799990100000000019"],
    },
    "Global Payments": {"UnionPay": ["62123456789000003", "621234567890000002", "6212345678900000003"]},
    "YooKassa": {"Mir": ["2200000000000004", "2202474301322987"]},
    "CloudPayments": {"Mir": ["2201382000000013"]},
    "Razorpay": {"RuPay": ["6527658900001005"], "American Express": ["340256000401007"]},
    "Cashfree": {"RuPay": ["6074825972083818"]},
    "PayTR": {"Troy": ["9792030394440796"]},
    "Paystack": {"Verve": ["5060666666666666666", "507850785078507812"]},
    "Mercado Pago": {
        "Cabal": ["6035227716427021"],
        "Cencosud": ["6034937272862830"],
        "Elo": ["5067268650517446"],
    },
}  # fmt: skip

NUMBERS: Final = (
    *(
        Number(scheme, digits)
        for published in _PUBLISHED.values()
        for scheme, numbers in published.items()
        for digits in numbers
    ),
    Number("Naranja", "5895627823453005", has_check_digit=False),  # Mercado Pago
)


def order(number: Number, reference: str, **changes: Any) -> PurchaseRequest:
    """A purchase with that card."""
    return request(reference, card=card(number=number.reveal(), cvc=CVC), **changes)
