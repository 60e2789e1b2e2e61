"""Bodies at rest are sealed: AES-256-GCM (NIST SP 800-38D), with a new random nonce for each.

A body is sealed for its row in its batch, which goes in as associated data: in another row it does not open.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, NoReturn, Self

import orjson

from ..errors import ConfigurationError

__all__ = ["RowKey", "Sealed", "Sealer"]

_KEY: Final = "PAYMENTOPTIONS_SEAL_KEY"
_FORMER_KEYS: Final = "PAYMENTOPTIONS_FORMER_SEAL_KEYS"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_RULE: Final = f"{_KEY_BYTES} random bytes, as 64 hexadecimal digits or in base64"

Key = bytes | Callable[[], bytes]


class RowKey(NamedTuple):
    """The row that a body belongs to.

    Attributes:
        batch: The id of its batch.
        number: Its number in it.
        merchant_txn_ref: Its reference.
    """

    batch: str
    number: int
    merchant_txn_ref: str


class Sealed(NamedTuple):
    """A body that only a key opens.

    Attributes:
        key_id: Tells which.
        content: The nonce, and what it was sealed into.
    """

    key_id: str
    content: bytes


class Sealer:
    """Seals bodies with one key, and opens those that were sealed with it or with an earlier one.

    Args:
        key: 32 bytes, or what gives them, such as a call to a key service. It is called once.
        former_keys: Keys that were in use before it, likewise.

    Raises:
        ConfigurationError: A key has another length, or `cryptography` is not installed.
    """

    def __init__(self, key: Key, former_keys: Iterable[Key] = ()) -> None:
        try:
            from cryptography.exceptions import InvalidTag
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise ConfigurationError("sealing needs cryptography: paymentoptions-async[cluster]") from None
        keys = {_derived(given, b"id")[:8].hex(): given for given in (_bytes_of(one) for one in (key, *former_keys))}
        del key, former_keys  # a traceback of what is raised below shows this frame
        if any(len(given) != _KEY_BYTES for given in keys.values()):
            keys.clear()
            raise ConfigurationError(f"a seal key is {_RULE}")
        self._invalid = InvalidTag
        self._ciphers = {name: AESGCM(given) for name, given in keys.items()}
        self._digest_keys = {name: _derived(given, b"digest") for name, given in keys.items()}
        self.key_id: Final = next(iter(keys))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """With the keys of `PAYMENTOPTIONS_SEAL_KEY` and `PAYMENTOPTIONS_FORMER_SEAL_KEYS` (with commas between).

        Raises:
            ConfigurationError: There is none, or one is not written as it should be.
        """
        environ = os.environ if environ is None else environ
        keys = [_read(environ.get(_KEY, "")), *map(_read, filter(None, environ.get(_FORMER_KEYS, "").split(",")))]
        is_set = bool(environ.get(_KEY))
        del environ  # a traceback of what is raised below shows this frame
        good = [key for key in keys if key is not None]
        if len(good) < len(keys):
            keys.clear()
            good.clear()
            problem = f"{_KEY}, {_FORMER_KEYS}: each {_RULE}" if is_set else f"not set in the environment: {_KEY}"
            raise ConfigurationError(problem)
        return cls(good[0], good[1:])

    def seal(self, body: bytes, key: RowKey) -> Sealed:
        """Seal a body for its row.

        Args:
            body: What nobody else is to read.
            key: The row in which it will be.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return Sealed(self.key_id, nonce + self._ciphers[self.key_id].encrypt(nonce, body, _written(key)))

    def open(self, sealed: Sealed, key: RowKey) -> bytes:
        """Give a body back.

        Args:
            sealed: As it was stored.
            key: The row in which it was found.

        Raises:
            ConfigurationError: Its key is not among ours, or it was changed, or belongs elsewhere.
        """
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise ConfigurationError(
                f"a body was sealed with key {sealed.key_id}, which is neither {_KEY} nor among {_FORMER_KEYS}"
            )
        nonce, content = sealed.content[:_NONCE_BYTES], sealed.content[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, content, _written(key))
        except (self._invalid, ValueError):
            raise ConfigurationError("a sealed body was changed, or moved from another row") from None

    def digest(self, key_id: str) -> hmac.HMAC:
        """A keyed hash, to know content again that may not be kept: who has no key cannot try numbers out on it.

        Args:
            key_id: Of the key.

        Raises:
            ConfigurationError: It is not among ours.
        """
        key = self._digest_keys.get(key_id)
        if key is None:
            raise ConfigurationError(
                f"the batch was sealed with key {key_id}, which is neither {_KEY} nor among {_FORMER_KEYS}"
            )
        return hmac.new(key, digestmod="sha256")

    def __repr__(self) -> str:
        return f"<Sealer with key {self.key_id}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Sealer is not pickled: its key must not leave the process by that way")


def _bytes_of(key: Key) -> bytes:
    return key() if callable(key) else key


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"paymentoptions seal " + purpose, "sha256")


def _read(text: str) -> bytes | None:
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 2 * _KEY_BYTES else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return key if len(key) == _KEY_BYTES else None


def _written(key: RowKey) -> bytes:
    return orjson.dumps(list(key))
