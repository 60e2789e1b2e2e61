"""The tea shop on Litestar.

uvicorn --timeout-graceful-shutdown 70 examples.teashop.litestar_app:app
"""

from __future__ import annotations

from typing import Any

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from paymentoptions_async.integrations.litestar import Client, PaymentOptionsPlugin

from . import shop


@get("/")
async def show_form() -> Response[Any]:
    return answer(shop.show_form())


@post("/orders")
async def pay(paymentoptions: Client, request: Request[Any, Any, Any]) -> Response[Any]:
    payer = request.client.host if request.client else None
    return answer(await shop.pay(paymentoptions, await request.form(), payer))


@get("/orders/{order:str}")
async def show_order(paymentoptions: Client, order: FromPath[str]) -> Response[Any]:
    return answer(await shop.show_order(paymentoptions, order))


def answer(reply: shop.Reply) -> Response[Any]:
    if reply.location:
        return Redirect(reply.location, status_code=303)
    return Response(reply.html, status_code=200, media_type=MediaType.HTML)


app = Litestar([show_form, pay, show_order], plugins=[PaymentOptionsPlugin(shop.open_client)])
