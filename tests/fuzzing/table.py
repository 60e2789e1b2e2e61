"""Every target, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .batches import CHARGES, JOURNALS
from .bodies import BODIES, MAPS, REQUESTS
from .connections import CONNECTIONS, HEADERS
from .deliveries import DELIVERIES
from .judging import JUDGE, QUESTIONS
from .settling import CONFIGURATION, ROWS
from .target import Target

__all__ = ["TARGETS"]

TARGETS: Final[Mapping[str, Target]] = {
    target.name: target
    for target in (
        JUDGE, QUESTIONS, DELIVERIES, REQUESTS, BODIES, MAPS, CHARGES, JOURNALS, CONFIGURATION, ROWS, HEADERS,
        CONNECTIONS,
    )
}  # fmt: skip
