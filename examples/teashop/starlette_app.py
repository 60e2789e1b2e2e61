"""The tea shop on Starlette.

uvicorn --timeout-graceful-shutdown 70 examples.teashop.starlette_app:app
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from paymentoptions_async.integrations.starlette import client_of, lifespan, webhooks

from . import shop


async def show_form(_: Request) -> Response:
    return answer(shop.show_form())


async def pay(request: Request) -> Response:
    payer = request.client.host if request.client else None
    return answer(await shop.pay(client_of(request), await request.form(), payer))


async def show_order(request: Request) -> Response:
    return answer(await shop.show_order(client_of(request), request.path_params["order"]))


def answer(reply: shop.Reply) -> Response:
    return RedirectResponse(reply.location, 303) if reply.location else HTMLResponse(reply.html)


app = Starlette(
    lifespan=lifespan(shop.open_client),
    routes=[
        Route("/", show_form),
        Route("/orders", pay, methods=["POST"]),
        Route("/orders/{order}", show_order),
        Mount("/webhooks", webhooks()),
    ],
)
