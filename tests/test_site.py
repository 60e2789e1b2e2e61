"""The site is built without a warning, names all that is public, and has no dead link; nor have its pages elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from pkgutil import iter_modules
from urllib.parse import unquote, urlsplit

import pytest

import paymentoptions_async
from paymentoptions_async import cluster, integrations, sandbox, testing

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
PUBLIC = {
    f"{module.__name__}.{name}"
    for module in (paymentoptions_async, cluster, sandbox, testing)
    for name in module.__all__
} | {f"module-{module.name}" for module in iter_modules(integrations.__path__, f"{integrations.__name__}.")}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    options = ["-b", "html", "-n", "-W", "--keep-going", "-q", "-c", "docs", "-d", str(folder / "doctrees")]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, ".", str(folder / "html")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder / "html"


class Page(HTMLParser):
    """What leads away from a page of the site, and what can be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.links += [given[name] for name in ("href", "src") if name in given]
        self.anchors |= {given["id"]} if "id" in given else set()


@cache
def read(path: Path) -> Page:
    return Page(path.read_text())


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    assert PUBLIC - read(site / "docs" / "api.html").anchors == set()


def test_no_link_of_the_site_is_dead_and_none_loads_anything_from_elsewhere(site: Path) -> None:
    dead = []
    for page in site.rglob("*.html"):
        for link in map(urlsplit, read(page).links):
            if link.scheme or link.netloc:
                continue
            target = (page.parent / unquote(link.path)).resolve() if link.path else page
            is_there = target.is_file() and (
                not link.fragment or target.suffix != ".html" or unquote(link.fragment) in read(target).anchors
            )
            dead += [] if is_there else [f"{page.relative_to(site)}: {link.geturl()}"]
        assert not re.findall(r"<(?:script|img|link)[^>]*(?:src|href)=\"(?:https?:)?//", page.read_text())
    assert dead == []


def anchors_of(document: Path) -> set[str]:
    """Those of its headings on a code host."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = (heading.replace("`", "").strip().lower() for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE))
    return {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_of_a_page_is_dead_on_a_code_host(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for link in map(urlsplit, re.findall(r"\]\(([^)\s]+)\)", text)):
        if link.scheme:
            continue
        target = (page.parent / link.path).resolve() if link.path else page
        assert target.exists(), link.geturl()
        assert not link.fragment or link.fragment in anchors_of(target), link.geturl()
