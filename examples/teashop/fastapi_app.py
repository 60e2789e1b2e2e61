"""The tea shop on FastAPI.

uvicorn --timeout-graceful-shutdown 70 examples.teashop.fastapi_app:app
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from paymentoptions_async.integrations.fastapi import Client, lifespan, webhooks

from . import shop

app = FastAPI(lifespan=lifespan(shop.open_client))
app.mount("/webhooks", webhooks())


@app.get("/")
async def show_form() -> Response:
    return answer(shop.show_form())


@app.post("/orders")
async def pay(client: Client, request: Request) -> Response:
    # Not declared as a model: FastAPI answers a wrong one with what was typed, and that would be the card number.
    return answer(await shop.pay(client, await request.form(), request.client.host if request.client else None))


@app.get("/orders/{order}")
async def show_order(client: Client, order: str) -> Response:
    return answer(await shop.show_order(client, order))


def answer(reply: shop.Reply) -> Response:
    return RedirectResponse(reply.location, 303) if reply.location else HTMLResponse(reply.html)
