"""Every example is executed, and what the documents claim is what the code does."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import inspect
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import paymentoptions_async
from paymentoptions_async import PaymentOptionsError, errors
from paymentoptions_async.cli.notice import credentials
from paymentoptions_async.sandbox import Sandbox
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


SECRET = "a secret of the tests' ledger"


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """What `paymentoptions sandbox` tells to export, as long as it runs."""
    command = [sys.executable, "-m", "paymentoptions_async", "sandbox", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stdout is not None
        told = json.loads(sandbox.stdout.readline())["environment"]
        yield {**os.environ, **told, "PAYMENTOPTIONS_LEDGER_SECRET": SECRET, "PAYMENTOPTIONS_WEBHOOK_SECRET": SECRET}
        sandbox.terminate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to run examples in, with those that are shipped."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def ran(block: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-"],
        input=block, cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_runs(block: str, folder: Path, environment: dict[str, str]) -> None:
    told = ran(block, folder, environment)
    assert told.returncode == 0, told.stderr


KILLED = re.findall(r"```python\n(.*?)```", README.partition("## Killed and run again")[2], re.DOTALL)[0]


@pytest.mark.asyncio
@pytest.mark.parametrize(("fault", "then"), [("hang:after_commit", "ReferenceInUseError"), (None, "replayed=True")])
async def test_the_readmes_example_is_killed_and_run_again_without_charging_twice(
    fault: str | None, then: str, folder: Path
) -> None:
    async with Sandbox(faults=[fault]) as gateway:
        environment = {**os.environ, **environment_of(gateway), "PAYMENTOPTIONS_LEDGER_SECRET": SECRET}
        first = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, cwd=folder, env=environment, stdout=subprocess.PIPE
        )
        assert first.stdout is not None
        if fault is None:
            await first.stdout.readline()
        while gateway.charges("qwe") == 0:
            await asyncio.sleep(0.01)
        first.kill()
        await first.communicate()
        again = await asyncio.to_thread(ran, KILLED, folder, environment)
        assert then in again.stdout + again.stderr
        assert gateway.charges("qwe") == 1


def environment_of(gateway: Sandbox) -> dict[str, str]:
    """What a client in another process is told of a sandbox of this one."""
    environment: dict[str, str] = credentials(gateway)["environment"]
    return environment


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


def test_the_readmes_second_command_charges_a_file(tmp_path: Path) -> None:
    command = re.findall(r"```sh\n(.*?)\n```", README)[1]
    assert command.startswith(".venv/bin/paymentoptions batch run examples/charges.csv --sandbox ")
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "charges.csv", tmp_path / "examples")
    told = subprocess.run(
        [sys.executable, "-m", "paymentoptions_async", *command.split()[1:]],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 3, told.stderr  # some answers are lost: that is what the faults are for
    results = (tmp_path / "examples" / "charges.sandbox.results.jsonl").read_text().splitlines()
    assert len(results) >= 1000
    assert "<svg" in (tmp_path / "examples" / "charges.sandbox.report.html").read_text()


def test_ci_runs_the_readmes_test_command() -> None:
    command = re.findall(r"```sh\n(.*?)\n```", README)[2]
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
