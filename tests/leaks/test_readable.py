"""What must not be masked is not, or no more often than chance makes it look like a card number."""

from __future__ import annotations

import logging

import pytest

from paymentoptions_async.redaction import RedactingFilter, redact, redact_text

from .readable import KINDS, TABLE, share_of


@pytest.mark.parametrize("told", TABLE)
def test_what_is_no_card_number_stays_readable(told: str) -> None:
    for text in (told, f"at {told}, then", f'{{"what": "{told}"}}', f"what={told}&x=1"):
        assert redact_text(text) == text
        assert redact({"what": [text]}) == {"what": [text]}
        record = logging.makeLogRecord({"msg": "%s", "args": (text,)})
        assert RedactingFilter().filter(record)
        assert record.getMessage() == text


@pytest.mark.parametrize("name", KINDS)
def test_random_ones_are_masked_never_or_seldom(name: str) -> None:
    kind = KINDS[name]
    masked = share_of(kind, 5_000, seed=20261124)
    assert masked <= (0.15 if kind.may_look_alike else 0)
