"""A Django project: its settings, its addresses and its views."""

from __future__ import annotations

from typing import Any, Final

import django
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.urls import path

from paymentoptions_async.integrations.django import client_of

from ..helpers import request as purchase

__all__ = ["ROOT", "opens", "urlpatterns"]

ROOT: Final = "tests.integrations.django_project"

opens: Any = None
"""Each test puts its own here."""


async def pay(request: ASGIRequest, ref: str) -> HttpResponse:
    payment = await client_of(request).payments.purchase(purchase(ref))
    return HttpResponse(type(payment).__name__)


def pay_in_a_sync_view(request: ASGIRequest, ref: str) -> HttpResponse:
    payment = async_to_sync(client_of(request).payments.purchase)(purchase(ref))
    return HttpResponse(type(payment).__name__)


urlpatterns = [path("pay/<str:ref>", pay), path("pay-in-a-sync-view/<str:ref>", pay_in_a_sync_view)]

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["paymentoptions_async.integrations.django"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
        PAYMENTOPTIONS_OPENS=f"{ROOT}.opens",
        ROOT_URLCONF=ROOT,
        SECRET_KEY="a secret of Django's",
    )
    django.setup()
