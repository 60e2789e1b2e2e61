"""What the project's settings name."""

from __future__ import annotations

from typing import Any, Final

from django import conf
from django.utils.module_loading import import_string

from ...errors import ConfigurationError
from ..opening import Opens

__all__ = ["opens"]

_SETTING: Final = "PAYMENTOPTIONS_OPENS"


def opens() -> Opens:
    """What opens the client: server and commands open the same one, with the same ledger.

    Raises:
        ConfigurationError: The setting is missing or wrong.
    """
    named: Any = getattr(conf.settings, _SETTING, None)
    if not isinstance(named, str):
        raise ConfigurationError(f"{_SETTING}: the dotted path of what opens the client, in Django's settings")
    try:
        found: Opens = import_string(named)
    except ImportError as fault:
        raise ConfigurationError(f"{_SETTING}: {fault}") from None
    return found
