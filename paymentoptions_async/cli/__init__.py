"""The command `paymentoptions`. It needs the extra: `pip install 'paymentoptions-async[cli]'`."""

from __future__ import annotations

import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command with this process's arguments, and exit."""
    try:
        from .app import run
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("typer", "rich"):
            raise
        sys.stderr.write(
            "paymentoptions: the command line needs typer and rich: pip install 'paymentoptions-async[cli]'\n"
        )
        sys.exit(2)
    sys.exit(run())
