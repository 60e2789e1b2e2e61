"""Settings of a shop that keeps nothing in Django's own database: the ledger knows every order."""

import os

from django.core.management.utils import get_random_secret_key

# Nothing is signed with it here. What has sessions needs one that stays.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or get_random_secret_key()
# Never on where cards are typed: its error page shows all that was posted.
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = ["paymentoptions_async.integrations.django"]
# A payer has no session that another site could borrow. With one, add CsrfViewMiddleware, and the token to the form.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "examples.teashop.django_site.urls"
ASGI_APPLICATION = "examples.teashop.django_site.asgi.application"

# What opens the client, for the server and for `manage.py payment_unknowns`.
PAYMENTOPTIONS_OPENS = "examples.teashop.shop.open_client"
