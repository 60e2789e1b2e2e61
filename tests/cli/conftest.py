from __future__ import annotations

import io
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from paymentoptions_async.cli.app import run

from .elsewhere import Elsewhere
from .processes import SECRET, Ended, environment_of

Cli = Callable[..., Ended]


@pytest.fixture(autouse=True)
def clean_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No variable of ours is set but the ledger's secret, its folder is a new one, and structlog is as it was."""
    for name in list(os.environ):
        if name.startswith("PAYMENTOPTIONS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER_SECRET", SECRET)
    yield
    structlog.reset_defaults()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """A gateway that the commands find by the environment; their ledger is a file."""
    with Elsewhere(challenge_tells_id=True) as gateway:
        for name, value in environment_of(gateway.gateway).items():
            monkeypatch.setenv(name, value)
        yield gateway


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses: it is held, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command in this process: faster than a process of its own."""

    def call(*arguments: object, stdin: str = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["paymentoptions", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = run()
        return Ended(code, *capsys.readouterr())

    return call
