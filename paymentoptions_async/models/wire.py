"""Between JSON and the models. The only place that knows the wire's spelling, and the only cattrs converter.

Requests are strict both ways: what is not known is refused, not dropped. Answers are lenient: what is not known stays
in `Payment.raw`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, get_args

import attrs
import cattrs
import orjson
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.v import transform_error

from ..errors import Problem
from ..redaction import Secret, redact_text, without_numbers
from . import lenient
from .address import Address
from .browser_info import BrowserInfo
from .card import Card
from .follow_up_request import CaptureRequest, RefundRequest, VoidRequest
from .hosted_page import HostedPageRequest
from .payment_method import PaymentMethod
from .purchase_request import PurchaseRequest
from .request import Request
from .return_urls import ReturnUrls
from .rules import amount_text
from .subscription import Subscription

if TYPE_CHECKING:
    from .answer import Answer
    from .subscription_details import SubscriptionDetails, SubscriptionTransaction

__all__ = [
    "Body", "no_body", "prepare", "read_answer", "read_members", "read_object", "read_request", "read_subscription",
    "request_body", "wire_names",
]  # fmt: skip

T = TypeVar("T")
R = TypeVar("R", bound=Request)

# gateway/API.md: camelCase in the browser's object ("Purchase body"), in one name more ("Operations") and in one member
# of the answers ("Answers").
_SPELLED: Final = {
    "transaction_id": "transactionId",
    "accept_header": "acceptHeader",
    "screen_color_depth": "screenColorDepth",
    "java_enabled": "javaEnabled",
    "screen_height": "screenHeight",
    "screen_width": "screenWidth",
    "challenge_window": "challengeWindow",
    "user_agent": "userAgent",
    "response_description": "responseDescription",
    "transactions": "subscription_transaction_details",
}
# gateway/API.md, "Answers": in payments and webhooks, and in the status answer.
_RISK_DETAILS: Final = ("risk-details", "risk_details")
_PARTS: Final[tuple[type, ...]] = (Card, Address, ReturnUrls, BrowserInfo, PaymentMethod, Subscription)
_REQUESTS: Final[tuple[type, ...]] = (PurchaseRequest, HostedPageRequest, CaptureRequest, RefundRequest, VoidRequest)


class _Fraction(str):
    """A number with a point, digit for digit as it was written."""

    __slots__ = ()


class _WrongTypeError(ValueError):
    """Its text is the rule; it never holds the value."""


def wire_names(member: str) -> tuple[str, ...]:
    """How the gateway spells a member of the models: in one way, but for the risk block."""
    return _RISK_DETAILS if member == "risk_details" else (_SPELLED.get(member, member),)


# --- requests ---------------------------------------------------------------------------------------------


class Body:
    """The bytes of a request, which no traceback, log or pickle shows."""

    __slots__ = ("content", "identity")

    def __init__(self, content: bytes, identity: bytes) -> None:
        self.content = content
        self.identity = identity

    def __repr__(self) -> str:
        return f"<body of {len(self.content)} bytes>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a request body is not pickled: card data must not leave the process by that way")


def no_body() -> Body:
    """Of an operation that has none."""
    return Body(b"", b"")


def request_body(request: Request, merchant_id: str) -> Body:
    """The bytes to send, and those that the fingerprint is made of: the same without the CVC.

    Args:
        request: One that keeps its rules.
        merchant_id: The setting; goes out where the request has none of its own.
    """
    kind: type = type(request)
    content = prepare(kind)(request)
    content.setdefault("merchant_id", merchant_id)
    sent = orjson.dumps(content)
    if not isinstance(request, PurchaseRequest) or request.card is None:
        return Body(sent, sent)
    # The CVC is no part of what a charge is: no trace of it may rest in a ledger, not even hashed. Quotes within a
    # text are escaped, so this is the member and nothing else.
    return Body(sent, sent.replace(f'"cvc":"{request.card.cvc.reveal()}",'.encode(), b""))


def read_request(data: bytes | str, kind: type[R]) -> tuple[R | None, list[Problem]]:
    """Read a request's body. Faults come back as values, since an error's frames would show the body."""
    content, problems = read_object(data)
    return (None, problems) if content is None else read_members(content, kind)


def read_object(data: bytes | str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Read a JSON object: its numbers are taken digit for digit, and a member that stands twice is a fault."""
    try:
        content = json.loads(data, parse_float=_Fraction, parse_constant=_no_constant, object_pairs_hook=_no_repeats)
    except _WrongTypeError as fault:
        return None, [Problem("$", str(fault))]
    except (ValueError, TypeError, RecursionError):
        return None, [Problem("$", "JSON")]
    return (content, []) if isinstance(content, dict) else (None, [Problem("$", "a JSON object")])


