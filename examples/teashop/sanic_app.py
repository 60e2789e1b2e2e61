"""The tea shop on Sanic.

sanic examples.teashop.sanic_app:app
"""

from __future__ import annotations

from sanic import Request, Sanic
from sanic.response import HTTPResponse, html, redirect

from paymentoptions_async.integrations.sanic import client_of, setup

from . import shop

app = Sanic("teashop")
app.config.RESPONSE_TIMEOUT = app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 65  # longer than a charge may take
setup(app, shop.open_client)


@app.get("/")
async def show_form(_: Request) -> HTTPResponse:
    return answer(shop.show_form())


@app.post("/orders")
async def pay(request: Request) -> HTTPResponse:
    return answer(await shop.pay(client_of(request), request.form or {}, request.ip))


@app.get("/orders/<order:str>")
async def show_order(request: Request, order: str) -> HTTPResponse:
    return answer(await shop.show_order(client_of(request), order))


def answer(reply: shop.Reply) -> HTTPResponse:
    return redirect(reply.location, status=303) if reply.location else html(reply.html)
