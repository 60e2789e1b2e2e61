"""The frame of every page: the notice that no money moves, the languages, the content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import attrs

from .language import PARAMETER
from .markup import Markup, fill
from .style import STYLE
from .texts import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Place", "facts", "framed", "table"]

_FRAME: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title} | {brand}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<p class="notice" role="note">{notice}</p>
<header><div>
<span class="brand">{brand}</span>
<nav aria-label="{languages}"><a href="?{query}" hreflang="{other}" lang="{other}">{other_name}</a></nav>
</div></header>
<main class="{kind}">
{content}
</main>
</body>
</html>
"""
_FACTS: Final = "<dl>{facts}</dl>"
_FACT: Final = "<dt>{name}</dt><dd>{told}</dd>"
_TABLE: Final = "<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
_HEAD: Final = '<th scope="col">{name}</th>'
_ROW: Final = "<tr>{cells}</tr>"
_CELL: Final = '<td data-label="{name}">{told}</td>'


@attrs.frozen
class Place:
    """Where a page stands.

    Attributes:
        words: Its language.
        query: Its address' parameters, which a link to the other language keeps.
    """

    words: Words
    query: tuple[tuple[str, str], ...] = ()


def framed(place: Place, title: str, content: Iterable[Markup | None], *, kind: str = "") -> Markup:
    """A whole page.

    Args:
        place: Where it stands.
        title: What the browser shows of it.
        content: What stands in it; `None` is left out.
        kind: How it is laid out: `narrow`, `pay`, or over the whole width.
    """
    words = place.words
    return fill(
        _FRAME,
        language=words.language,
        title=title,
        brand=words("brand"),
        style=STYLE,
        notice=words("notice"),
        languages=words("languages"),
        query=urlencode((*place.query, (PARAMETER, words.other))),
        other=words.other,
        other_name=Words(words.other)("language"),
        kind=kind,
        content=content,
    )


def facts(told: Iterable[tuple[str, object]]) -> Markup:
    """A list of names and what is told of them; what is `None` is left out."""
    return fill(_FACTS, facts=[fill(_FACT, name=name, told=fact) for name, fact in told if fact is not None])


def table(heads: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Markup:
    """A table, whose rows become blocks on a phone."""
    lines = [
        fill(_ROW, cells=[fill(_CELL, name=name, told=told) for name, told in zip(heads, row, strict=True)])
        for row in rows
    ]
    return fill(_TABLE, heads=[fill(_HEAD, name=name) for name in heads], rows=lines)
