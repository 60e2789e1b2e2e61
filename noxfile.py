"""Sessions of this project: `nox` runs tests, lint and types; `-s docs` builds the site, `-s simulate`, `-s torture`,
`-s fuzz` and `-s mutants` look for faults, and `-s benchmarks` measures. For a release: `-s installed floors audit`."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import nox

# The tests that look at the repository itself, and not at what it makes of a payment.
OF_THE_REPOSITORY = ("tests/mutants", "tests/release", "tests/test_site.py", "tests/test_style.py")
# What users can install: all extras but those for developers.
EXTRAS = "cli,cluster,django,fastapi,litestar,opentelemetry,postgres,quart,sanic,starlette,testing"

nox.options.sessions = ["tests", "lint", "types"]
nox.options.error_on_missing_interpreters = False


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run("python", "-m", "sphinx", "-b", "html", "-n", "-W", "--keep-going", "-c", "docs", ".", "site")


@nox.session
def torture(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    full = {"PAYMENTOPTIONS_TORTURE": "full"}
    tortures = ("tests/torture", "tests/cluster/test_killed.py", "tests/frameworks")
    session.run("python", "-m", "pytest", "-s", *tortures, *session.posargs, env=full)


@nox.session
def simulate(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.simulation", *(session.posargs or ["--seeds", "0:20000"]))


@nox.session
def mutants(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    session.install("-e", ".[test]", "atheris>=3.0")
    session.run("python", "-m", "tests.fuzzing", *(session.posargs or ["--runs", "100000"]))


@nox.session
def benchmarks(session: nox.Session) -> None:
    session.install("-e", ".[benchmarks]")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def installed(session: nox.Session) -> None:
    """The wheel where it is installed, held by the tests of the sdist; the package of the checkout is far away."""
    session.install("build", "twine")
    with TemporaryDirectory() as folder:
        session.run("python", "-m", "build", "--outdir", folder)
        [wheel], [sdist] = Path(folder).glob("*.whl"), Path(folder).glob("*.tar.gz")
        session.run("twine", "check", "--strict", str(wheel), str(sdist))
        session.install(f"{wheel}[test]")
        shutil.unpack_archive(sdist, folder, filter="data")
        with session.chdir(str(sdist).removesuffix(".tar.gz")):
            shutil.rmtree("paymentoptions_async")
            Path("_paymentoptions_pytest.py").unlink()
            session.run("python", "-m", "mypy", "-p", "examples")
            session.run("python", "-m", "pytest", *without(OF_THE_REPOSITORY), *session.posargs)


@nox.session(python="3.11")
def floors(session: nox.Session) -> None:
    """The lowest versions that `pyproject.toml` names, of the dependencies and of all extras."""
    constraints = Path(session.virtualenv.location, "floors.txt")
    constraints.write_text(str(session.run("python", "tools/floors.py", silent=True)))
    session.install("-e", ".[test]", "-c", str(constraints))
    session.run("python", "-m", "pytest", *without(OF_THE_REPOSITORY), *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Known vulnerabilities in what is installed with the package today. What cannot be looked up fails as well."""
    session.install(f".[{EXTRAS}]")
    frozen = Path(session.virtualenv.location, "frozen.txt")
    frozen.write_text(str(session.run("pip", "freeze", "--exclude", "paymentoptions-async", silent=True)))
    session.install("pip-audit")
    session.run("pip-audit", "--strict", "--disable-pip", "--no-deps", "-r", str(frozen), *session.posargs)


def without(paths: tuple[str, ...]) -> list[str]:
    """The arguments that keep pytest from some tests."""
    return [f"--ignore={path}" for path in paths]
