"""Changes inputs so that most of them are still understood: member by member in JSON, byte by byte elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from ..helpers import APPROVED
from .target import SEPARATOR

__all__ = ["SPACED", "mutated"]

SPACED: Final = " ".join(APPROVED[place : place + 4] for place in range(0, 16, 4))
"""The card number as it stands on the card."""

# What a member may be instead.
_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -0.0, 1, 10, 51, 68, 94, -1, 1.5, 1000, 1000.0, 999, 999.999, 1e300, -1e300, 5e-324,
    2**63, 2**64, 10**20, "", "0", "00", " 0", "-0", "0.0", "1e3", "٠", "true", "NaN", "1000", "999.99", "1000.00",
    "-1000", "JPY", "jpy", "USD", "qwe", "other", "list", "..", "a/b", APPROVED, int(APPROVED), float(APPROVED),
    SPACED, f"ref {APPROVED} x", f"1{APPROVED}", "739", 739, "cvc: 739", "ERR3008", "err3019", "ERR9999",
    "INFO0000", "INFO0001", "INFO3000", "https://acs.example/x", "javascript:alert(1)", "http://", "https://[::1",
    "2026-11-24T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T24:00:00-14:00", "2026-W01-1", "\x1b[31m",
    "\x00", "\ud800", "\u2028", "é" * 9, "x" * 300, "520000******1005", "paid", "partial", "unknown",
    "challenged", "declined", "refused", "sending", "contradicted", "approved", "invalid", "not_sent", [], {}, [[]],
    [None], [{}], {"": None}, {"number": APPROVED, "cvc": "739"}, {"id": "x"}, {"message": "x", "code": "ERR3001"},
)  # fmt: skip

# Members that mean something somewhere.
_NAMES: Final = (
    "success", "url", "redirect_url", "statusCode", "status_code", "id", "message", "messageCode", "data", "amount",
    "currency", "merchant_txn_ref", "transaction_details", "merchant_details", "payment_details", "response_code",
    "card", "number", "cvc", "gateway_response", "code", "transaction_type", "subscription_details",
    "subscriptions", "named_by", "risk-details", "timestamp", "stored_payment_method_id", "reason", "refusal",
    "evidence", "status", "line", "outcome", "", "\ud800", APPROVED, "\x1b[0m",
)  # fmt: skip

# What may stand anywhere.
_WORDS: Final = (
    b"{", b"}", b"[", b"]", b'"', b":", b",", b"\n", b"\r\n", b"\r", b"\0", b"\x1f\x8b", b"\xef\xbb\xbf", b"\xff",
    b"\\u", b"\\ud800", b'"success":true,', b'"success":false,', b'"response_code":0,', b'"a":1,', b"null", b"NaN",
    b"1e999", b"9" * 400, b"[" * 40, b'{"a":' * 300, b"[" * 990, b"[" * 3000, b"=", b";", b"#", b"'", b"%", b"@",
    b"://", b"::1", b" ", APPROVED.encode(), SPACED.encode(), b"HTTP/1.1 100 Continue\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
    b"Content-Encoding: gzip\r\n", b"Content-Encoding: deflate\r\n", b"Connection: close\r\n",
    b"Set-Cookie: a=b; expires=x\r\n", b"Retry-After: 1\r\n", b"0\r\n\r\n", b"ffffffff\r\n",
)  # fmt: skip


def mutated(data: bytes, random: Random) -> bytes:
    """The input with a few changes in one of its parts."""
    parts = data.split(SEPARATOR)
    place = random.randrange(len(parts))
    if place == 0 and random.random() < 0.7:
        place = len(parts) - 1
    if place == 0:
        parts[0] = _rechosen(parts[0], random)
    else:
        for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
            parts[place] = _changed(parts[place], random)
    return SEPARATOR.join(parts)


def _rechosen(choices: bytes, random: Random) -> bytes:
    if not choices:
        return b"\0"
    changed = bytearray(choices)
    changed[random.randrange(len(changed))] = random.choice((*range(13), 200))
    return bytes(changed)


def _changed(document: bytes, random: Random) -> bytes:
    if random.random() < 0.75:
        first, separator, rest = document.partition(b"\n")
        try:
            if separator and random.random() < 0.5:
                return first + separator + _restructured(rest, random)
            return _restructured(document, random)
        except (ValueError, RecursionError):
            pass
    return random.choice(_BYTEWISE)(document, random)


# --- JSON -------------------------------------------------------------------------------------------------


def _restructured(document: bytes, random: Random) -> bytes:
    tree = json.loads(document)
    holders = [holder for holder in _holders(tree) if holder]
    if holders:
        random.choice(_STRUCTURAL)(random.choice(holders), holders, random)
    elif isinstance(tree, dict):
        tree[random.choice(_NAMES)] = random.choice(_VALUES)
    else:
        tree = random.choice(_VALUES)
    return json.dumps(tree, ensure_ascii=random.random() < 0.7).encode("utf-8", "surrogatepass")


def _holders(tree: Any) -> list[Any]:
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict | list):
            found.append(node)
            waiting += node.values() if isinstance(node, dict) else node
    return found


def _key(holder: Any, random: Random) -> Any:
    return random.choice(list(holder)) if isinstance(holder, dict) else random.randrange(len(holder))


def _set(holder: Any, _: Any, random: Random) -> None:
    holder[_key(holder, random)] = random.choice(_VALUES)


def _drop(holder: Any, _: Any, random: Random) -> None:
    del holder[_key(holder, random)]


def _add(holder: Any, _: Any, random: Random) -> None:
    if isinstance(holder, dict):
        holder[random.choice(_NAMES)] = random.choice(_VALUES)
    else:
        holder.append(random.choice(_VALUES))


def _copy(holder: Any, holders: list[Any], random: Random) -> None:
    other = random.choice(holders)
    value = json.dumps(other[_key(other, random)])
    holder[_key(holder, random)] = json.loads(value)


def _wrap(holder: Any, _: Any, random: Random) -> None:
    key = _key(holder, random)
    for _depth in range(random.choice((1, 1, 2, 40, 260))):
        holder[key] = [holder[key]] if random.random() < 0.5 else {random.choice(_NAMES): holder[key]}


def _respell(holder: Any, _: Any, random: Random) -> None:
    key = _key(holder, random)
    holder[key] = str(holder[key]) if random.random() < 0.5 else f"{holder[key]}{random.choice('0 .-')}"


_STRUCTURAL: Final[tuple[Callable[[Any, list[Any], Random], None], ...]] = (
    _set, _set, _set, _drop, _add, _add, _copy, _wrap, _respell,
)  # fmt: skip


# --- bytes ------------------------------------------------------------------------------------------------


def _span(document: bytes, random: Random) -> tuple[int, int]:
    start = random.randint(0, len(document))
    return start, min(len(document), start + random.choice((1, 2, 4, 8, 16, 64, 400)))


def _insert(document: bytes, random: Random) -> bytes:
    start, _ = _span(document, random)
    return document[:start] + random.choice(_WORDS) + document[start:]


def _overwrite(document: bytes, random: Random) -> bytes:
    start, end = _span(document, random)
    return document[:start] + random.choice(_WORDS) + document[end:]


def _cut(document: bytes, random: Random) -> bytes:
    start, end = _span(document, random)
    return document[:start] + document[end:]


def _repeat(document: bytes, random: Random) -> bytes:
    start, end = _span(document, random)
    return document[:end] + document[start:end] * random.choice((1, 2, 50)) + document[end:]


def _flip(document: bytes, random: Random) -> bytes:
    if not document:
        return b"0"
    place = random.randrange(len(document))
    return document[:place] + bytes((random.randrange(256),)) + document[place + 1 :]


def _shuffle(document: bytes, random: Random) -> bytes:
    lines = document.splitlines(keepends=True)
    random.shuffle(lines)
    return b"".join(lines)


_BYTEWISE: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (
    _insert, _insert, _overwrite, _cut, _repeat, _flip, _flip, _shuffle,
)  # fmt: skip
