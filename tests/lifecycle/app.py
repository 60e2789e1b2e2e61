"""What the servers serve: charges that somebody waits for, and charges that nobody does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from paymentoptions_async import PaymentOptions, PaymentOptionsError, SqliteLedger
from paymentoptions_async.integrations.starlette import client_of, lifespan

from ..helpers import request as purchase

GRACE: Final = float(os.environ["GRACE"]) if "GRACE" in os.environ else None

left_alone: Final[set[asyncio.Task[Any]]] = set()


@asynccontextmanager
async def open_client() -> AsyncIterator[PaymentOptions]:
    async with SqliteLedger("shop.db") as ledger, PaymentOptions.from_env(ledger=ledger) as client:
        yield client
        await client.close(grace=GRACE)


async def who(_: Request) -> Response:
    return JSONResponse({"process": os.getpid()})


async def pay(request: Request) -> Response:
    try:
        outcome: object = await client_of(request).payments.purchase(purchase(request.path_params["ref"]))
    except PaymentOptionsError as error:
        outcome = error
    return JSONResponse({"process": os.getpid(), "outcome": type(outcome).__name__})


async def pay_later(request: Request) -> Response:
    task = asyncio.create_task(client_of(request).payments.purchase(purchase(request.path_params["ref"])))
    left_alone.add(task)
    return JSONResponse({"process": os.getpid()}, status_code=202)


app = Starlette(
    lifespan=lifespan(open_client),
    routes=[
        Route("/", who),
        Route("/pay/{ref}", pay, methods=["POST"]),
        Route("/pay-later/{ref}", pay_later, methods=["POST"]),
    ],
)
