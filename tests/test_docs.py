"""Every example is executed, and what the documents claim is what the code does."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import paymentoptions_async
from paymentoptions_async import PaymentOptionsError, errors
from paymentoptions_async.sandbox.faults import FAULT_KINDS
from paymentoptions_async.sandbox.rules import TEST_AMOUNTS, TEST_CARDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL))
]
MODULES = [
    module.name
    for module in pkgutil.walk_packages(paymentoptions_async.__path__, "paymentoptions_async.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_runs(block: str) -> None:
    told = subprocess.run(
        [sys.executable, "-W", "error", "-"], input=block, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("module", MODULES)
def test_every_docstring_example_runs(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_the_readmes_first_command_charges_the_seed() -> None:
    command = re.findall(r"```sh\n(.*?)\n```", README)[0].rpartition(" && ")[2]
    assert command == ".venv/bin/paymentoptions purchase examples/purchase.json --sandbox"
    told = subprocess.run(
        [sys.executable, "-m", "paymentoptions_async", *command.split()[1:]],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert "moved once" in told.stdout


def test_ci_runs_the_readmes_second_command() -> None:
    command = re.findall(r"```sh\n(.*?)\n```", README)[1]
    assert command in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_readme_tells_the_money_of_every_error() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", README, re.MULTILINE))
    kinds = {
        name: kind.money
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, PaymentOptionsError) and kind is not PaymentOptionsError
    }
    assert {name: rows[name].strip("*") for name in kinds} == kinds


def test_a_lost_answer_is_explained_where_it_is_looked_for() -> None:
    for text in (README, paymentoptions_async.RetryPolicy.__doc__ or ""):
        assert "RetryPolicy(repeat_after_send=True)" in text
        assert "A lost answer is not repeated by default" in text


def test_the_sandbox_page_lists_every_card_amount_and_fault() -> None:
    page = (ROOT / "docs" / "sandbox.md").read_text()
    for row in TEST_CARDS:
        assert f"| `{row.number}` | {row.scheme} | {row.tells} |" in page
    for amount in TEST_AMOUNTS:
        assert f"| `{amount.pattern}` | {amount.tells} |" in page
    for kind, fault in FAULT_KINDS.items():
        assert f"| `{kind}` | {', '.join(fault.positions)} |" in page
