"""The app, for the sake of its management command."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["PaymentOptionsConfig"]


class PaymentOptionsConfig(AppConfig):
    """`paymentoptions_async.integrations.django` in `INSTALLED_APPS`."""

    name = "paymentoptions_async.integrations.django"
    label = "paymentoptions"
    verbose_name = "PaymentOptions"
