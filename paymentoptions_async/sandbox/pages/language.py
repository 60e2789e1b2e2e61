"""Which language a page speaks: as its address says, else a cookie, else the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .texts import LANGUAGES, Language

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COOKIE", "PARAMETER", "language_of", "named"]

PARAMETER: Final = "lang"
COOKIE: Final = "paymentoptions_sandbox_lang"


def language_of(query: Mapping[str, str], cookies: Mapping[str, str], headers: Mapping[str, str]) -> Language:
    """The language to answer in; English where nothing is said."""
    told = named(query.get(PARAMETER)) or named(cookies.get(COOKIE))
    return told or _preferred(headers.get("Accept-Language", ""))


def named(text: str | None) -> Language | None:
    """The language of this name, if there is one."""
    return next((language for language in LANGUAGES if language == text), None)


def _preferred(accepted: str) -> Language:
    # RFC 9110, 12.5.4: `ja-JP,ja;q=0.9,en;q=0.8`.
    best: Language = "en"
    weight = 0.0
    for part in accepted.split(","):
        name, _, quality = part.partition(";q=")
        language = named(name.strip().lower().partition("-")[0])
        if language is not None and (wanted := _weight(quality)) > weight:
            best, weight = language, wanted
    return best


def _weight(quality: str) -> float:
    try:
        return float(quality or "1")
    except ValueError:
        return 0.0
