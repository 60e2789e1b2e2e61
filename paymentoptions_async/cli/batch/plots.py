"""Plots as inline SVG. Colours come from the page's style sheet, so that they follow light, dark and print."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil, floor, log10
from typing import Final

from ...batch.timeline import Stretch
from ...sandbox.pages.markup import Markup, fill

__all__ = ["area_plot", "bar_list", "histogram", "line_plot", "split_bar"]

_WIDTH: Final = 480
_HEIGHT: Final = 220
_LEFT: Final = 50
_BOTTOM: Final = 30
_TOP: Final = 18
_RIGHT: Final = 22
_FLOOR: Final = _HEIGHT - _BOTTOM
_WIDE: Final = _WIDTH - _LEFT - _RIGHT

_PLOT: Final = (
    f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{{label}}">{{grid}}{{content}}</svg>{{legend}}'
)
_LINE: Final = '<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'
_TEXT: Final = '<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>'
_RECT: Final = '<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}"><title>{title}</title></rect>'
_PATH: Final = '<path class="{kind}" d="{d}"/>'
_KEY: Final = '<li><i class="{kind}"></i>{name}</li>'


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _shape(template: str, **values: object) -> Markup:
    plain = {name: _number(value) if isinstance(value, float) else value for name, value in values.items()}
    return fill(template, **plain)


def _text(x: float, y: float, text: str, anchor: str = "middle", kind: str = "tick") -> Markup:
    return _shape(_TEXT, x=float(x), y=float(y), text=text, anchor=anchor, kind=kind)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> Markup:
    return _shape(_LINE, x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), kind=kind)


def _steps(most: float, about: int = 4) -> list[float]:
    """Round numbers from 0 to at least the most."""
    rough = max(most, 1e-9) / about
    scale = 10 ** floor(log10(rough))
    step = next(scale * nice for nice in (1, 2, 2.5, 5, 10) if scale * nice >= rough * 0.999)
    return [step * place for place in range(ceil(most / step - 1e-9) + 1)]


def _up_axis(most: float) -> tuple[Markup, Callable[[float], float]]:
    steps = _steps(max(most, 1.0))
    top = steps[-1]

    def place(value: float) -> float:
        return _FLOOR - value / top * (_FLOOR - _TOP)

    lines = [
        Markup(
            _line(_LEFT, place(step), _WIDTH - _RIGHT, place(step))
            + _text(_LEFT - 6, place(step) + 4, _short(step), "end")
        )
        for step in steps
    ]
    return Markup("".join(lines)), place


def _short(value: float) -> str:
    return f"{value / 1e6:g}M" if value >= 1e6 else f"{value / 1e3:g}k" if value >= 1e4 else f"{value:g}"


def split_bar(parts: Sequence[tuple[str, str, int]]) -> Markup:
    """One bar that is split, with a key that tells every part.

    Args:
        parts: Name, colour and number of each; none is 0.
    """
    total = sum(count for _, _, count in parts) or 1
    spans = [
        fill(
            '<i class="{kind}" style="flex-grow:{count}" title="{name}: {count}"></i>',
            kind=kind,
            count=count,
            name=name,
        )
        for name, kind, count in parts
    ]
    rows = [
        fill(
            '<li><i class="{kind}"></i><span>{name}</span><b>{count}</b><em>{part}</em></li>',
            kind=kind, name=name, count=f"{count:,}", part=f"{count / total:.1%}",
        )
        for name, kind, count in parts
    ]  # fmt: skip
    return fill('<div class="split">{spans}</div><ul class="key counts">{rows}</ul>', spans=spans, rows=rows)


def bar_list(parts: Sequence[tuple[str, int]], *, kind: str) -> Markup:
    """Bars with names, one below the other.

    Args:
        parts: Name and number of each, the greatest first.
        kind: The colour.
    """
    most = max(count for _, count in parts)
    rows = [
        fill(
            '<li><span>{name}</span><b>{count}</b><i class="{kind}" style="width:{width}%"></i></li>',
            name=name, count=f"{count:,}", kind=kind, width=_number(100 * count / most),
        )
        for name, count in parts
    ]  # fmt: skip
    return fill('<ul class="bars">{rows}</ul>', rows=rows)


def histogram(
    bars: Sequence[tuple[float, float, int]], marks: Sequence[tuple[str, float]], told: Callable[[float], str]
) -> Markup:
    """How often which duration came, on a logarithmic axis.

    Args:
        bars: From, to and number of each, without a gap.
        marks: Names and places of what is marked, in order.
        told: Words a duration.
    """
    low, high = log10(bars[0][0]), log10(bars[-1][1])

    def across(seconds: float) -> float:
        return _LEFT + (log10(seconds) - low) / (high - low) * _WIDE

    grid, up = _up_axis(max(count for _, _, count in bars))
    shapes = [
        _shape(
            _RECT, kind="good fill", x=across(start) + 0.5, y=up(count),
            width=max(across(end) - across(start) - 1, 0.5), height=_FLOOR - up(count),
            title=f"{told(start)} to {told(end)}: {count:,}",
        )
        for start, end, count in bars
        if count
    ]  # fmt: skip
    shapes += [
        Markup(_text(across(at), _HEIGHT - 8, told(at)) + _line(across(at), _FLOOR, across(at), _FLOOR + 4, "axis"))
        for at in _round_durations(10**low, 10**high)
    ]
    shapes += [_line(across(at), _TOP - 4, across(at), _FLOOR, "mark") for _, at in marks]
    names = [f"{name} {told(at)}" for name, at in marks]
    keys = fill('<ul class="key">{keys}</ul>', keys=[fill(_KEY, kind="dash", name=name) for name in names])
    return fill(_PLOT, label=f"Latency: {', '.join(names)}", grid=grid, content=shapes, legend=keys)


def _round_durations(low: float, high: float) -> Iterator[float]:
    wide = log10(high / low) > 1.7
    for decade in range(floor(log10(low)), ceil(log10(high)) + 1):
        for nice in (1,) if wide else (1, 2, 5):
            if low <= (at := nice * 10.0**decade) <= high:
                yield at


def area_plot(stretches: Sequence[Stretch], pauses: Sequence[float]) -> Markup:
    """What ended in each second: paid, ended otherwise, unknown, one upon the other.

    Args:
        stretches: In order, without a gap.
        pauses: Where the run was stopped for a while.
    """
    layers = (("Paid", "good"), ("Not paid", "calm"), ("Unknown", "bad"))
    sums = [(0.0, one.paid, one.paid + one.other, one.paid + one.other + one.unknown) for one in stretches]
    grid, up = _up_axis(max(top for *_, top in sums))
    across = _along(stretches)
    shapes = [
        _shape(
            _RECT, kind=f"{layers[layer][1]} fill", x=across(one.start), y=up(levels[layer + 1]),
            width=max(across(one.start + one.seconds) - across(one.start) - 0.4, 0.4),
            height=up(levels[layer]) - up(levels[layer + 1]),
            title=f"{layers[layer][0]}: {levels[layer + 1] - levels[layer]:.1f} a second at {_clock(one.start)}",
        )
        for one, levels in zip(stretches, sums, strict=True)
        for layer in range(3)
        if levels[layer + 1] > levels[layer]
    ]  # fmt: skip
    keys = fill('<ul class="key">{keys}</ul>', keys=[fill(_KEY, kind=kind, name=name) for name, kind in layers])
    content = [*shapes, *_time_axis(stretches, pauses)]
    return fill(_PLOT, label="Results per second over time", grid=grid, content=content, legend=keys)


def line_plot(stretches: Sequence[Stretch], pauses: Sequence[float]) -> Markup:
    """How many charges were under way, on the average of each stretch.

    Args:
        stretches: In order, without a gap.
        pauses: Where the run was stopped for a while.
    """
    grid, up = _up_axis(max(one.under_way for one in stretches))
    across = _along(stretches)
    steps = [
        f"{'M' if place == 0 else 'L'}{_number(across(one.start))} {_number(up(one.under_way))}"
        f"L{_number(across(one.start + one.seconds))} {_number(up(one.under_way))}"
        for place, one in enumerate(stretches)
    ]
    content = [_shape(_PATH, kind="curve", d="".join(steps)), *_time_axis(stretches, pauses)]
    return fill(_PLOT, label="Charges under way over time", grid=grid, content=content, legend=None)


def _along(stretches: Sequence[Stretch]) -> Callable[[float], float]:
    end = stretches[-1].start + stretches[-1].seconds
    return lambda at: _LEFT + at / end * _WIDE


def _time_axis(stretches: Sequence[Stretch], pauses: Sequence[float]) -> Iterator[Markup]:
    across = _along(stretches)
    end = stretches[-1].start + stretches[-1].seconds
    for at in _clock_steps(end):
        yield _text(across(at), _HEIGHT - 8, _clock(at))
        yield _line(across(at), _FLOOR, across(at), _FLOOR + 4, "axis")
    for at in pauses:
        yield _line(across(at), _TOP, across(at), _FLOOR, "mark")
        yield _text(across(at), _TOP - 5, "paused")


def _clock_steps(end: float) -> Iterator[float]:
    step = next((step for step in (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600) if end / step <= 5), 7200.0)
    step *= ceil(end / step / 5)
    for place in range(int(end / step) + 1):
        yield place * step


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:g} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours}:{minutes:02} h" if hours else f"{minutes}:{int(seconds) % 60:02} min"
