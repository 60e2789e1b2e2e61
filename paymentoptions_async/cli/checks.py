"""What the doctor looks at. Each check tells what it saw, and what to do where that is a problem."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import ssl
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final
from urllib.parse import urlsplit

import attrs

from .. import Challenge, ConfigurationError, PaymentOptions, PaymentOptionsError, PurchaseRequest, Settings

__all__ = ["Check", "check_connection", "check_sandbox", "check_settings", "check_versions"]

_PACKAGE: Final = "paymentoptions-async"
_PYTHON: Final = (3, 11)
_SECONDS: Final = 5.0
_REQUIRED: Final = (
    "PAYMENTOPTIONS_API_KEY",
    "PAYMENTOPTIONS_X_API_KEY",
    "PAYMENTOPTIONS_MERCHANT_ID",
    "PAYMENTOPTIONS_LEDGER_SECRET",
)
_OPTIONAL: Final = (
    "PAYMENTOPTIONS_BASE_URL",
    "PAYMENTOPTIONS_LEDGER",
    "PAYMENTOPTIONS_FORMER_LEDGER_SECRETS",
)
_ADVICE: Final = {
    "PAYMENTOPTIONS_LEDGER_SECRET": (
        "make one with python3 -c 'import secrets; print(secrets.token_hex(32))', and keep it as long as the ledger"
    ),
}
_REQUIREMENT: Final = re.compile(r"([\w.-]+)(?:>=([\d.]+))?(?:.*extra == ['\"](\w+)['\"])?")


@attrs.frozen
class Check:
    """One line of the doctor's.

    Attributes:
        name: What was looked at.
        ok: Whether it is as it should be.
        detail: What was seen; never the value of a secret.
        advice: What to do about a problem.
    """

    name: str
    ok: bool
    detail: str
    advice: str | None = None


def check_versions() -> Iterator[Check]:
    """Python, the package and what it depends on."""
    yield Check(
        "python",
        sys.version_info >= _PYTHON,
        platform.python_version(),
        "install Python 3.11 or newer",
    )
    yield Check(_PACKAGE, ok=True, detail=version(_PACKAGE))
    for requirement in requires(_PACKAGE) or []:
        if (match := _REQUIREMENT.match(requirement)) and match[3] in (None, "cli"):
            yield _check_dependency(match[1], match[2] or "0")


def _check_dependency(name: str, lowest: str) -> Check:
    advice = f"pip install '{name}>={lowest}'"
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(name, ok=False, detail="not installed", advice=advice)
    return Check(name, _numbers(found) >= _numbers(lowest), found, advice)


def _numbers(found: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", found)[:3]]


def check_settings() -> tuple[list[Check], Settings | None]:
    """The environment: which variables are set, and whether they make settings."""
    checks = [_check_variable(name, required=True) for name in _REQUIRED]
    checks += [_check_variable(name, required=False) for name in _OPTIONAL]
    try:
        settings = Settings.from_env()
    except ConfigurationError as mistake:
        if all(check.ok for check in checks):
            advice = "mend the variables of the environment"
            checks.append(Check("settings", ok=False, detail=str(mistake), advice=advice))
        return checks, None
    return [*checks, Check("base url", ok=True, detail=settings.base_url)], settings


def _check_variable(name: str, *, required: bool) -> Check:
    if os.environ.get(name):
        return Check(name, ok=True, detail="set")
    detail = "not set" if required else "not set, and not required"
    return Check(name, not required, detail, _ADVICE.get(name, f"export {name}=..."))


async def check_connection(base_url: str) -> list[Check]:
    """Whether the gateway can be reached. A connection is made and closed; no request is sent.

    Args:
        base_url: Of settings that are right.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    dns = await _check_dns(host, port)
    if not dns.ok:
        return [dns]
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    return [dns, await _check_connect(host, port, tls)]


async def _check_dns(host: str, port: int) -> Check:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_SECONDS):
            found = await loop.getaddrinfo(host, port)
    except OSError as fault:
        advice = "look at the name in PAYMENTOPTIONS_BASE_URL, and at this machine's DNS"
        return Check("dns", ok=False, detail=f"{host}: {_told(fault)}", advice=advice)
    addresses = sorted({str(entry[4][0]) for entry in found})
    return Check("dns", ok=True, detail=f"{host}: {', '.join(addresses)}")


async def _check_connect(host: str, port: int, tls: ssl.SSLContext | None) -> Check:
    name = "tcp and tls" if tls else "tcp"
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=tls)
    except OSError as fault:
        advice = "look at firewall, certificates and PAYMENTOPTIONS_BASE_URL; no proxy is taken from the environment"
        return Check(name, ok=False, detail=f"{host} port {port}: {_told(fault)}", advice=advice)
    writer.transport.abort()
    took = (loop.time() - begun) * 1000
    return Check(name, ok=True, detail=f"{host} port {port}: connected in {took:.0f} ms")


def _told(fault: OSError) -> str:
    if isinstance(fault, TimeoutError):
        return f"no answer within {_SECONDS:g} s"
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"certificate: {fault.verify_message}"
    return str(fault.strerror or fault)


async def check_sandbox(request: PurchaseRequest) -> Check:
    """A whole purchase against the embedded gateway.

    Args:
        request: One that the sandbox approves.
    """
    from ..sandbox import Sandbox

    advice = "this is a fault of the package: please report it"
    async with Sandbox() as gateway, PaymentOptions(gateway.settings()) as client:
        try:
            answer = await client.payments.purchase(request)
        except PaymentOptionsError as error:
            return Check("sandbox", ok=False, detail=str(error), advice=advice)
        charges = gateway.charges(request.merchant_txn_ref)
    paid = not isinstance(answer, Challenge) and charges == 1
    return Check("sandbox", paid, f"a test purchase moved the money {charges} time(s)", advice)
