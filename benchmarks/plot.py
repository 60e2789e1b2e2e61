"""Bars, as an SVG file that needs no library and no font of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

WIDTH: Final = 720
_LABELS: Final = 120
_FIGURES: Final = 60
_ROW: Final = 24
_TITLE: Final = 36
_HEAD: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    ' font-family="sans-serif" font-size="13" fill="#222"><rect width="100%" height="100%" fill="#fff"/>'
)


class Bar(NamedTuple):
    """A figure, and between what it lies as a rule."""

    name: str
    value: float
    lower: float
    upper: float


class Panel(NamedTuple):
    """Bars that have a scale in common."""

    title: str
    bars: Sequence[Bar]


def draw(panels: Sequence[Panel]) -> str:
    """One below the other."""
    height = sum(_TITLE + _ROW * len(panel.bars) for panel in panels) + _ROW
    lines, top = [_HEAD.format(width=WIDTH, height=height)], 0
    for panel in panels:
        lines.append(f'<text x="8" y="{top + 24}" font-weight="bold">{escape(panel.title)}</text>')
        top += _TITLE
        scale = (WIDTH - _LABELS - _FIGURES) / max(bar.upper for bar in panel.bars)
        for bar in panel.bars:
            lines += _row(bar, top, scale)
            top += _ROW
    return "\n".join([*lines, "</svg>", ""])


def _row(bar: Bar, top: int, scale: float) -> Iterator[str]:
    middle, end = top + _ROW // 2, _LABELS + bar.upper * scale
    color = "#2a6fbb" if bar.name.startswith("ours") else "#9aa5b1"
    yield f'<text x="{_LABELS - 8}" y="{middle + 5}" text-anchor="end">{escape(bar.name)}</text>'
    yield f'<rect x="{_LABELS}" y="{top + 4}" width="{bar.value * scale:.1f}" height="{_ROW - 8}" fill="{color}"/>'
    yield f'<path d="M{_LABELS + bar.lower * scale:.1f} {middle}H{end:.1f}" stroke="#222"/>'
    yield f'<text x="{end + 6:.1f}" y="{middle + 5}">{bar.value:,.0f}</text>'
