"""Everything that a client can be told, as frozen values that refuse to be wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, Self, get_args
from urllib.parse import urlsplit

import attrs

from .errors import ConfigurationError
from .redaction import Secret

__all__ = ["DEVELOPMENT", "LIVE", "RetryPolicy", "Settings", "Timeouts"]

# gateway/API.md, "Hosts and path".
LIVE: Final = "https://api.paymentoptions.com"
DEVELOPMENT: Final = "https://api-dev.paymentoptions.com"

_PLACE: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[\w-]+(?:\.[\w-]+)*\.?)(?::[0-9]*)?", re.ASCII)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ENVIRONMENT: Final = {
    "api_key": "PAYMENTOPTIONS_API_KEY",
    "x_api_key": "PAYMENTOPTIONS_X_API_KEY",
    "merchant_id": "PAYMENTOPTIONS_MERCHANT_ID",
    "base_url": "PAYMENTOPTIONS_BASE_URL",
    "ledger_secret": "PAYMENTOPTIONS_LEDGER_SECRET",
    "former_ledger_secrets": "PAYMENTOPTIONS_FORMER_LEDGER_SECRETS",
    "webhook_secret": "PAYMENTOPTIONS_WEBHOOK_SECRET",
    "former_webhook_secrets": "PAYMENTOPTIONS_FORMER_WEBHOOK_SECRETS",
}
_REQUIRED: Final = ("api_key", "x_api_key", "merchant_id")

LogLevel = Literal["debug", "info", "warning", "error", "critical"]
ApiKeyForm = Literal["plain", "colon", "encoded"]


_DAY: Final = 86_400.0


def _secret(value: str | Secret) -> Secret:
    return Secret(value) if isinstance(value, str) else value


def _secrets(values: Any) -> Any:
    if isinstance(values, str | Secret):
        return (_secret(values),)
    return tuple(_secret(value) for value in values) if isinstance(values, Iterable) else values


def _no_slash(url: Any) -> Any:
    return url.rstrip("/") if isinstance(url, str) else url


def _positive(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _DAY:
        raise ConfigurationError(f"{attribute.name}: a number of seconds greater than 0, at most a day")


def _whole(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not _is_whole(value):
        raise ConfigurationError(f"{attribute.name}: a whole number, at least 1")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _truth(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{attribute.name}: true or false")


@attrs.frozen(kw_only=True)
class Timeouts:
    """How long a call may take, in seconds.

    Attributes:
        total: One deadline over everything: the claim in the ledger, waiting for an earlier call or for a
            connection, connecting, every attempt and the pauses between them. When it passes with nothing sent the
            call ends in `NotSentError`, else in `OutcomeUnknownError`.
        connect: For making one connection (TCP and TLS); an attempt that fails so is made again.
        read: For silence on the socket while an answer is awaited. `None`: only `total` ends the wait.
    """

    total: float = attrs.field(default=60.0, validator=_positive)
    connect: float = attrs.field(default=10.0, validator=_positive)
    read: float | None = attrs.field(default=None, validator=attrs.validators.optional(_positive))


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """What is tried again, and how often.

    A fault that came before the request left, and HTTP 429, are always tried again: the money cannot have moved.

    **A lost answer is not repeated by default, because this gateway may charge a repeated `merchant_txn_ref` a
    second time; if the vendor has promised you that it refuses a repeat, switch repeating on with
    `RetryPolicy(repeat_after_send=True)`.** Then the same bytes go out again under the same reference, and a
    `duplicate` answer to them means that the first one arrived, not that it was declined.

    Attributes:
        max_attempts: How many times a request is sent at the most, the first included.
        base: Seconds; before retry n the pause is drawn evenly from 0 to `min(cap, base * 2**(n - 1))`.
        cap: Seconds; the longest pause, and the most of a `Retry-After` that is obeyed.
        repeat_after_send: Whether a request whose answer was lost goes out again.
    """

    max_attempts: int = attrs.field(default=4, validator=_whole)
    base: float = attrs.field(default=0.2, validator=_positive)
    cap: float = attrs.field(default=10.0, validator=_positive)
    repeat_after_send: bool = attrs.field(default=False, validator=_truth)


@attrs.frozen(kw_only=True)
class Settings:
    """What a client needs to know: who you are, where the gateway is, how patient to be.

    Attributes:
        api_key: Goes out as `Authorization: Basic ...`.
        x_api_key: Goes out as `x-api-key`. The vendor may have given you one secret for both.
        merchant_id: Sent where a request has none of its own.
        base_url: The gateway's address. One that ends in `/api/v1` gives the doubled prefix that some pages of
            the vendor's show. Plain `http` is taken for this machine only.
        api_key_form: How `api_key` is written into the header: `plain` encodes the key, `colon` encodes the key
            and a colon (as an HTTP user name without password), `encoded` sends it as it is.
        timeouts: The deadline and its parts.
        retry: What is tried again.
        ledger_secret: Your key for the ledger's fingerprints. The ledger in memory makes its own.
        former_ledger_secrets: Keys that were in use before it: what was charged under them is still known.
        webhook_secret: Your key for the tokens in webhook addresses. Keep it: another key makes another address, and
            with that another charge of a repeated request.
        former_webhook_secrets: Keys that were in use before it: their addresses are still taken.
        max_connections: How many connections the client's own pool opens at the most.
        log_level: The lowest level of the client's own lines. A paid purchase is an `info` line.

    Raises:
        ConfigurationError: Something is missing or wrong; all of it is told at once, and no secret is shown.
    """

    api_key: Secret = attrs.field(converter=_secret)
    x_api_key: Secret = attrs.field(converter=_secret)
    merchant_id: str
    base_url: str = attrs.field(default=LIVE, converter=_no_slash)
    api_key_form: ApiKeyForm = "plain"
    timeouts: Timeouts = attrs.field(factory=Timeouts)
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)
    ledger_secret: Secret | None = attrs.field(default=None, converter=attrs.converters.optional(_secret))
    former_ledger_secrets: tuple[Secret, ...] = attrs.field(default=(), converter=_secrets)
    webhook_secret: Secret | None = attrs.field(default=None, converter=attrs.converters.optional(_secret))
    former_webhook_secrets: tuple[Secret, ...] = attrs.field(default=(), converter=_secrets)
    max_connections: int = 100
    log_level: LogLevel = "warning"

    def __attrs_post_init__(self) -> None:
        if problems := _problems(self):
            raise ConfigurationError("; ".join(problems))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read `PAYMENTOPTIONS_API_KEY`, `_X_API_KEY`, `_MERCHANT_ID`, `_BASE_URL`, `_LEDGER_SECRET`, and so on.

        `PAYMENTOPTIONS_FORMER_LEDGER_SECRETS` and `_FORMER_WEBHOOK_SECRETS` may hold several, with commas between.

        Raises:
            ConfigurationError: A required variable is not set; all missing ones are named at once.
        """
        environ = os.environ if environ is None else environ
        given = {name: _sealed(name, environ[key]) for name, key in _ENVIRONMENT.items() if environ.get(key)}
        del environ  # a traceback of what is raised below shows this frame
        if missing := [_ENVIRONMENT[name] for name in _REQUIRED if name not in given]:
            raise ConfigurationError(f"not set in the environment: {', '.join(missing)}")
        return cls(**given)  # type: ignore[arg-type]  # the converters take plain strings


