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
from traceback import format_exception
from typing import Any, Final, NoReturn, TypeVar

__all__ = ["MASK", "RedactingFilter", "Secret", "mask_pan", "redact", "redact_processor", "redact_text"]

MASK: Final = "***"


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


def _utf8(value: object) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


# --- what a card number looks like ------------------------------------------------------------------------

# Issuer prefix and length of the public schemes (ISO/IEC 7812, the schemes' own published BIN ranges).
_SCHEMES: Final = re.compile(
    r"""
      4(?:\d{12}|\d{15}|\d{18})                                                  # Visa
    | (?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}          # Mastercard
    | 3[47]\d{13}                                                                # American Express
    | 3(?:0[0-5]|[689]\d)\d{11}(?:\d{2}){0,1}                                    # Diners Club
    | 35(?:2[89]|[3-8]\d)\d{12}(?:\d{3})?                                        # JCB
    | (?:6011|64[4-9]\d|65\d{2})\d{12}(?:\d{3})?                                 # Discover
    | 62\d{14,17}                                                                # UnionPay
    | (?:5018|5020|5038|5[678]\d{2}|6304|67\d{2}|60\d{2}|81\d{2}|82\d{2}|508\d)\d{8,15}  # Maestro, RuPay
    | 220[0-4]\d{12,15}                                                          # Mir
    """,
    re.VERBOSE,
)

# Digits that stand alone, or in groups parted by single blanks or hyphens. A sign, a letter, a dot or a hyphen
# next to them means something else: an international phone number, an identifier, a fraction, a UUID. Where a number
# may begin, every way of writing one is tried: other digits may stand a blank away.
_START: Final = re.compile(r"(?<![\w+.\-])\d(?=[\d -]{12})")
_WRITTEN: Final = tuple(
    re.compile(rf"{digits}(?![\w\-]|\.\d)")
    for digits in (
        r"\d{13,19}",
        r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}\1\d{3}",
        r"\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}",
        r"\d{4}([ -])\d{6}\1\d{4,5}",
    )
)
_DIGITS: Final = re.compile(r"\d{12}|\d{4}[ -]\d{4}")


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def mask_pan(number: str) -> str:
    """The first six and the last four digits, the rest starred; nothing at all of a number under 13 digits."""
    if len(number) < 13:
        return MASK
    return f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}"


def _masked_numbers(text: str) -> str:
    masked, done, place = [], 0, 0
    while start := _START.search(text, place):
        place = start.start() + 1
        for written in _WRITTEN:
            if (match := written.match(text, start.start())) is None:
                continue
            digits = match.group().replace(" ", "").replace("-", "")
            if _SCHEMES.fullmatch(digits) and luhn(digits):
                masked += [text[done : match.start()], mask_pan(digits)]
                done = place = match.end()
                break
    return "".join([*masked, text[done:]]) if masked else text


# Digits become 0, and blanks and hyphens fall out: then one search finds any long run of digits.
_ZEROES: Final = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))


def may_hold_card_number(text: bytes) -> bool:
    """A quick look: `False` means that no run of digits is long enough for a card number."""
    return b"000000000000" in text.translate(_ZEROES, b" -")


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
_KEY_IN_TEXT: Final = re.compile(
    r"""(?ix)
    (?P<key> \b(?:cvc2?|cvv2?|csc|card_?cvc|card_?cvv|security[_ ]?code|(?:card_?)?number|pan
             |(?:\w*[_-])?api[_-]?key|authorization)
       \\?["']? \s*+[:=]\s*+ \\?["']? (?:\(?\s*+["'])? )
    (?P<value> (?:basic|bearer)\s++[\w+/=.~-]+ | [^\s"'\\,;&)}\]]+ )
    """
)
_PAN_KEY: Final = re.compile(r"(?i)number|pan")
_CVC_IN_TEXT: Final = re.compile(r"(?i)\b(cvc2?|cvv2?|csc|security[_ ]?code)(\W{1,5}(?:is |was |of )?)\d{3,4}(?!\d)")


def _plain(key: object) -> str:
    return str(key).lower().replace("_", "").replace("-", "").replace(" ", "")


def _masked_pair(match: re.Match[str]) -> str:
    key, value = match.group("key"), match.group("value")
    if _PAN_KEY.search(key):
        return key + (mask_pan(value) if value.isdecimal() and len(value) >= 12 else value)
    return key + MASK


def redact_text(text: str) -> str:
    """The text with every card number, CVC and credential in it masked."""
    for number in tuple(_in_flight):
        if number in text:
            text = text.replace(number, mask_pan(number))
    if _DIGITS.search(text):
        # Before the rest, which would take the first group of a card number for a CVC and leave the others.
        text = _masked_numbers(text)
    if "=" in text or ":" in text:
        text = _KEY_IN_TEXT.sub(_masked_pair, text)
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
