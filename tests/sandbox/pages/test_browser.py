"""A person's clicks, in a real browser on a phone and on a desktop."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import aiohttp
import pytest
from playwright.async_api import expect

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.pages.texts import Language, Words
from paymentoptions_async.sandbox.state import TransactionState

from ..calls import CHALLENGED, by_card, purchase
from .people import DESKTOP, PHONE, Shop, fits, order, page_body, person, shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

# One event loop for all of them, since the browser lives in it.
pytestmark = [pytest.mark.asyncio(loop_scope="session")]

NUMBER: Final = "4242 4242 4242 4242"


class Town(NamedTuple):
    """A sandbox, and the shop whose payer is sent to it."""

    gateway: Sandbox
    shop: Shop
    session: aiohttp.ClientSession

    async def challenge(self, **changes: Any) -> str:
        body = by_card(CHALLENGED, return_url=self.shop.return_url(), **changes)
        url: str = (await order(self.session, self.gateway, "/paymentv2", body))["redirect_url"]
        return url

    async def hosted(self, **changes: Any) -> str:
        body = page_body(self.shop.return_url(), **changes)
        url: str = (await order(self.session, self.gateway, "/hpp/generate/link", body))["url"]
        return url

    async def pay(self, **changes: Any) -> None:
        await order(self.session, self.gateway, "/payment", purchase(changes))

    @property
    def places(self) -> tuple[str, str]:
        return self.gateway.base_url, self.shop.url


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    async with Sandbox() as gateway, shop() as merchant, aiohttp.ClientSession() as session:
        yield Town(gateway, merchant, session)


async def back_at(page: Page, place: str) -> None:
    await expect(page.locator("#page")).to_have_text(place)


async def type_card(page: Page, number: str = NUMBER, cvc: str = "123") -> None:
    await page.fill("#number", number)
    await page.fill("#expiry", "12/34")
    await page.fill("#cvc", cvc)
    await page.fill("#name", "TARO YAMADA")


@pytest.mark.parametrize(
    ("answer", "place", "becomes", "size", "language"),
    [
        ("approve", "success", TransactionState.CAPTURED, PHONE, "ja"),
        ("decline", "decline", TransactionState.DECLINED, DESKTOP, "ja"),
        ("cancel", "cancel", TransactionState.CANCELLED, PHONE, "en"),
        ("time_out", "decline", TransactionState.TIMED_OUT, DESKTOP, "en"),
    ],
)
async def test_a_cardholder_answers_3d_secure(
    browser: Browser, answer: str, place: str, becomes: TransactionState, size: tuple[int, int], language: Language
) -> None:
    words = Words(language)
    async with town() as there, person(browser, *there.places, size=size, language=language) as page:
        await page.goto(await there.challenge(amount="24800"))
        await expect(page.locator("h1")).to_have_text(words("challenge.title"))
        for told in ("24,800", "400000******1091", words("merchant_name"), words("notice")):
            await expect(page.locator("body")).to_contain_text(told)
        await page.get_by_role("button", name=words(f"challenge.{answer}"), exact=True).click()
        await back_at(page, place)
        assert there.gateway.transactions()[-1].state is becomes
        await page.go_back()
        await page.reload()
        assert await page.get_by_role("link", name=words("ended.continue")).get_attribute("href") == page_of(
            there, place
        )


def page_of(there: Town, place: str) -> str:
    return f"{there.shop.url}/{place}"


@pytest.mark.parametrize(("size", "language"), [(PHONE, "ja"), (DESKTOP, "en")])
async def test_a_payer_mends_what_is_wrong_and_pays(
    browser: Browser, size: tuple[int, int], language: Language
) -> None:
    words = Words(language)
    async with town() as there, person(browser, *there.places, size=size, language=language) as page:
        await page.goto(await there.hosted(amount="9800"))
        await page.get_by_label(words("pay.number")).fill("4242 4242 4242 4241")
        await page.get_by_label(words("pay.name")).fill("TARO YAMADA")
        pay = page.get_by_role(
            "button", name=words("pay.submit", amount="9,800円" if language == "ja" else "JPY 9,800")
        )
        await pay.click()
        await expect(page.locator("#number-error")).to_have_text(words("invalid.number"))
        await expect(page.locator("#expiry-error")).to_have_text(words("required.expiry"))
        await expect(page.locator("#cvc-error")).to_have_text(words("required.cvc"))
        await expect(page.get_by_label(words("pay.number"))).to_be_focused()
        await expect(page.get_by_label(words("pay.number"))).to_have_value("")
        assert await fits(page)
        await page.get_by_label(words("pay.number")).fill(NUMBER)
        await page.get_by_label(words("pay.expiry")).fill("12/34")
        await page.get_by_label(words("pay.cvc")).fill("123")
        await pay.click()
        await back_at(page, "success")
        assert there.gateway.charges("ref-1") == 1


async def test_a_payer_pays_by_keyboard_alone(browser: Browser) -> None:
    async with town() as there, person(browser, *there.places) as page:
        await page.goto(await there.hosted())
        await page.keyboard.press("Tab")  # the link to the other language
        for typed in (NUMBER, "12/34", "123", "TARO YAMADA"):
            await page.keyboard.press("Tab")
            await page.keyboard.type(typed)
        await page.keyboard.press("Enter")
        await back_at(page, "success")


async def test_a_payer_types_the_amount(browser: Browser) -> None:
    async with town() as there, person(browser, *there.places, size=PHONE, language="ja") as page:
        await page.goto(await there.hosted(amount=""))
        await type_card(page)
        await page.fill("#amount", "3,500")
        await page.get_by_role("button", name=Words("ja")("pay.submit_open"), exact=True).click()
        await back_at(page, "success")
        assert there.gateway.balance("ref-1") == 3500


async def test_a_payer_is_led_through_3d_secure(browser: Browser) -> None:
    async with town() as there, person(browser, *there.places, size=PHONE) as page:
        await page.goto(await there.hosted())
        await type_card(page, CHALLENGED)
        await page.click("button[value=pay]")
        await page.click("button[value=approve]")
        await back_at(page, "success")
        assert there.gateway.charges("ref-1") == 1


async def test_a_payer_cancels(browser: Browser) -> None:
    async with town() as there, person(browser, *there.places) as page:
        await page.goto(await there.hosted())
        await page.get_by_role("button", name=Words("en")("pay.cancel")).click()
        await back_at(page, "cancel")


@pytest.mark.parametrize(("action", "place"), [("approve", "success"), ("decline", "decline"), ("cancel", "cancel")])
async def test_a_payer_answers_in_the_wallet(browser: Browser, action: str, place: str) -> None:
    async with town() as there, person(browser, *there.places, size=PHONE) as page:
        await page.goto(await there.hosted(payment_method={"type": "gcash"}, currency="PHP"))
        await expect(page.locator("h1")).to_have_text("Pay with GCash")
        await page.click(f"button[value={action}]")
        await back_at(page, place)
        assert there.gateway.charges("ref-1") == (place == "success")


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_a_developer_finds_a_payment_and_reads_it(browser: Browser, size: tuple[int, int]) -> None:
    async with town() as there, person(browser, *there.places, size=size) as page:
        await there.pay(merchant_txn_ref="order-a", amount="1234")
        await there.pay(merchant_txn_ref="order-b")
        await page.goto(there.gateway.base_url)
        await page.fill("#q", "1234")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="order-b")).to_have_count(0)
        await page.get_by_role("link", name="日本語").click()
        await expect(page.locator("#q")).to_have_value("1234")
        await page.get_by_role("link", name="order-a").click()
        await expect(page.locator("h1")).to_have_text("注文番号: order-a")
        await page.get_by_text("POST /payment").click()
        await expect(page.locator("pre").first).to_contain_text('"number": "520000******1005"')
        assert await fits(page)


async def test_a_developer_turns_the_clock_on(browser: Browser) -> None:
    async with town() as there, person(browser, *there.places) as page:
        await page.goto(there.gateway.base_url)
        await page.get_by_label("Days").fill("400")
        await page.get_by_role("button", name="Turn on").click()
        await expect(page.get_by_role("alert")).to_contain_text("366")
        await page.get_by_label("Days").fill("31")
        await page.get_by_role("button", name="Turn on").click()
        await expect(page.get_by_role("alert")).to_have_count(0)
        assert page.url == f"{there.gateway.base_url}/"


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_every_page_fits_a_phone_and_a_desktop(browser: Browser, language: Language) -> None:
    async with town() as there, person(browser, *there.places, language=language, color_scheme="dark") as page:
        for url in await _every_page(there):
            await page.goto(url)
            await expect(page.locator("html")).to_have_attribute("lang", language)
            for folded in await page.locator("summary").all():
                await folded.click()
            for width, height in (PHONE, DESKTOP):
                await page.set_viewport_size({"width": width, "height": height})
                assert await fits(page), url


async def _every_page(there: Town) -> list[str]:
    """A page of each kind, with the longest texts that the gateway takes."""
    ref = "W" * 45
    await there.pay(merchant_txn_ref=ref, amount="9999999999", currency="JPY")
    await there.pay(merchant_txn_ref="order", amount="1000")
    answered = await there.challenge(merchant_txn_ref="answered")
    await there.gateway.answer_challenge("answered", "decline")
    return [
        await there.challenge(merchant_txn_ref=ref, amount="9999999999"),
        answered,
        await there.hosted(merchant_txn_ref=ref, amount="9999999999"),
        await there.hosted(amount=""),
        await there.hosted(payment_method={"type": "gcash"}),
        f"{there.gateway.base_url}/",
        f"{there.gateway.base_url}/references/{ref}",
    ]
