from __future__ import annotations

import re
from itertools import product

import pytest

from paymentoptions_async.sandbox.pages.style import STYLE

ROOTS = re.findall(r":root\{([^}]*)\}", STYLE.replace("\n", ""))
LIGHT, DARK = (dict(re.findall(r"--([a-z-]+):(#[0-9a-f]+)", root)) for root in ROOTS)
GROUNDS = ("ground", "paper")
TEXTS = ("ink", "soft", "accent", "bad")
PAIRS = [
    *product(TEXTS, GROUNDS),
    *((tone, f"{tone}-soft") for tone in ("good", "bad", "wait", "accent")),
    ("ink", "mute-soft"),
    ("accent-ink", "accent"),
]


def _luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(colours: dict[str, str], text: str, ground: str) -> None:
    darker, lighter = sorted(_luminance(colours[name]) for name in (text, ground))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_the_style_asks_for_nothing_elsewhere() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
