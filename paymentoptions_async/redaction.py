"""Card data that cannot be rendered, and masks for what others render.

Three nets, in this order:

* `Secret` holds a value that has no text form. It is opened only where a request body or header is built.
* Masking by key: what stands under `cvc`, `card_number`, `authorization`, ... is masked, whatever it is.
* Masking by value: every card number that is in flight in this process, and anything that has the issuer
  prefix, the length and the Luhn digit of a card number.

At most the first six and the last four digits of a card number are ever shown, as PCI DSS 3.4 allows; of a CVC
nothing is.

The limits: a CVC is three digits, so it can only be known by its key (`cvc=123`), never by its looks; a card
number of a private scheme is known only while it is in flight or under its key.
"""

from __future__ import annotations

import hmac
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from functools import cache
from traceback import format_exception
from typing import Any, Final, NoReturn, TypeVar

from .pan import MASK, luhn, mask_pan, masked_known, masked_numbers, may_hold_card_number, without_numbers

__all__ = [
    "MASK", "RedactingFilter", "Secret", "in_flight", "luhn", "mask_pan", "may_hold_card_number", "redact",
    "redact_processor", "redact_text", "shown_text", "without_numbers",
]  # fmt: skip


class Secret:
    """A string that is never shown: not by `str`, `repr`, `format`, `asdict`, a log or a pickle.

    Two secrets compare equal when their values do, in constant time. Only `reveal()` gives the value back.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | Secret) -> None:
        self._value: str = value.reveal() if isinstance(value, Secret) else value

    def reveal(self) -> str:
        """The value itself. The caller keeps it out of names that a traceback could show."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_utf8(self._value), _utf8(other._value))

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not pickled: card data must not leave the process by that way")

    def __getstate__(self) -> NoReturn:
        # What Python makes by itself holds the value, and is what picklers of another kind begin with.
        self.__reduce_ex__(0)


def _utf8(value: object) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


# --- card numbers in flight -------------------------------------------------------------------------------

_in_flight: dict[str, int] = {}


class in_flight:  # noqa: N801  # used like a function
    """While the block runs, this exact card number is masked by every net of the process."""

    __slots__ = ("_number",)

    def __init__(self, number: Secret | None) -> None:
        self._number = number

    @property
    def _pan(self) -> str | None:
        # What is no card number (a field that breaks its rule) would mask innocent text everywhere.
        pan: object = None if self._number is None else self._number.reveal()
        return pan if isinstance(pan, str) and len(pan) >= 12 and pan.isdecimal() else None

    def __enter__(self) -> None:
        if (pan := self._pan) is not None:
            _in_flight[pan] = _in_flight.get(pan, 0) + 1

    def __exit__(self, *_: object) -> None:
        if (pan := self._pan) is not None:
            _in_flight[pan] -= 1
            if not _in_flight[pan]:
                del _in_flight[pan]


# --- masking by key ---------------------------------------------------------------------------------------

_SECRET_KEYS: Final = frozenset({
    "pan", "cardnumber", "cardno", "ccnumber", "creditcardnumber", "primaryaccountnumber", "accountnumber",
    "cvc", "cvc2", "cvv", "cvv2", "cvn", "cid", "csc", "cardcvc", "cardcvv", "securitycode", "cardsecuritycode",
    "verificationvalue", "cardverificationvalue", "cardverificationcode", "cvccode", "cvvcode", "cvcnumber",
    "cvvnumber",
    "track1", "track2", "pin", "authorization", "xapikey", "apikey", "ledgersecret", "password", "secret",
})  # fmt: skip
_CARD_KEYS: Final = frozenset({"number", "cvc", "cvv"})
# Between key and value there may be quotes, brackets and signs, as Python, JSON, forms and addresses write them.
_PAIR: Final = r"""
    (?P<key> (?:cvc2?|cvv2?|csc|card_?cvc|card_?cvv|security[_ ]?code|(?:card_?)?number|pan
             |(?:\w*[_-])?api[_-]?key|authorization)
       (?:\\?["']|%22|%5d)? \s*+ (?:=>|[:=]|%3[ad]) (?:\s|%20|\+)*+ (?:[(\[{]?\s*+ b?\\?["'] | %22)? )
    (?P<value> (?:basic|bearer)\s++[\w+/=.~-]+ | [^\s"'\\,;&)}\]%]+ )
"""
_PAN_KEY: Final = re.compile(r"(?i)number|pan")
_CVC_IN_TEXT: Final = re.compile(
    r"(?i)\b(cvc2?|cvv2?|csc|security[_ ]?code)(\W{1,5}(?:code |is |was |of ){0,2})\d{3,4}(?!\d)"
)


@cache
def _pair_in_text() -> re.Pattern[str]:
    return re.compile(rf"(?ix) \b {_PAIR}")


@cache
def _pair_after_quoted() -> re.Pattern[str]:
    return re.compile(rf"(?ix) (?<=%[0-9a-f][0-9a-f]) {_PAIR}")


def _plain(key: object) -> str:
    return str(key).lower().replace("_", "").replace("-", "").replace(" ", "")


def _masked_pair(match: re.Match[str]) -> str:
    key, value = match.group("key"), match.group("value")
    if _PAN_KEY.search(key):
        return key + (mask_pan(value) if value.isdecimal() and len(value) >= 12 else value)
    return key + MASK


