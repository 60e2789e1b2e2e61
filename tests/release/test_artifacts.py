"""What is released: the wheel and the sdist, and the wheel as it runs where it is installed.

This is the quick form, with the dependencies of the tests; `nox -s installed` takes an environment of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest
from packaging.metadata import Metadata

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PACKAGE = "paymentoptions_async"
PLUGIN = "_paymentoptions_pytest.py"
EPOCH = "1700000000"
SDIST = {
    ".ci", ".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.ja.md", "README.md", "SECURITY.md",
    "THREAT_MODEL.md", PLUGIN, "benchmarks", "docs", "examples", "noxfile.py", PACKAGE, "pyproject.toml", "tests",
    "tools",
}  # fmt: skip
IMPORTS = f"""
import importlib, pkgutil, {PACKAGE}
for module in pkgutil.walk_packages({PACKAGE}.__path__, "{PACKAGE}."):
    if not module.name.endswith("__main__"):
        print(importlib.import_module(module.name).__file__)
"""
TEST = """
import pytest
from paymentoptions_async import PurchaseRequest
from paymentoptions_async.testing import assert_charged

@pytest.mark.asyncio
async def test_a_payment(gateway, payments):
    await payments.payments.purchase(PurchaseRequest.from_json(open("examples/purchase.json", "rb").read()))
    assert_charged(gateway, "qwe")
"""


def built(source: Path, into: Path) -> tuple[Path, Path]:
    """A wheel and an sdist."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(into)],
        cwd=source, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH}, capture_output=True, check=True,
    )  # fmt: skip
    [wheel], [sdist] = into.glob("*.whl"), into.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return built(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(dist: tuple[Path, Path]) -> ZipFile:
    return ZipFile(dist[0])


@pytest.fixture(scope="module")
def unpacked(dist: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the sdist holds."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(dist[1]) as sdist:
        sdist.extractall(folder, filter="data")
    [top] = folder.iterdir()
    return top


# --- what is in them --------------------------------------------------------------------------------------


def test_the_wheel_holds_the_package_with_its_data_and_the_plugin_and_nothing_else(wheel: ZipFile) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE).rglob("*.py")}
    samples = {path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE / "sandbox" / "samples").iterdir()}
    data = {f"{PACKAGE}/py.typed", f"{PACKAGE}/models/response_codes.csv"} | samples
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == modules | data | {PLUGIN}


def told(wheel: ZipFile, name: str) -> bytes:
    [path] = [path for path in wheel.namelist() if path.endswith(f".dist-info/{name}")]
    return wheel.read(path)


def test_its_metadata_are_valid_and_hold_licence_and_readme(wheel: ZipFile) -> None:
    metadata = Metadata.from_email(told(wheel, "METADATA"), validate=True)
    assert (metadata.license_expression, metadata.license_files) == ("MIT", ["LICENSE"])
    assert told(wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert (metadata.description_content_type, metadata.description) == ("text/markdown", README)


def test_its_entry_points_are_the_command_and_the_plugin(wheel: ZipFile) -> None:
    assert told(wheel, "entry_points.txt").decode().split("\n") == [
        "[console_scripts]", f"paymentoptions = {PACKAGE}.cli:main", "",
        "[pytest11]", f"paymentoptions = {PLUGIN.removesuffix('.py')}", "",
    ]  # fmt: skip


def test_the_sdist_holds_what_the_tests_need_and_nothing_that_was_made(unpacked: Path) -> None:
    assert {path.name for path in unpacked.iterdir()} == SDIST
    made = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
    assert not [path for path in unpacked.rglob("*") if made & set(PurePosixPath(path).parts)]


def test_the_sdist_builds_the_very_same_wheel_and_itself_again(
    dist: tuple[Path, Path], unpacked: Path, tmp_path: Path
) -> None:
    assert [path.read_bytes() for path in built(unpacked, tmp_path)] == [path.read_bytes() for path in dist]


# --- as it is installed -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(dist: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("installed")
    command = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile", "--target", str(folder)]
    subprocess.run([sys.executable, *command, str(dist[0])], check=True)
    return folder


@pytest.fixture
def run(installed: Path, unpacked: Path, tmp_path: Path) -> Run:
    """Runs a command where there is nothing but the vendor's sample."""
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "purchase.json").write_bytes((unpacked / "examples" / "purchase.json").read_bytes())
    return Run(installed, tmp_path)


class Run:
    """Runs commands with the package that was installed, and not that of the checkout.

    Attributes:
        installed: Where it was installed.
        folder: Where they are run.
    """

    def __init__(self, installed: Path, folder: Path) -> None:
        self.installed = installed
        self.folder = folder

    def __call__(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=self.folder, env={**os.environ, "PYTHONPATH": str(self.installed)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_each_of_its_modules_can_be_imported(run: Run) -> None:
    files = run("-c", IMPORTS).splitlines()
    assert len(files) > 100
    assert [file for file in files if not Path(file).is_relative_to(run.installed)] == []


def test_the_readmes_first_command_runs(run: Run) -> None:
    [command] = re.findall(r"\.venv/bin/paymentoptions (purchase .*)", README)
    assert "moved once" in run(str(run.installed / "bin" / "paymentoptions"), *command.split())


def test_the_command_tells_how_it_is_used(run: Run) -> None:
    told = run(str(run.installed / "bin" / "paymentoptions"), "--help")
    assert {"purchase", "batch", "ledger", "sandbox", "doctor"} <= set(told.split())


def test_the_plugin_gives_its_fixtures(run: Run) -> None:
    (run.folder / "test_shop.py").write_text(TEST)
    told = run("-m", "pytest", "-p", "no:cacheprovider", "test_shop.py")
    assert "1 passed" in told
