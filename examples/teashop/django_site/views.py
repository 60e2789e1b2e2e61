"""The shop's pages."""

from __future__ import annotations

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from paymentoptions_async.integrations.django import client_of

from .. import shop


@require_safe
async def show_form(_: ASGIRequest) -> HttpResponseBase:
    return answer(shop.show_form())


@require_POST
@sensitive_variables()
@sensitive_post_parameters()
async def pay(request: ASGIRequest) -> HttpResponseBase:
    return answer(await shop.pay(client_of(request), request.POST, request.META["REMOTE_ADDR"]))


@require_safe
async def show_order(request: ASGIRequest, order: str) -> HttpResponseBase:
    return answer(await shop.show_order(client_of(request), order))


def answer(reply: shop.Reply) -> HttpResponseBase:
    if reply.location:
        return HttpResponse(status=303, headers={"Location": reply.location})
    return HttpResponse(reply.html)
