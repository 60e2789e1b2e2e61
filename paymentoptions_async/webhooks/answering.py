"""From a posted delivery to the status that answers it, for every framework alike."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ..errors import WebhookRefusedError

if TYPE_CHECKING:
    from .receiver import OnEvent, Webhooks

__all__ = ["answer", "patience"]

# Seconds that a peer has to send a delivery in. Whoever it is: the address has not been looked at by then.
_PATIENCE: Final = 10.0


def patience() -> asyncio.Timeout:
    """For the reading of a delivery: a `TimeoutError` is answered with 408.

    No server ends while a request is being read, and one that sets no limit by itself would wait for it for ever.
    """
    return asyncio.timeout(_PATIENCE)


async def answer(
    webhooks: Webhooks, on_event: OnEvent | None, *, path: str, body: bytes, headers: Mapping[str, str]
) -> int:
    """Take a delivery, and have the application told of it.

    Args:
        webhooks: Takes it.
        on_event: Is awaited before the delivery is answered.
        path: That it was posted to; its last part is the token.
        body: The bytes, at most one more than `LONGEST`.
        headers: Of the request.

    Returns:
        The HTTP status to answer with.
    """
    receiving = webhooks.receive(token=path.rpartition("/")[2], body=body, headers=headers)
    del body  # it may hold the card number, and a traceback shows this frame
    try:
        event = await receiving
    except WebhookRefusedError as refused:
        return refused.status
    if on_event is not None:
        await on_event(event)
    return 200
