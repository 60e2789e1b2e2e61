"""Pages that tell the same tell it alike: the errors in the README, in its translation and on their own page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paymentoptions_async import Reason, errors

ROOT = Path(__file__).parents[1]
README, JAPANESE = ((ROOT / name).read_text() for name in ("README.md", "README.ja.md"))
ERRORS = (ROOT / "docs" / "errors.md").read_text()

# What no decline is told with: nothing moved, or nobody knows.
NO_DECLINES = {Reason.APPROVED, Reason.PARTIAL, Reason.DUPLICATE, Reason.PENDING, Reason.UNCLEAR}


def rows(page: str) -> dict[str, str]:
    """The second cell of each row that begins with a name."""
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE))


def blocks(page: str) -> list[str]:
    return re.findall(r"^```.*?^```", page, re.DOTALL | re.MULTILINE)


def links(page: str) -> list[str]:
    return re.findall(r"\]\((?!README)([^)]+)\)", page)


def test_the_page_of_the_errors_tells_the_money_of_each_as_the_readme_does() -> None:
    told, readme = rows(ERRORS.replace("**", "")), rows(README.replace("**", ""))
    names = set(errors.__all__) - {"PaymentOptionsError", "Problem"}
    assert {name: told[name] for name in names} == {name: readme[name] for name in names}


def test_the_page_of_the_errors_says_of_every_reason_whether_to_try_again() -> None:
    table = ERRORS.partition("| `reason` |")[2].partition("\n\n")[0]
    told = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(.*?)\|", table, re.MULTILINE)))
    assert sorted(told) == sorted(set(Reason) - NO_DECLINES)


@pytest.mark.parametrize("part", [blocks, links])
def test_the_japanese_readme_keeps_step(part: object) -> None:
    assert callable(part)
    assert part(JAPANESE) == part(README)


def test_the_japanese_readme_has_the_same_parts_and_tables() -> None:
    def shape(page: str) -> list[str]:
        return [re.sub(r"[^#|]", "", line) for line in page.splitlines() if line.startswith(("#", "|"))]

    outside = [re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE) for page in (JAPANESE, README)]
    assert shape(outside[0]) == shape(outside[1])


def test_the_japanese_readme_tells_the_money_in_the_words_of_the_code_as_well() -> None:
    told = {name: re.findall(r"\(([^)]*)\)$", money) for name, money in rows(JAPANESE).items()}
    assert told == {name: [money.strip("*")] for name, money in rows(README).items()}


def test_each_readme_leads_to_the_other() -> None:
    assert "(README.ja.md)" in README
    assert "(README.md)" in JAPANESE