def read_members(content: Mapping[str, Any], kind: type[R]) -> tuple[R | None, list[Problem]]:
    """Make a request of the members of its body."""
    try:
        return _request_converter().structure(content, kind), []
    except cattrs.BaseValidationError as fault:
        return None, _told(fault)


def _no_constant(name: str) -> NoReturn:
    raise _WrongTypeError(f"JSON without {name}")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _WrongTypeError("JSON in which no member stands twice")
    return members


def _told(fault: cattrs.BaseValidationError) -> list[Problem]:
    lines = (line.rpartition(" @ ") for line in transform_error(fault, "$", _rule_of))
    return [Problem(path.removeprefix("$."), rule) for rule, _, path in lines]


def _rule_of(fault: BaseException, _: type | None) -> str:
    match fault:
        case KeyError():
            return "required"
        case cattrs.ForbiddenExtraKeysError():
            names = without_numbers(redact_text(", ".join(sorted(fault.extra_fields))))[:200]
            return "".join(char if char.isprintable() else "?" for char in f"no member that is not known: {names}")
        case _WrongTypeError():
            return str(fault)
    return "a JSON object"


def _taken(kinds: tuple[type, ...], rule: str) -> Callable[[Any, Any], Any]:
    def hook(value: Any, _: Any) -> Any:
        if type(value) not in kinds:
            raise _WrongTypeError(rule)
        return value

    return hook


@cache
def _request_converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True)
    converter.register_structure_hook(str, _taken((str,), "a text"))
    converter.register_structure_hook(int, _taken((int,), "a whole number"))
    converter.register_structure_hook(bool, _taken((bool,), "true or false"))
    amount = _taken((str, int, _Fraction), "a number or a text")
    converter.register_structure_hook(
        str | int | Decimal, lambda value, _: str(given) if isinstance(given := amount(value, _), _Fraction) else given
    )
    converter.register_structure_hook(Secret, lambda value, _: Secret(_taken((str,), "a text")(value, _)))
    converter.register_unstructure_hook(Secret, Secret.reveal)
    converter.register_unstructure_hook(
        str | int | Decimal, lambda value: amount_text(value) if isinstance(value, Decimal) else value
    )
    for kind in _PARTS:
        converter.register_structure_hook(kind, _reader(kind, converter))
    # A hook for a class is taken for its subclasses as well, and would make the class itself.
    converter.register_structure_hook_factory(_is_request, lambda kind: _reader(kind, converter))
    for kind in (*_PARTS, *_REQUESTS):
        converter.register_unstructure_hook(kind, _writer(kind, converter))
    return converter


def _is_request(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Request)


def _reader(kind: type, converter: cattrs.Converter) -> Any:
    return make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True, **_overrides(kind, converter))


def _writer(kind: type, converter: cattrs.Converter) -> Any:
    return make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True, **_overrides(kind, converter))


