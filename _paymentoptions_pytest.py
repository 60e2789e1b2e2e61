"""The pytest plugin: a gateway for each test, and a client of it, on the test's own event loop.

It stands outside of the package, since pytest loads it in every run of everybody who has the package installed:
whoever asks for none of its fixtures does not pay for importing the package.
"""

from __future__ import annotations

import sys
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from paymentoptions_async import PaymentOptions
    from paymentoptions_async.sandbox import Sandbox

_LOOP_SCOPES: Final = ("function", "class", "module", "package", "session")
_NO_LOOP: Final = (
    "the fixtures `gateway` and `payments` live on the event loop of an async test. Mark it with @pytest.mark.asyncio"
    " and install pytest-asyncio, or with @pytest.mark.anyio and install anyio."
)
_TWO_LOOPS: Final = (
    "pytest-asyncio and anyio both want to run this test, each on an event loop of its own: set asyncio_mode = strict,"
    " and mark the test for one of them."
)
_TOO_OLD: Final = (
    "the fixtures `gateway` and `payments` need pytest-asyncio 1.2 or newer, or anyio's plugin; here is"
    " pytest-asyncio {version}."
)
_NOT_ASYNCIO: Final = (
    "the fixtures `gateway` and `payments` need asyncio: define a fixture `anyio_backend` that returns 'asyncio'."
)


# --- what a test asks for ---------------------------------------------------------------------------------


@pytest.fixture
def gateway_options() -> dict[str, Any]:
    """Override it: what `gateway` is made with, by the names of `Sandbox`."""
    return {}


@pytest.fixture
def payments_settings() -> dict[str, Any]:
    """Override it: what `payments` is told, by the names of `Settings`."""
    return {}


@pytest.fixture
def gateway(request: pytest.FixtureRequest) -> Sandbox:
    """A PaymentOptions gateway of this test's own: a `Sandbox` that runs."""
    import paymentoptions_async.sandbox  # noqa: F401  # now, and not while the event loop runs

    sandbox: Sandbox = _on_loop_of_test(request, "gateway")
    return sandbox


@pytest.fixture
def payments(request: pytest.FixtureRequest) -> PaymentOptions:
    """A client of `gateway`, which hardly waits before a retry."""
    import paymentoptions_async.testing  # noqa: F401  # likewise

    client: PaymentOptions = _on_loop_of_test(request, "client")
    return client


# --- on whose event loop ----------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Add the async fixtures behind those, once for each kind of event loop that a test may run on."""
    config.pluginmanager.register(_driven_by("anyio", pytest.fixture))
    if (plugin := _pytest_asyncio(config)) and not _is_too_old(plugin):
        import pytest_asyncio

        for scope in _LOOP_SCOPES:
            config.pluginmanager.register(_driven_by(scope, partial(pytest_asyncio.fixture, loop_scope=scope)))


def _driven_by(driver: str, fixture: Callable[..., Any]) -> ModuleType:
    async def open_gateway(gateway_options: dict[str, Any]) -> AsyncIterator[Sandbox]:
        from paymentoptions_async.sandbox import Sandbox

        async with Sandbox(**gateway_options) as sandbox:
            yield sandbox

    async def open_client(gateway: Sandbox, payments_settings: dict[str, Any]) -> AsyncIterator[PaymentOptions]:
        from paymentoptions_async.testing import quick_client

        # Entered, it says so to whoever uses it on another loop, such as a fixture of the session.
        async with quick_client(gateway, **payments_settings) as client:
            yield client

    plugin: Any = ModuleType(f"paymentoptions_on_{driver}")
    plugin.gateway = fixture(name=_name("gateway", driver))(open_gateway)
    plugin.client = fixture(name=_name("client", driver))(open_client)
    return plugin  # type: ignore[no-any-return]


def _name(what: str, driver: str) -> str:
    return f"_paymentoptions_{what}_on_{driver}"


def _on_loop_of_test(request: pytest.FixtureRequest, what: str) -> Any:
    plugin: Any = _pytest_asyncio(request.config)
    marker = request.node.get_closest_marker("asyncio") if plugin else None
    is_anyios = "anyio_backend" in request.fixturenames
    if marker is not None and is_anyios:
        pytest.fail(_TWO_LOOPS, pytrace=False)
    if marker is not None:
        if _is_too_old(plugin):
            pytest.fail(_TOO_OLD.format(version=plugin.__version__), pytrace=False)
        return request.getfixturevalue(_name(what, _loop_scope(marker, request.config)))
    if not is_anyios:
        pytest.fail(_NO_LOOP, pytrace=False)
    backend = request.getfixturevalue("anyio_backend")
    if "asyncio" not in (backend, backend[0]):
        pytest.fail(_NOT_ASYNCIO, pytrace=False)
    return request.getfixturevalue(_name(what, "anyio"))


def _loop_scope(marker: pytest.Mark, config: pytest.Config) -> str:
    # `scope` is the old name of it, which still counts.
    named = marker.kwargs.get("loop_scope") or marker.kwargs.get("scope")
    scope: str = named or config.getini("asyncio_default_test_loop_scope")
    return scope


def _pytest_asyncio(config: pytest.Config) -> ModuleType | None:
    # Asked for by its module: its name depends on how it was loaded.
    plugin = sys.modules.get("pytest_asyncio.plugin")
    is_at_work = plugin is not None and config.pluginmanager.is_registered(plugin)
    return sys.modules["pytest_asyncio"] if is_at_work else None


def _is_too_old(plugin: Any) -> bool:
    # Before 0.26 it cannot be asked for the loop of a test. Up to 1.1, in auto mode, a loop of the session is another
    # one for a fixture than for a test.
    major, minor = plugin.__version__.split(".")[:2]
    return (int(major), int(minor)) < (1, 2)
