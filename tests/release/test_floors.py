"""The lowest versions that are promised are those that the session `floors` installs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools.floors import FOR_DEVELOPERS, floors

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "floors.py"


def project(*dependencies: str, **extras: list[str]) -> dict[str, Any]:
    return {"name": "tea", "dependencies": list(dependencies), "optional-dependencies": extras}


@pytest.mark.parametrize(
    ("told", "constraints"),
    [
        pytest.param(project("kettle>=1.2"), ["kettle==1.2"], id="a dependency"),
        pytest.param(project(cups=["china-ware>=3"]), ["china-ware==3"], id="an extra"),
        pytest.param(project("kettle[gas,whistle]>=1.2.1"), ["kettle==1.2.1"], id="extras of a dependency"),
        pytest.param(project("kettle>=2b1"), ["kettle==2b1"], id="a version before the first one"),
        pytest.param(project(all=["tea[cups]"], cups=["china>=3"]), ["china==3"], id="an extra of extras"),
        pytest.param(project(test=["taster>=9"], docs=["pen"]), [], id="what only developers install"),
    ],
)
def test_a_floor_is_pinned(told: dict[str, Any], constraints: list[str]) -> None:
    assert list(floors(told)) == constraints


@pytest.mark.parametrize("requirement", ["kettle", "kettle==1", "kettle>=1,<2", "kettle>1", "kettle>=1; os_name=='nt'"])
def test_what_promises_another_thing_than_a_floor_is_refused(requirement: str) -> None:
    with pytest.raises(ValueError, match="has no lowest version alone"):
        list(floors(project(requirement)))


def test_it_writes_those_of_this_package_with_nothing_installed() -> None:
    told = subprocess.run([sys.executable, "-I", "-S", str(TOOL)], capture_output=True, text=True, check=True)
    assert {line.partition("==")[0] for line in told.stdout.splitlines()} >= {"aiohttp", "typer", "psycopg", "django"}


def test_the_audit_looks_at_all_that_users_can_install() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    [audited] = re.findall(r'^EXTRAS = "(.*)"$', (ROOT / "noxfile.py").read_text(), re.MULTILINE)
    assert set(audited.split(",")) == set(extras) - FOR_DEVELOPERS
