"""`paymentoptions doctor`."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Annotated

import typer

from .. import PurchaseRequest
from .checks import Check, check_connection, check_sandbox, check_settings, check_versions
from .exits import ExitCode
from .ledger.checking import check_ledger
from .logs import configure_logs
from .output import write_json, write_text
from .sample import sample_body
from .values import as_json as plain
from .values import shown

__all__ = ["doctor"]


def doctor(
    *,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Make a test purchase against an embedded gateway, in place of looking at the"
            " environment and the connection.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object: `ok` and the `checks`.")] = False,
) -> None:
    """Look whether everything is there to charge with: versions, settings, ledger, the way to the gateway.

    A connection to the gateway is made and closed. No request is sent and no
    secret is shown.

    For example:

        paymentoptions doctor

        paymentoptions doctor --sandbox --json
    """
    configure_logs(verbose=False)
    checks = list(check_versions())
    checks += [_try_sandbox()] if sandbox else _look_outside()
    ok = all(check.ok for check in checks)
    if as_json:
        write_json({"ok": ok, "checks": [plain(check) for check in checks]})
    else:
        write_text("".join(map(_line, checks)))
    raise typer.Exit(ExitCode.OK if ok else ExitCode.REFUSED)


def _try_sandbox() -> Check:
    request = PurchaseRequest.from_json(json.dumps(sample_body()))
    return asyncio.run(check_sandbox(request))


def _look_outside() -> list[Check]:
    checks, settings = check_settings()
    checks.append(check_ledger(os.environ.get("PAYMENTOPTIONS_LEDGER") or None))
    if settings is not None:
        checks += asyncio.run(check_connection(settings.base_url))
    return checks


def _line(check: Check) -> str:
    mark = "ok     " if check.ok else "PROBLEM"
    advice = "" if check.ok or check.advice is None else f" -> {check.advice}"
    return f"{mark}  {shown(f'{check.name}: {check.detail}{advice}')}\n"
