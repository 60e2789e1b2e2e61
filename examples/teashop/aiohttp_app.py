"""The tea shop on aiohttp.web.

python -m examples.teashop.aiohttp_app
"""

from __future__ import annotations

from aiohttp import web

from paymentoptions_async.integrations.aiohttp import CLIENT, cleanup_context, webhooks

from . import shop


async def show_form(_: web.Request) -> web.Response:
    return answer(shop.show_form())


async def pay(request: web.Request) -> web.Response:
    return answer(await shop.pay(request.app[CLIENT], await request.post(), request.remote))


async def show_order(request: web.Request) -> web.Response:
    return answer(await shop.show_order(request.app[CLIENT], request.match_info["order"]))


def answer(reply: shop.Reply) -> web.Response:
    if reply.location:
        raise web.HTTPSeeOther(reply.location)
    return web.Response(text=reply.html, content_type="text/html")


def make_app() -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/", show_form), web.post("/orders", pay), web.get("/orders/{order}", show_order)])
    app.add_routes([webhooks()])
    app.cleanup_ctx.append(cleanup_context(shop.open_client))
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=shop.PORT)
