"""What the person at the keyboard can mend, told without showing what was typed."""

from __future__ import annotations

import re
import sys
from typing import Final

from ..redaction import redact_text, without_numbers

__all__ = ["BadUsageError", "check_no_card", "tell_error", "without_numbers", "without_secrets"]

# A password may hold anything, so nothing after its beginning is shown.
_ADDRESS: Final = re.compile(r"(?i:postgres[\w+]*:|[a-z][\w+.-]*://[^\n]*@|password\s*=).*", re.DOTALL)


class BadUsageError(Exception):
    """A flag, a file or the environment is wrong; nothing was tried."""


def without_secrets(text: str) -> str:
    """The text with every long number hidden, and whatever may hold a password."""
    return without_numbers(_ADDRESS.sub("***", text))


def check_no_card(name: str, text: str | None) -> None:
    """See that no card number was typed where something else is wanted: it would be sent, kept and shown.

    Args:
        name: Of the argument.
        text: What was typed.

    Raises:
        BadUsageError: There is one in it.
    """
    if text is not None and redact_text(text) != text:
        raise BadUsageError(f"{name}: a card number does not belong there")


def tell_error(message: str) -> None:
    """Write the mistake to stderr."""
    sys.stderr.write(f"Error: {message}\n")
