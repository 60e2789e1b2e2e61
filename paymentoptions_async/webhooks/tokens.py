"""The token in a webhook's address: what the gateway's missing signature is made up for by.

Whoever posts to the address must know it, and it is good for one reference alone (gateway/API.md, "Webhooks").
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from typing import Final
from urllib.parse import urlsplit

from ..errors import ConfigurationError, Problem
from ..models.request import refusal
from ..redaction import Secret
from ..settings import Settings

__all__ = ["Tokens"]

# 144 bits, in characters that an address may hold as they are.
_BYTES: Final = 18
_LONGEST_URL: Final = 255


class Tokens:
    """Makes and checks them.

    Args:
        settings: Has the key, and those that were in use before it.
    """

    def __init__(self, settings: Settings) -> None:
        secret = settings.webhook_secret
        self._secrets = (secret, *settings.former_webhook_secrets) if secret else ()

    def url(self, base: str, merchant_txn_ref: str) -> str:
        """The address for one reference.

        Args:
            base: Where your endpoint is; the token becomes the last part of its path.
            merchant_txn_ref: The reference.

        Raises:
            ConfigurationError: There is no key.
            InvalidRequestError: The base is no address, or too long.
        """
        if problem := _problem_of(base):
            raise refusal([Problem("webhook_url", problem)])
        url = f"{base.rstrip('/')}/{_token(self._known()[0], merchant_txn_ref)}"
        if len(url) > _LONGEST_URL:
            raise refusal([Problem("webhook_url", f"at most {_LONGEST_URL} characters with its token")])
        return url

    def fits(self, token: str, merchant_txn_ref: str) -> bool:
        """Whether a token is that of a reference. Takes as long for a wrong one as for a right one.

        Raises:
            ConfigurationError: There is no key.
        """
        given = token.encode("utf-8", "replace")
        # All are compared, so that the time does not tell which one fits.
        fitting = [hmac.compare_digest(given, _token(key, merchant_txn_ref).encode()) for key in self._known()]
        return any(fitting)

    def _known(self) -> tuple[Secret, ...]:
        if not self._secrets:
            raise ConfigurationError("webhook_secret: needed for webhooks (PAYMENTOPTIONS_WEBHOOK_SECRET)")
        return self._secrets


def _token(secret: Secret, merchant_txn_ref: str) -> str:
    content = b"webhook\n" + merchant_txn_ref.encode("utf-8", "surrogatepass")
    digest = hmac.digest(secret.reveal().encode(), content, "sha256")
    return urlsafe_b64encode(digest[:_BYTES]).decode()


def _problem_of(base: object) -> str | None:
    rule = "an http:// or https:// address without query and fragment"
    if not isinstance(base, str) or not base.isascii() or not base.isprintable() or set(base) & set(" ?#"):
        return rule
    try:
        parts = urlsplit(base)
        _ = parts.port
    except ValueError:
        return rule
    return None if parts.scheme in ("http", "https") and parts.hostname else rule
