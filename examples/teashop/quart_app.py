"""The tea shop on Quart.

hypercorn -w 0 --graceful-timeout 65 examples.teashop.quart_app:app
"""

from __future__ import annotations

from quart import Quart, Response, redirect, request
from quart.typing import ResponseReturnValue

from paymentoptions_async.integrations.quart import current_client, setup

from . import shop

app = Quart(__name__)
setup(app, shop.open_client)


@app.get("/")
async def show_form() -> ResponseReturnValue:
    return answer(shop.show_form())


@app.post("/orders")
async def pay() -> ResponseReturnValue:
    return answer(await shop.pay(current_client(), await request.form, request.remote_addr))


@app.get("/orders/<order>")
async def show_order(order: str) -> ResponseReturnValue:
    return answer(await shop.show_order(current_client(), order))


def answer(reply: shop.Reply) -> ResponseReturnValue:
    return redirect(reply.location, 303) if reply.location else Response(reply.html)
