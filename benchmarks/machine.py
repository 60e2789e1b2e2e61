"""On what it is measured.

python -m benchmarks.machine
"""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
from importlib.metadata import version
from typing import Final

PACKAGES: Final = ("paymentoptions-async", "aiohttp", "orjson", "httpx", "stripe", "squareup", "openai", "httpx2")


def described() -> str:
    """The processor, and what runs on it."""
    told = subprocess.run(
        ["lscpu"], capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}
    ).stdout
    model = re.search(r"^Model name:\s*(.+)", told, re.MULTILINE)
    virtual = re.search(r"^Hypervisor vendor:\s*(.+)", told, re.MULTILINE)
    processor = f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores"
    if virtual:
        processor += f", a virtual machine ({virtual[1]})"
    system = (
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"* {processor}\n* {system}\n* {packages}"


if __name__ == "__main__":
    print(described())
