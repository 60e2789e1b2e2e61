"""FastAPI: the dependency, in path operations, routers, websockets and tests."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.responses import PlainTextResponse

from paymentoptions_async import PaymentOptions, PaymentOptionsError
from paymentoptions_async.integrations.fastapi import Client, client_of, lifespan, webhooks
from paymentoptions_async.integrations.opening import KEY

from ..helpers import DECLINED, request
from ..webhooks.servers import serve_asgi
from .opening import Opener, assert_closed, assert_webhooks_are_taken, living, text_of, websocket_text

pytestmark = pytest.mark.asyncio

router = APIRouter(default_response_class=PlainTextResponse)


@router.get("/pay/{ref}")
async def pay(client: Client, ref: str, number: str = "5200000000001005") -> str:
    return type(await client.payments.purchase(request(ref, number=number))).__name__


@router.websocket("/show")
async def show(websocket: WebSocket, client: Client) -> None:
    await websocket.accept()
    await websocket.send_text(repr(client))


def application(opener: Opener) -> FastAPI:
    app = FastAPI(lifespan=lifespan(opener.opens))
    app.include_router(router)
    return app


async def test_one_client_lives_as_long_as_the_application(opener: Opener) -> None:
    async with serve_asgi(application(opener)) as url:
        assert await text_of(f"{url}/pay/one") == "Payment"
        assert await text_of(f"{url}/pay/two") == "Payment"
    assert opener.gateway.references() == {"one", "two"}
    await assert_closed(opener.client)


async def test_a_websocket_has_it_too(opener: Opener) -> None:
    app = application(opener)
    state: dict[str, Any] = {}
    async with living(app, state):
        assert await websocket_text(app, "/show", state) == repr(state[KEY])


async def test_an_application_mounted_in_it_has_the_same_client_and_its_webhooks(opener: Opener) -> None:
    shop, app = FastAPI(), FastAPI(lifespan=lifespan(opener.opens))
    shop.include_router(router)
    shop.mount("/webhooks", webhooks())
    app.mount("/shop", shop)
    async with serve_asgi(app) as url:
        assert await text_of(f"{url}/shop/pay/one") == "Payment"
        await assert_webhooks_are_taken(opener, f"{url}/shop/webhooks")


async def test_an_exception_handler_of_the_applications_answers_for_all_our_errors(opener: Opener) -> None:
    app = application(opener)

    @app.exception_handler(PaymentOptionsError)
    async def tell(_: object, error: PaymentOptionsError) -> PlainTextResponse:
        return PlainTextResponse(f"{type(error).__name__}: {error.money}")

    async with serve_asgi(app) as url:
        assert await text_of(f"{url}/pay/one?number={DECLINED}") == "DeclinedError: not moved"


async def test_a_test_may_put_another_client_in_its_place(opener: Opener, client: PaymentOptions) -> None:
    app = application(opener)
    app.dependency_overrides[client_of] = lambda: client
    async with serve_asgi(app) as url:
        await opener.client.close()
        assert await text_of(f"{url}/pay/one") == "Payment"


async def test_the_schema_of_the_api_knows_nothing_of_the_client(opener: Opener) -> None:
    operation = application(opener).openapi()["paths"]["/pay/{ref}"]["get"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["ref", "number"]
