"""The plugin in runs of pytest of its own, under everything that may drive an async test."""

from __future__ import annotations

import pytest
import pytest_asyncio

from ..helpers import SEED

pytest_plugins = ("pytester",)

INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
filterwarnings =
    error
    ignore:Unknown config option:pytest.PytestConfigWarning
"""
HEAD = """
from pathlib import Path
import pytest
from paymentoptions_async import OutcomeUnknownError, PaymentOptions, PurchaseRequest
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.testing import assert_charged, assert_not_charged

ORDER = PurchaseRequest.from_json(Path("purchase.json").read_bytes())
"""
TWO_TESTS = """
{mark}
async def test_a_payment(gateway: Sandbox, payments: PaymentOptions) -> None:
    await payments.payments.purchase(ORDER)
    assert_charged(gateway, "qwe", amount=1000)

{mark}
async def test_a_lost_answer_at_a_gateway_of_its_own(payments: PaymentOptions, gateway: Sandbox) -> None:
    assert_not_charged(gateway, "qwe")
    gateway.script.lose_answer()
    with pytest.raises(OutcomeUnknownError):
        await payments.payments.purchase(ORDER)
    assert_charged(gateway, "qwe")
"""
ON_ASYNCIO = """
@pytest.fixture
def anyio_backend() -> object:
    return {backend!r}
"""
ASYNCIO = "@pytest.mark.asyncio"
ANYIO = "@pytest.mark.anyio"
STRICT = "--asyncio-mode=strict"
AUTO = "--asyncio-mode=auto"
WAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "pytest-asyncio, strict": (ASYNCIO, (STRICT,)),
    "pytest-asyncio, auto": ("", (AUTO,)),
    "pytest-asyncio alone": (ASYNCIO, ("-p", "no:anyio")),
    "pytest-asyncio, a loop for the module": ("@pytest.mark.asyncio(loop_scope='module')", (STRICT,)),
    "pytest-asyncio, a loop for the session": (ASYNCIO, ("-o", "asyncio_default_test_loop_scope=session")),
    "anyio beside pytest-asyncio": (ANYIO, (STRICT,)),
    "anyio alone": (ANYIO, ("-p", "no:asyncio")),
    "anyio, auto": ("", ("-p", "no:asyncio", "-o", "anyio_mode=auto")),
    "anyio on uvloop": (ANYIO, ("-p", "no:asyncio")),
}


@pytest.fixture
def place(pytester: pytest.Pytester) -> pytest.Pytester:
    (pytester.path / "purchase.json").write_bytes(SEED)
    pytester.makeini(INI)
    return pytester


def run(place: pytest.Pytester, code: str, *flags: str) -> pytest.RunResult:
    place.makepyfile(HEAD + code)
    return place.runpytest_inprocess("--strict-markers", *flags)


@pytest.mark.parametrize("way", WAYS)
def test_each_test_has_a_gateway_and_a_client_on_its_own_loop(place: pytest.Pytester, way: str) -> None:
    mark, flags = WAYS[way]
    backend = ("asyncio", {"use_uvloop": True}) if "uvloop" in way else "asyncio"
    code = TWO_TESTS.format(mark=mark) + ON_ASYNCIO.format(backend=backend)
    run(place, code, *flags).assert_outcomes(passed=2)


ALONE = """
{mark}
async def test_it(payments: PaymentOptions) -> None: ...
"""
MISTAKES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "neither is there": ("", ("-p", "no:anyio", "-p", "no:asyncio"), "*install pytest-asyncio*install anyio*"),
    "no mark": ("", (STRICT,), "*Mark it with @pytest.mark.asyncio*"),
    "trio": (ANYIO, (STRICT,), "*define a fixture `anyio_backend` that returns 'asyncio'*"),
    "both": (ANYIO, (AUTO,), "*set asyncio_mode = strict*"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("backend", ["trio", ("trio", {})])
def test_where_no_loop_can_be_had_it_says_what_to_do(place: pytest.Pytester, mistake: str, backend: object) -> None:
    mark, flags, told = MISTAKES[mistake]
    result = run(place, ALONE.format(mark=mark) + ON_ASYNCIO.format(backend=backend), *flags)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])


def test_a_test_that_is_not_async_is_told_so(place: pytest.Pytester) -> None:
    result = run(place, "def test_it(gateway: Sandbox) -> None: ...", AUTO)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*live on the event loop of an async test*"])


NONE_AND_ONE = """
@pytest.mark.asyncio
async def test_that_asks_for_none() -> None: ...

