"""What counts as a leak, and how it is looked for.

A card number may be shown by its first six and its last four digits. So nine digits of it in a row are a leak, however
they are parted or encoded, and so is a mask that shows more. (Seven would be one too, but chance writes seven digits
as well; what is cut off in the middle of a number shows nine or more.)
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from .numbers import CVC, Number

__all__ = ["digests", "is_telling", "kept", "leaks", "rows_of", "spellings"]

_ROW: Final = 9
_PARTED: Final = re.compile(r"(?<=\d)(?:[ \-_.+\u00a0]|%20|%C2%A0)(?=\d)")
_LONG: Final = re.compile(rf"\d{{{_ROW},}}")
_MASKED: Final = re.compile(r"(?<!\d)(\d{6,19})\*+(\d*)")
_ESCAPED: Final = re.compile(r"\\u00([0-9a-f]{2})", re.IGNORECASE)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CODE: Final = re.compile(rf"(?i)(?<![\w.\-]){CVC}(?![\w\-])|cv[cv]\W{{0,5}}{CVC}")


def spellings(text: str) -> Iterator[bytes]:
    """All that a text may be spelled like: plain, in UTF-16, in hexadecimal, in base64 wherever it begins."""
    plain = text.encode()
    yield from (plain, text.encode("utf-16-le"), plain.hex().encode(), plain.hex().upper().encode())
    for shift in range(3):
        # Without the characters that depend on what stands before and behind.
        encoded = base64.b64encode(bytes(shift) + plain)
        first = -(-shift * 4 // 3)
        yield encoded[first : (shift + len(plain)) * 4 // 3]


def digests(text: str) -> Iterator[bytes]:
    """Hashes without a key, from which a card number is found in no time."""
    for name in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(name, text.encode()).digest()
        yield from (digest, digest.hex().encode(), base64.b64encode(digest).rstrip(b"="))


def leaks(content: str | bytes, *numbers: Number) -> list[str]:
    """What a text shows of these cards and of the CVC that it must not show; told without showing it.

    Args:
        content: Whatever came out somewhere.
        numbers: The cards that went in.
    """
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    plain = _plain(raw.decode("utf-8", "replace"))
    rows, masks = " ".join(_LONG.findall(_PARTED.sub("", plain))), set(_MASKED.findall(plain))
    words = b" ".join(set(_WORDS.findall(raw)))  # far shorter than the whole
    found = [f"{number}: {what}" for number in numbers for what in _of_number(number.reveal(), words, rows)]
    found += [f"{one}: a mask of it that shows too much" for one in numbers if _shows_too_much(one.reveal(), masks)]
    return found + (["the CVC"] if _shows_code(raw, plain) else [])


def kept(raw: bytes, *numbers: Number) -> list[str]:
    """The same for a file that is no text: what stands side by side there does not belong together."""
    rows = rows_of(raw)
    found = [f"{number}: {what}" for number in numbers for what in _of_number(number.reveal(), raw, rows)]
    return found + (["the CVC"] if any(spelled in raw for spelled in _CODES) else [])


def rows_of(raw: bytes) -> str:
    """All long rows of digits in many megabytes, be they plain, hexadecimal or in UTF-16; with blanks between."""
    wide = (row.replace(b"\0", b"") for row in _WIDE.findall(raw))
    hexadecimal = (bytes.fromhex(row.decode()) for row in _HEXADECIMAL.findall(raw))
    return b" ".join([*_DIGITS.findall(raw), *wide, *hexadecimal]).decode()


_WORDS: Final = re.compile(rb"[\w+/=]{12,}|(?:\w\0){12,}")
_DIGITS: Final = re.compile(rb"[0-9]{9,}")
_WIDE: Final = re.compile(rb"(?:[0-9]\0){9,}")
_HEXADECIMAL: Final = re.compile(rb"(?:3[0-9]){9,}")


def _plain(text: str) -> str:
    text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return f"{text}\n{unquote_plus(text)}" if "%" in text else text


class _Needles(NamedTuple):
    """What is looked for, of one number."""

    windows: tuple[str, ...]
    spelled: tuple[bytes, ...]
    hashed: tuple[bytes, ...]


@cache
def _needles(digits: str) -> _Needles:
    windows = {digits[at : at + _ROW] for at in range(len(digits) - _ROW + 1)}
    return _Needles((digits, *filter(is_telling, windows)), tuple(spellings(digits)), tuple(digests(digits)))


def is_telling(row: str) -> bool:
    """Whether digits are of a card, and not such as any fraction ends in: nine ones, or a seven and zeros."""
    return len(set(row)) > 1 and sum(digit != "0" for digit in row) > 2


def _of_number(digits: str, raw: bytes, rows: str) -> Iterator[str]:
    needles = _needles(digits)
    if any(window in rows for window in needles.windows):
        yield f"{_ROW} digits or more"
    if any(spelled in raw for spelled in needles.spelled):
        yield "all of it, encoded or plain"
    if any(digest in raw for digest in needles.hashed):
        yield "a hash without a key"


def _shows_too_much(digits: str, masks: set[tuple[str, str]]) -> bool:
    return any(
        digits.startswith(first[:6]) and digits.endswith(last[-4:]) and (len(first) > 6 or len(last) > 4)
        for first, last in masks
    )


def _shows_code(raw: bytes, plain: str) -> bool:
    shown = CVC in plain and _CODE.search(_UUID.sub("", plain)) is not None
    return shown or any(spelled in raw for spelled in _CODES)


_CODES: Final = tuple(spelled for member in ("cvc", "cvv") for spelled in spellings(f'"{member}":"{CVC}"'))
