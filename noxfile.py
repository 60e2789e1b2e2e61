"""Sessions of this project: `nox` runs tests, lint and types; `-s docs` builds the site, `-s torture` kills, and
`-s benchmarks` measures."""

from __future__ import annotations

import nox

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
def benchmarks(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run("python", "-m", "benchmarks.purchase", *session.posargs)
    session.run("python", "-m", "benchmarks.ledger")
    session.run("python", "-m", "benchmarks.batch", *session.posargs)
    session.run("python", "-m", "benchmarks.testing")
