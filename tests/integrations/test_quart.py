"""Quart: the client among the application's extensions, and the webhooks' route."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from quart import Quart

from paymentoptions_async import ConfigurationError
from paymentoptions_async.integrations.quart import current_client, setup

from ..helpers import request as purchase
from ..serving import serve_hypercorn
from .opening import (
    Opener,
    assert_closed,
    assert_told_what_is_missing,
    assert_webhooks_are_taken,
    environment_without_key,
    living,
    text_of,
)

pytestmark = pytest.mark.asyncio


async def pay(ref: str) -> str:
    return type(await current_client().payments.purchase(purchase(ref))).__name__


def paying(opener: Opener, webhooks: str = "/webhooks") -> Quart:
    application = Quart(__name__)
    setup(application, opener.opens, webhooks)
    application.get("/pay/<ref>")(pay)
    return application


async def test_one_client_lives_as_long_as_the_application_serves(opener: Opener) -> None:
    async with serve_hypercorn(paying(opener)) as url:
        assert await text_of(f"{url}/pay/one") == "Payment"
        assert await text_of(f"{url}/pay/two") == "Payment"
    assert opener.gateway.references() == {"one", "two"}
    await assert_closed(opener.client)


async def test_an_application_that_is_started_again_has_another_one(opener: Opener) -> None:
    application = paying(opener)
    for reference in ("one", "two"):
        async with application.test_app() as tested:
            answer = await tested.test_client().get(f"/pay/{reference}")
            assert await answer.get_data(as_text=True) == "Payment"
    assert opener.diary == 2 * ["client opened", "client closed"]


async def test_what_the_application_does_while_serving_is_within_the_clients_life(opener: Opener) -> None:
    application = paying(opener)

    @application.while_serving
    async def own() -> AsyncGenerator[None, None]:
        assert current_client() is opener.client
        opener.diary.append("application started")
        yield
        opener.diary.append("application ended")

    async with living(application):
        pass
    assert opener.diary == ["client opened", "application started", "application ended", "client closed"]


async def test_webhooks_are_taken_behind_a_prefix(opener: Opener) -> None:
    async with serve_hypercorn(paying(opener, "/shop/webhooks")) as url:
        await assert_webhooks_are_taken(opener, f"{url}/shop/webhooks")


async def test_before_the_start_and_after_the_end_there_is_none(opener: Opener) -> None:
    application = paying(opener)
    async with application.app_context():
        with pytest.raises(ConfigurationError, match=r"no open client: .* serve"):
            current_client()
        async with living(application):
            assert current_client() is opener.client
        with pytest.raises(ConfigurationError, match="no open client"):
            current_client()


async def test_a_client_that_cannot_be_opened_ends_the_start_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    application = Quart(__name__)
    setup(application, environment_without_key(monkeypatch))
    async with living(application) as said:
        pass
    assert said[0]["type"] == "lifespan.startup.failed"
    assert_told_what_is_missing(said[0]["message"])


async def test_two_applications_of_a_process_have_a_client_each(opener: Opener) -> None:
    async with serve_hypercorn(paying(opener)) as first, serve_hypercorn(paying(opener)) as second:
        assert await text_of(f"{first}/pay/one") == await text_of(f"{second}/pay/two") == "Payment"
        assert len(opener.opened) == 2