def _sealed(name: str, value: str) -> str | Secret | tuple[Secret, ...]:
    if name.startswith("former_"):
        return tuple(Secret(part.strip()) for part in value.split(","))
    return value if name in ("merchant_id", "base_url") else Secret(value)


def _problems(settings: Settings) -> list[str]:
    rules = {
        "api_key: a line of printable ASCII": _header_safe(settings.api_key),
        "x_api_key: a line of printable ASCII": _header_safe(settings.x_api_key),
        "merchant_id: a text of 1 to 128 characters": _fits(settings.merchant_id, 128),
        "api_key_form: one of plain, colon, encoded": settings.api_key_form in get_args(ApiKeyForm),
        "max_connections: a whole number, at least 1": _is_whole(settings.max_connections),
        "ledger_secret: at least 16 characters, no space around": _none_or_long(settings.ledger_secret),
        "former_ledger_secrets: at least 16 characters each": _all_long_enough(settings.former_ledger_secrets),
        "webhook_secret: at least 16 characters, no space around": _none_or_long(settings.webhook_secret),
        "former_webhook_secrets: at least 16 characters each": _all_long_enough(settings.former_webhook_secrets),
        "timeouts: a Timeouts": isinstance(settings.timeouts, Timeouts),
        "retry: a RetryPolicy": isinstance(settings.retry, RetryPolicy),
        f"log_level: one of {', '.join(get_args(LogLevel))}": settings.log_level in get_args(LogLevel),
    }
    found = [rule for rule, is_kept in rules.items() if not is_kept]
    if problem := _url_problem(settings.base_url):
        found.append(f"base_url: {problem}")
    return found


def _fits(value: object, longest: int) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        return False
    return _encodable(value)


def _encodable(value: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _long_enough(secret: object) -> bool:
    if not isinstance(secret, Secret):
        return False
    value = secret.reveal()
    # As it would be read back from the environment, where bytes that are no UTF-8 come as what cannot be encoded.
    return len(value) >= 16 and value == value.strip() and _encodable(value)


def _none_or_long(secret: object) -> bool:
    return secret is None or _long_enough(secret)


def _all_long_enough(secrets: object) -> bool:
    return isinstance(secrets, tuple) and all(map(_long_enough, secrets))


def _header_safe(secret: object) -> bool:
    if not isinstance(secret, Secret):
        return False
    value = secret.reveal()
    return bool(value.strip()) and value.isascii() and value.isprintable()


def _is_place(netloc: str) -> bool:
    """Whether the transport, which is stricter than the standard library, can go there."""
    if not _PLACE.fullmatch(netloc):
        return False
    try:
        netloc.encode().decode("idna")
    except UnicodeError:
        return False
    return True


def _url_problem(url: object) -> str | None:
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return "an https:// address"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "an https:// address"
    if "@" in parts.netloc:
        return "no credentials in the address"
    if not _is_place(parts.netloc):
        return "an https:// address with the name or number of a host"
    if "?" in url or "#" in url:
        return "no query and no fragment"
    if parts.scheme == "https" and parts.hostname:
        return None
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return None
    return "an https:// address (plain http only for this machine)"
