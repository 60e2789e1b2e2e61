"""The tea shop of each framework, and how its server is started."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["APPS", "App"]


class App(NamedTuple):
    """How the shop of a framework is served.

    Attributes:
        command: What `python` is given; `{port}` is where to listen.
    """

    command: str

    def words(self, port: int) -> list[str]:
        """The command, word by word."""
        return self.command.format(port=port).split()


def _uvicorn(module: str) -> App:
    return App(f"-m uvicorn {module} --port {{port}} --log-level warning --timeout-graceful-shutdown 70")


APPS: Final[dict[str, App]] = {
    "aiohttp": App("-m examples.teashop.aiohttp_app"),
    "fastapi": _uvicorn("examples.teashop.fastapi_app:app"),
    "starlette": _uvicorn("examples.teashop.starlette_app:app"),
    "django": _uvicorn("examples.teashop.django_site.asgi:application"),
    "litestar": _uvicorn("examples.teashop.litestar_app:app"),
    "quart": App("-m hypercorn examples.teashop.quart_app:app -b 127.0.0.1:{port} -w 0 --graceful-timeout 65"),
    "sanic": App("-m sanic examples.teashop.sanic_app:app --host 127.0.0.1 --port {port}"),
}