def shown_text(text: str, longest: int) -> str:
    """A text of somebody else's as it may be told and kept: masked, cut, and in characters that UTF-8 can carry."""
    return redact_text(text)[:longest].encode("utf-8", "replace").decode()


def redact_text(text: str) -> str:
    """The text with every card number, CVC and credential in it masked."""
    # Before the rest, which would take the first group of a card number for a CVC and leave the others.
    text = masked_numbers(text)
    if _in_flight:
        text = masked_known(text, tuple(_in_flight))
    if "=" in text or ":" in text or "%3" in text:
        text = _pair_in_text().sub(_masked_pair, text)
    if "%" in text:
        text = _pair_after_quoted().sub(_masked_pair, text)
    return _CVC_IN_TEXT.sub(rf"\1\2{MASK}", text)


T = TypeVar("T")

# Deeper than any answer or log event is; a structure that holds itself ends here as well.
_DEEPEST: Final = 32


def redact(value: T) -> T:
    """A copy of the value in which card data is masked, however deeply it is nested.

    Mappings, lists, tuples and sets are walked; strings, bytes and whole numbers are masked; an object whose `repr`
    would show something becomes that text, masked; everything else is returned as it is.
    """
    return _redact(value, card=False, depth=0, seen={})  # type: ignore[no-any-return]


# What has been masked already, by its id (and whether it is a card): a part that stands in many places, or within
# itself, is walked once. The part is kept beside its mask, so that its id stays its own.
_Seen = dict[tuple[int, bool], tuple[Any, Any]]


def _redact(value: Any, *, card: bool, depth: int, seen: _Seen) -> Any:
    match value:
        case str():
            return redact_text(value)
        case bool() | None | Secret():
            return value
        case float() if not value.is_integer():
            return value
        case int() | float():
            written = f"{value:.0f}" if isinstance(value, float) else str(value)
            masked = redact_text(written)
            return value if masked == written else masked
        case bytes() | bytearray():
            return redact_text(bytes(value).decode("utf-8", "replace")).encode()
        case Mapping() | list() | tuple() | set() | frozenset():
            name = (id(value), card)
            if name not in seen:
                seen[name] = (value, MASK)  # where it holds itself
                seen[name] = (value, MASK if depth >= _DEEPEST else _redact_all(value, card, depth + 1, seen))
            return seen[name][1]
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # a log line must not fail for what it shows
        return f"<{type(value).__name__} that has no repr>"
    masked = redact_text(text)
    return value if masked == text else masked


def _redact_all(value: Any, card: bool, depth: int, seen: _Seen) -> Any:
    if isinstance(value, Mapping):
        return {
            _redact(key, card=False, depth=depth, seen=seen): _redact_item(key, item, card, depth, seen)
            for key, item in value.items()
        }
    items = (_redact(item, card=card, depth=depth, seen=seen) for item in value)
    if isinstance(value, list):
        return list(items)
    return tuple(items) if isinstance(value, tuple) else set(items)


def _redact_item(key: object, value: Any, card: bool, depth: int, seen: _Seen) -> Any:
    plain = _plain(key)
    if value is None or isinstance(value, Secret):
        return value
    if (card and plain == "number") or plain in {"pan", "cardnumber", "primaryaccountnumber"}:
        shown = str(value)
        return redact_text(shown) if MASK in shown else mask_pan(shown)
    if plain in _SECRET_KEYS or (card and plain in _CARD_KEYS):
        return MASK
    return _redact(value, card=plain == "card", depth=depth, seen=seen)


# --- for the application's own logs -----------------------------------------------------------------------


def redact_processor(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that masks card data in the whole event. Put it right before the renderer.

    An exception that is still an object there (`exc_info`) is turned into its masked text under `exception`,
    so that a renderer after it finds nothing to unfold.
    """
    exc = event_dict.pop("exc_info", None)
    event_dict = redact(dict(event_dict))
    if trace := _trace_of(exc):
        event_dict["exception"] = redact_text(trace)
    return event_dict


def _trace_of(exc_info: object) -> str | None:
    if exc_info is True:
        exc_info = sys.exc_info()
    if isinstance(exc_info, BaseException):
        return "".join(format_exception(exc_info))
    if isinstance(exc_info, tuple) and exc_info[1] is not None:
        return "".join(format_exception(*exc_info))
    return None


class RedactingFilter(logging.Filter):
    """A filter for the standard library's logging: add it to each handler.

    Example:
        >>> import logging
        >>> handler = logging.StreamHandler()
        >>> handler.addFilter(RedactingFilter())
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the message, its arguments, the extra members and the traceback; always let the line pass."""
        try:
            record.msg, record.args = redact_text(record.getMessage()), ()
        except Exception:  # noqa: BLE001  # a line that is written wrongly is told by its handler, as without us
            record.msg, record.args = redact(record.msg), redact(record.args)
        if trace := _trace_of(record.exc_info):
            record.exc_text, record.exc_info = redact_text(trace.rstrip("\n")), None
        elif record.exc_text:
            record.exc_text = redact_text(record.exc_text)
        if record.stack_info:
            record.stack_info = redact_text(record.stack_info)
        for key in record.__dict__.keys() - _RECORD_KEYS:
            record.__dict__[key] = _redact_item(key, record.__dict__[key], card=False, depth=0, seen={})
        return True


_RECORD_KEYS: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}
