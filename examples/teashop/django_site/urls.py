"""Where the shop's pages are. The webhooks are in asgi.py."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.show_form),
    path("orders", views.pay),
    path("orders/<str:order>", views.show_order),
]