@pytest.mark.asyncio
async def test_that_asks(payments: PaymentOptions) -> None: ...
"""


@pytest.mark.parametrize("version", ["0.21.2", "0.25.3", "1.1.0"])
def test_an_old_pytest_asyncio_is_told_to_whoever_asks_and_to_nobody_else(
    place: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(pytest_asyncio, "__version__", version)
    result = run(place, NONE_AND_ONE, STRICT)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*need pytest-asyncio 1.2 or newer*here is pytest-asyncio {version}."])


def test_the_loop_of_a_test_is_known_by_its_old_name_too(place: pytest.Pytester) -> None:
    mark = "@pytest.mark.asyncio(scope='module')"
    run(place, TWO_TESTS.format(mark=mark), STRICT, "-W", "ignore::pytest.PytestDeprecationWarning").assert_outcomes(
        passed=2
    )


ON_ANOTHER_LOOP = """
import pytest_asyncio

@pytest_asyncio.fixture(loop_scope="session")
async def paid(payments: PaymentOptions) -> None:
    await payments.payments.purchase(ORDER)

@pytest.mark.asyncio
async def test_it(paid: None) -> None: ...
"""


def test_whoever_uses_the_client_on_another_loop_is_told_so(place: pytest.Pytester) -> None:
    result = run(place, ON_ANOTHER_LOOP, STRICT)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ConfigurationError: the client belongs to another event loop*"])


OVERRIDDEN = """
@pytest.fixture
def gateway_options() -> dict[str, object]:
    return {"faults": ["503"]}

@pytest.fixture
def payments_settings() -> dict[str, object]:
    return {"merchant_id": "another"}

@pytest.mark.asyncio
async def test_it(gateway: Sandbox, payments: PaymentOptions) -> None:
    assert payments.settings.merchant_id == "another"
    with pytest.raises(OutcomeUnknownError):
        await payments.payments.purchase(ORDER)
"""


def test_options_of_both_can_be_overridden(place: pytest.Pytester) -> None:
    run(place, OVERRIDDEN).assert_outcomes(passed=1)


OWN_FIXTURE = """
import pytest_asyncio

@pytest_asyncio.fixture
async def paid(gateway: Sandbox, payments: PaymentOptions) -> object:
    payment = await payments.payments.purchase(ORDER)
    yield payment
    await payments.payments.refund(payment.transaction_id, amount=1000, operation_key="back")
    assert gateway.balance("qwe") == 0

@pytest.mark.asyncio
async def test_it(gateway: Sandbox, paid: object) -> None:
    assert gateway.balance("qwe") == 1000
"""


def test_fixtures_of_the_applications_own_are_made_of_them(place: pytest.Pytester) -> None:
    run(place, OWN_FIXTURE).assert_outcomes(passed=1)


LIGHT = """
def test_it() -> None:
    import sys
    assert "_paymentoptions_pytest" in sys.modules
    assert not {"paymentoptions_async", "aiohttp", "attrs"} & sys.modules.keys()
"""


def test_whoever_asks_for_nothing_pays_for_nothing_and_hears_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LIGHT)
    # Other plugins that are installed here have heavier manners.
    alone = ("-p", "no:schemathesis", "-p", "no:asyncio", "-p", "no:anyio", "-p", "no:hypothesispytest")
    result = pytester.runpytest_subprocess("-W", "error", "--strict-markers", *alone)
    result.assert_outcomes(passed=1, warnings=0)


def test_its_fixtures_are_told_by_pytest(place: pytest.Pytester) -> None:
    result = place.runpytest_inprocess("--fixtures")
    told = "\n".join(result.outlines)
    for name in ("gateway_options", "payments_settings", "gateway", "payments"):
        assert f"\n{name} -- " in told
    assert "_paymentoptions_gateway" not in told
