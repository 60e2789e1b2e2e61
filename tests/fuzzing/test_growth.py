"""No input costs more than its length: eight times as much of anything takes about eight times as long."""

from __future__ import annotations

import time
from typing import Final

import pytest

from ..helpers import APPROVED
from .table import TARGETS
from .target import joined

_SHORT: Final = 1_500
_TIMES: Final = 8
_MOST: Final = 30
"""What grows with the square takes 64 times as long. The machines are noisy."""

_TICK: Final = 2e-4
"""Seconds; below this a measurement tells nothing."""

_TEXTS: Final = (
    b"4111 ", APPROVED.encode() + b" ", b"cvc:", b"api_", b"a-", b"\\\\", b"number=1 ", b"basic ", b"\\u0031", b"1",
)  # fmt: skip
"""What stands within a text of JSON."""

_WHOLES: Final = (b'{"a":', b"[", b"[],", b'"a":1,', b'"', b"\x1e", b"\n", b" ")
"""What stands for a whole document."""

_PLACES: Final[dict[str, tuple[tuple[int, ...], bytes, bytes, tuple[bytes, ...]]]] = {
    "judge": ((0, 0, 0, 0), b'{"success":false,"message":"', b'"}', _TEXTS),
    "deliveries": ((0, 1, 0, 0), b'{"merchant_details":{"merchant_txn_ref":"qwe","x":"', b'"}}', _TEXTS),
    "requests": ((0,), b'{"merchant_txn_ref":"', b'"}', _TEXTS),
    "charges": ((0,), b"merchant_txn_ref,amount\n", b"", (b"a,1\n", b'""', b",", APPROVED.encode(), b"{}\n")),
    "maps": ((0,), b"", b"", (b"a=1\n", b"[a]\n", b'"', b"[")),
    "headers": ((), b"", b"", (b"1 ", b"Jan ", b"+", b",", b":", b"(", b"Sun, ")),
    "configuration": ((1,), b'{"base_url":"https://', b'"}', (b"a.", b"[", b"-", b"a:", b"xn--", b"%20")),
}


def _cases() -> list[tuple[str, bytes, bytes, bytes]]:
    inside = [
        (name, joined(choices, before), unit, after)
        for name, (choices, before, after, units) in _PLACES.items()
        for unit in units
    ]
    return inside + [(name, joined((0, 1), b""), unit, b"") for name in ("judge", "requests") for unit in _WHOLES]


def _seconds(name: str, data: bytes) -> float:
    taken = []
    for _ in range(3):
        began = time.process_time()
        TARGETS[name].run(data)
        taken.append(time.process_time() - began)
    return min(taken)


@pytest.mark.parametrize(("name", "before", "unit", "after"), _cases())
def test_time_grows_with_the_length_alone(name: str, before: bytes, unit: bytes, after: bytes) -> None:
    count = _SHORT // len(unit)
    short = max(_seconds(name, before + unit * count + after), _TICK)
    assert _seconds(name, before + unit * count * _TIMES + after) < _MOST * short
