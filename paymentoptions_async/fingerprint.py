"""What a charge is known by: a keyed hash of its content."""

from __future__ import annotations

import hmac
import os
from typing import Final

from .models.wire import Body
from .settings import Settings

__all__ = ["Fingerprints"]

_PROCESS_KEY: Final = os.urandom(32)


class Fingerprints:
    """HMAC-SHA-256 over the gateway's address, the operation and the body without its CVC.

    The same bytes must come out in every release: else a repeated call would be a conflict with itself.

    Args:
        settings: Has the key, and those that were in use before it. Without one the key is of this process.
    """

    def __init__(self, settings: Settings) -> None:
        secret = settings.ledger_secret
        keys = [secret.reveal().encode() if secret else _PROCESS_KEY]
        keys += [former.reveal().encode() for former in settings.former_ledger_secrets]
        self._macs = [hmac.new(key, digestmod="sha256") for key in keys]
        # The same reference at another gateway is another charge.
        self._address = settings.base_url.encode()

    def of(self, operation: str, body: Body) -> tuple[bytes, ...]:
        """The fingerprints by the present key and by the former ones, in this order."""
        content = b"%b\n%b\n%b" % (self._address, operation.encode(), body.identity)
        return tuple(_digest(mac, content) for mac in self._macs)


def _digest(mac: hmac.HMAC, content: bytes) -> bytes:
    mac = mac.copy()
    mac.update(content)
    return mac.digest()
