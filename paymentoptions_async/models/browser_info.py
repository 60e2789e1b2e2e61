"""The payer's browser, wanted for 3-D Secure."""

from __future__ import annotations

import attrs

from .rules import flag, text

__all__ = ["BrowserInfo"]


@attrs.frozen(kw_only=True)
class BrowserInfo:
    """What the payer's browser said of itself. On the wire these names are written in camelCase.

    Attributes:
        accept_header: Its `Accept` header.
        screen_color_depth: Bits per pixel.
        java_enabled: Whether it runs Java.
        language: Its language, such as `en`.
        screen_height: Pixels.
        screen_width: Pixels.
        challenge_window: The size of the challenge's window, `1` to `5` as EMV 3-D Secure counts them.
        user_agent: Its `User-Agent` header.
    """

    accept_header: str | None = attrs.field(default=None, metadata=text())
    screen_color_depth: str | None = attrs.field(default=None, metadata=text())
    java_enabled: bool | None = attrs.field(default=None, metadata=flag())
    language: str | None = attrs.field(default=None, metadata=text())
    screen_height: str | None = attrs.field(default=None, metadata=text())
    screen_width: str | None = attrs.field(default=None, metadata=text())
    challenge_window: str | None = attrs.field(default=None, metadata=text())
    user_agent: str | None = attrs.field(default=None, metadata=text())
