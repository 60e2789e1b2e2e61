"""The tea shop on Django.

uvicorn --timeout-graceful-shutdown 70 examples.teashop.django_site.asgi:application
"""

import os

from django.core.asgi import get_asgi_application

from paymentoptions_async.integrations.django import with_client

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.teashop.django_site.settings")

application = with_client(get_asgi_application())