def _overrides(kind: type, converter: cattrs.Converter) -> dict[str, Any]:
    """The wire's names; and for what may be `None`, the writer of what it is else, since `None` is left out."""
    overrides = {}
    for field in attrs.fields(kind):
        given = [part for part in get_args(field.type) if part is not NoneType]
        optional = len(given) == 1 and NoneType in get_args(field.type)
        overrides[field.name] = override(
            rename=_SPELLED.get(field.name),
            unstruct_hook=converter.get_unstructure_hook(given[0]) if optional else None,
            # gateway/API.md, "hosted payment page link": an amount may be empty, which is not to leave it out.
            omit_if_default=None if field.default is None else False,
        )
    return overrides


@cache
def prepare(kind: type) -> Callable[[Any], dict[str, Any]]:
    """What writes such requests. Takes milliseconds to make: a client asks for it when it is made."""
    return _request_converter().get_unstructure_hook(kind)


# --- answers ----------------------------------------------------------------------------------------------


def read_answer(raw: Mapping[str, Any]) -> Answer:
    """The envelope, typed. Whatever does not fit is `None`."""
    from .answer import Answer

    spelled = {"risk_details": raw.get(_RISK_DETAILS[0]), **raw}
    return _answer_converter().structure(spelled, Answer)


def read_subscription(raw: object) -> SubscriptionDetails | None:
    """A subscription, typed; `None` where it is no object."""
    from .subscription_details import SubscriptionDetails

    if not isinstance(raw, Mapping):
        return None
    told: SubscriptionDetails = _answer_converter().structure(raw, SubscriptionDetails)
    charged = raw.get(_SPELLED["transactions"])
    return attrs.evolve(told, transactions=_transactions(charged), raw=raw)


def _transactions(charged: object) -> tuple[SubscriptionTransaction, ...]:
    from .subscription_details import SubscriptionTransaction

    if not isinstance(charged, list):
        return ()
    read = _answer_converter().structure
    return tuple(read(one, SubscriptionTransaction) for one in charged if isinstance(one, Mapping))


def _lenient_text(value: Any, _: Any) -> str | None:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _lenient_address(value: Any, _: Any) -> Address | None:
    if not isinstance(value, Mapping):
        return None
    texts: dict[str, Any] = {field.name: _lenient_text(value.get(field.name), None) for field in attrs.fields(Address)}
    return Address(**texts)


@cache
def _answer_converter() -> cattrs.Converter:
    # Classes that most applications never ask for: made when they are.
    from . import answer as answers
    from . import subscription_details as subscriptions

    converter = cattrs.Converter(detailed_validation=False)
    converter.register_structure_hook(str | None, _lenient_text)
    converter.register_structure_hook(int | None, lambda value, _: lenient.integer(value))
    converter.register_structure_hook(Decimal | None, lambda value, _: lenient.decimal(value))
    converter.register_structure_hook(bool | None, lambda value, _: value if isinstance(value, bool) else None)
    converter.register_structure_hook(Address | None, _lenient_address)
    for kind in (subscriptions.SubscriptionPlan, subscriptions.SubscriptionTransaction):
        _register_part(kind, converter)
    _register_part(
        subscriptions.SubscriptionDetails, converter, transactions=override(omit=True), raw=override(omit=True)
    )
    for name in (
        "GatewayResponse", "BillingDetails", "DeviceDetails", "MerchantDetails", "AnsweredCard",
        "PaymentDataSource", "AdditionalData", "PaymentDetails", "TransactionDetails", "RiskDetails", "Answer",
    ):  # fmt: skip
        _register_part(getattr(answers, name), converter)
    return converter


def _register_part(kind: type, converter: cattrs.Converter, **overrides: Any) -> None:
    renames = {field.name: override(rename=_SPELLED.get(field.name)) for field in attrs.fields(kind)}
    read: Any = make_dict_structure_fn(kind, converter, **{**renames, **overrides})

    def part(value: Any, _: Any) -> Any:
        return read(value, kind) if isinstance(value, Mapping) else None

    converter.register_structure_hook(kind | None, part)
    converter.register_structure_hook(kind, part)
