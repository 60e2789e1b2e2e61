"""What is not used costs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

import pytest

ELSEWHERE: Final = {
    "aiohttp.web", "anyio", "cryptography", "django", "fastapi", "litestar", "opentelemetry", "procrastinate",
    "psycopg", "psycopg_pool", "pydantic", "pytest", "quart", "rich", "sanic", "starlette", "typer", "uvicorn",
}  # fmt: skip
"""Frameworks, command line, database drivers: nobody pays for them who does not use them."""


@pytest.mark.parametrize("module", ["paymentoptions_async", "paymentoptions_async.integrations"])
def test_the_package_imports_no_framework_no_command_line_and_no_database_driver(module: str) -> None:
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ELSEWHERE.isdisjoint(json.loads(told.stdout))
