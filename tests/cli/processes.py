"""The command as a process of its own, and as a call in this one."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

from paymentoptions_async.sandbox import Sandbox

__all__ = ["BODY", "CARD", "SECRET", "Ended", "Shell", "clean_environment", "command", "environment_of", "run"]

BODY: Final = Path(__file__).parents[2] / "examples" / "purchase.json"
CARD: Final = "5200000000001005"
"""The card of that body."""
SECRET: Final = "a secret of the tests' ledger"


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def told(self) -> tuple[str, str, int]:
        """Of that object outcome and money, and the exit code."""
        return self.result["outcome"], self.result["money"], self.code

    @property
    def result(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        content = json.loads(self.out)
        assert isinstance(content, dict)
        return content


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without anything of ours but the ledger's secret, and more."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PAYMENTOPTIONS_")}
    return {**kept, "PAYMENTOPTIONS_LEDGER_SECRET": SECRET, **more}


def environment_of(gateway: Sandbox) -> dict[str, str]:
    """What a client of that sandbox has to be told."""
    settings = gateway.settings()
    return {
        "PAYMENTOPTIONS_API_KEY": settings.api_key.reveal(),
        "PAYMENTOPTIONS_X_API_KEY": settings.x_api_key.reveal(),
        "PAYMENTOPTIONS_MERCHANT_ID": settings.merchant_id,
        "PAYMENTOPTIONS_BASE_URL": settings.base_url,
    }


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "paymentoptions_async", *map(str, arguments)]


def run(*arguments: object, stdin: str = "", **environment: str) -> Ended:
    """Run it to its end."""
    done = subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        text=True,
        env=clean_environment(**environment),
        timeout=30,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


class Shell:
    """Runs the command as a process of its own, on a sandbox of this one and on one ledger.

    Attributes:
        environment: What it is told.
    """

    def __init__(self, gateway: Sandbox, place: Path) -> None:
        self.environment = {**environment_of(gateway), "PAYMENTOPTIONS_LEDGER": str(place)}

    async def __call__(self, *arguments: object, **more: str) -> Ended:
        return await asyncio.to_thread(lambda: run(*arguments, **{**self.environment, **more}))
