"""Aids for the tests of an application: a quick client, assertions about charges, and a class for mocked answers.

The fixtures `gateway` and `payments` come with pytest's plugin, as soon as this package is installed.

Example:
    >>> from paymentoptions_async.sandbox import Sandbox
    >>> from paymentoptions_async.testing import assert_charged, quick_client
    >>> async def lost_answer() -> None:
    ...     async with Sandbox() as gateway, quick_client(gateway) as payments:
    ...         gateway.script.lose_answer()
    ...         ...  # pay: the money moves, no answer comes
    ...         assert_charged(gateway, "order-17", times=1)
"""

from __future__ import annotations

from .assertions import assert_charged, assert_not_charged, assert_verdict
from .clients import quick_client
from .mocks import MockedResponse

__all__ = ["MockedResponse", "assert_charged", "assert_not_charged", "assert_verdict", "quick_client"]
