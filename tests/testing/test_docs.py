"""The files of docs/testing.md, as they stand there, in one run of pytest."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

import pytest

pytest_plugins = ("pytester",)

ROOT: Final = Path(__file__).parents[2]
FILES: Final = dict(re.findall(r"```python (\S+)\n(.*?)```", (ROOT / "docs" / "testing.md").read_text(), re.DOTALL))


def test_the_files_of_the_page_are_tests_that_pass(pytester: pytest.Pytester) -> None:
    for name, text in FILES.items():
        (pytester.path / name).write_text(text)
    (pytester.path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "purchase.json", pytester.path / "examples")
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error")
    pytester.syspathinsert()
    count = sum(text.count("async def test_") for text in FILES.values())
    pytester.runpytest_inprocess().assert_outcomes(passed=count)
    assert count == 5


def test_the_page_tells_every_scripted_outcome() -> None:
    from paymentoptions_async.sandbox.script import Script

    page = (ROOT / "docs" / "testing.md").read_text()
    verbs = [name for name in vars(Script) if not name.startswith(("_", "draw_"))]
    assert [verb for verb in verbs if f"| `{verb}(" not in page] == []
