"""For Django under ASGI: the client round the project's application, and the client of a request.

It is an app as well: `INSTALLED_APPS = [..., "paymentoptions_async.integrations.django"]` gives
`manage.py payment_unknowns`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ...client import PaymentOptions
from ...webhooks.for_asgi import Application, Message, Receive, Send
from ...webhooks.receiver import OnEvent
from .. import asgi
from ..opening import path_of
from .named import opens

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["client_of", "with_client"]


def with_client(
    application: Callable[[Any, Any, Any], Awaitable[None]],
    *,
    webhooks_path: str = "/webhooks",
    on_event: OnEvent | None = None,
) -> Application:
    """Django's application, with one client as long as the server lives, and with the webhooks.

    `asgi.py` ends so::

        application = with_client(get_asgi_application())

    The client is opened by what the setting `PAYMENTOPTIONS_OPENS` names. Django's middleware does not see webhooks:
    none of it has to be told of an exception, that of CSRF included.

    Args:
        application: What `get_asgi_application()` gives.
        webhooks_path: Where `webhooks.url` points to.
        on_event: Is awaited before a delivery is answered. What it raises makes the gateway deliver again.

    Raises:
        ConfigurationError: The setting is missing or wrong, or the path does not begin with a slash.
    """
    deliveries, prefix = asgi.webhooks(on_event), f"{path_of(webhooks_path)}/"

    async def dispatch(scope: Message, receive: Receive, send: Send) -> None:
        is_delivery = scope["type"] == "http" and _path(scope).startswith(prefix)
        await (deliveries if is_delivery else application)(scope, receive, send)

    return asgi.ClientMiddleware(dispatch, opens())


def client_of(request: HttpRequest) -> PaymentOptions:
    """The application's client.

    Args:
        request: Under ASGI; of an async view, or of a sync one that calls by `async_to_sync`.

    Raises:
        ConfigurationError: It was not opened.
    """
    return asgi.client_of(getattr(request, "scope", {}))


def _path(scope: Message) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
