"""What a running sandbox tells: how to reach it, and how to make it say no."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from ..sandbox import Sandbox
from ..sandbox.faults import FAULT_KINDS
from ..sandbox.rules import TEST_AMOUNTS, TEST_CARDS

__all__ = ["credentials", "fault_forms", "notice"]

# Listened on, but no address to connect to.
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # compared, not bound


def credentials(gateway: Sandbox) -> dict[str, Any]:
    """Where it is and what it accepts; `environment` is what a client has to be given, `page` is for a browser.

    Args:
        gateway: A sandbox that was started.
    """
    base_url = _reachable(gateway.base_url)
    # They are the sandbox's own and open no other door, so they may be shown.
    settings = gateway.settings(base_url="http://localhost")
    known = {
        "base_url": base_url,
        "api_key": settings.api_key.reveal(),
        "x_api_key": settings.x_api_key.reveal(),
        "merchant_id": settings.merchant_id,
    }
    environment = {f"PAYMENTOPTIONS_{name.upper()}": value for name, value in known.items()}
    return {**known, "page": f"{base_url}/", "environment": environment}


def _reachable(base_url: str) -> str:
    parts = urlsplit(base_url)
    host = _EVERYWHERE.get(parts.hostname or "")
    return f"http://{host}:{parts.port}" if host else base_url


def notice(gateway: Sandbox) -> str:
    """The same for people, with the test cards, the test amounts and the faults.

    Args:
        gateway: A sandbox that was started.
    """
    known = credentials(gateway)
    exports = [f"export {name}={value}" for name, value in known["environment"].items()]
    cards = [(card.number, f"{card.scheme}: {card.tells}") for card in TEST_CARDS]
    amounts = [(amount.pattern, amount.tells) for amount in TEST_AMOUNTS]
    faults = [line for name in FAULT_KINDS for line in _fault_lines(name)]
    return "\n".join(
        [
            f"The sandbox listens at {known['base_url']}. Ctrl-C ends it.",
            f"What happens there is shown at {known['page']} in a browser.",
            *_part("For a client", exports),
            *_part("Test cards (any expiry, any CVC)", _columns(cards)),
            *_part("Test amounts (with any card)", _columns(amounts)),
            *_part("Faults (--fault, one for each request in turn)", faults),
            "",
        ]
    )


def fault_forms(name: str) -> list[str]:
    """The texts that `--fault` takes for a kind of fault.

    Args:
        name: The kind.
    """
    kind = FAULT_KINDS[name]
    if kind.seconds is not None:
        return [name, f"{name}:SECONDS"] + ([f"{name}:date"] if name == "429" else [])
    return [name, *(f"{name}:{place}" for place in kind.positions if len(kind.positions) > 1)]


def _fault_lines(name: str) -> list[str]:
    first, *others = fault_forms(name)
    return [f"{first:<14}{FAULT_KINDS[name].tells}", *(f"  {form}" for form in others)]


def _part(title: str, lines: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {line}" for line in lines)]


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {tells}" for name, tells in rows]
