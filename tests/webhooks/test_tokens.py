"""The token in a webhook's address: whoever has not got it from us does not know it."""

from __future__ import annotations

import hmac
import string
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import ConfigurationError, InvalidRequestError, Settings
from paymentoptions_async.webhooks.tokens import Tokens

from .cases import BASE

NEW: Final = "a secret of 2026, kept by us alone"
OLD: Final = "a secret of 2025, kept by us alone"
OLDEST: Final = "a secret of 2024, kept by us alone"

references = st.text(st.characters(codec="utf-8"), min_size=1, max_size=45)


def tokens(secret: str | None = NEW, *former: str) -> Tokens:
    return Tokens(
        Settings(
            api_key="k", x_api_key="x", merchant_id="m", webhook_secret=secret, former_webhook_secrets=former or ()
        )
    )


def token(reference: str = "ref", *, by: Tokens | None = None) -> str:
    return (by or tokens()).url(BASE, reference).removeprefix(f"{BASE}/")


def test_it_is_the_last_part_of_the_address_in_characters_that_stand_there_as_they_are() -> None:
    assert len(token()) == 24
    assert set(token()) <= set(string.ascii_letters + string.digits + "-_")
    assert tokens().url(f"{BASE}///", "ref") == tokens().url(BASE, "ref")


@given(references)
def test_it_is_the_same_for_the_same_reference_in_every_process_and_fits(reference: str) -> None:
    assert token(reference) == token(reference)
    assert tokens().fits(token(reference), reference)


@given(references, references)
def test_no_two_references_share_one(one: str, other: str) -> None:
    assert (token(one) == token(other)) is (one == other)
    assert tokens().fits(token(one), other) is (one == other)


@given(references, st.integers(0, 24 * 8 - 1))
def test_a_flipped_bit_is_refused(reference: str, bit: int) -> None:
    flipped = bytearray(token(reference).encode())
    flipped[bit // 8] ^= 1 << bit % 8
    assert not tokens().fits(flipped.decode("latin-1"), reference)


@pytest.mark.parametrize("wrong", ["", " ", "\ud800", "é" * 24, "x" * 100_000, "\x00"])
def test_whatever_else_is_given_is_refused(wrong: str) -> None:
    assert not tokens().fits(wrong, "ref")
    assert not tokens().fits(token()[:-1], "ref")
    assert not tokens().fits(f"{token()}=", "ref")
    assert not tokens().fits(token().upper(), "ref")


def test_another_secret_makes_another_one_and_former_ones_are_taken_as_long_as_they_are_told() -> None:
    old, oldest = token(by=tokens(OLD)), token(by=tokens(OLDEST))
    assert len({token(), old, oldest}) == 3
    rotated = tokens(NEW, OLD, OLDEST)
    assert token(by=rotated) == token(), "addresses are made by the new one alone"
    for given_out in (token(), old, oldest):
        assert rotated.fits(given_out, "ref")
        assert not rotated.fits(given_out, "other")
    assert not tokens(NEW, OLDEST).fits(old, "ref")


@pytest.mark.parametrize("by", [NEW, OLD, OLDEST, None])
def test_every_key_is_compared_whichever_fits(by: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    given_token = token(by=tokens(by)) if by else "wrong"
    rotated = tokens(NEW, OLD, OLDEST)
    compared: list[bool] = []
    compare = hmac.compare_digest

    def noting(one: Any, other: Any) -> bool:
        compared.append(compare(one, other))
        return compared[-1]

    monkeypatch.setattr(hmac, "compare_digest", noting)
    assert rotated.fits(given_token, "ref") is (by is not None)
    assert compared == [by == key for key in (NEW, OLD, OLDEST)]


@pytest.mark.parametrize("kept", [tokens(None), tokens(None, OLD)])
def test_without_a_secret_none_is_made_and_none_is_taken(kept: Tokens) -> None:
    with pytest.raises(ConfigurationError, match="PAYMENTOPTIONS_WEBHOOK_SECRET"):
        kept.url(BASE, "ref")
    with pytest.raises(ConfigurationError, match="PAYMENTOPTIONS_WEBHOOK_SECRET"):
        kept.fits(token(by=tokens(OLD)), "ref")


@pytest.mark.parametrize(
    "base",
    [
        "", "shop.example", "/webhooks", "ftp://shop.example", "javascript:alert(1)", "https://", "https:///webhooks",
        "https://shop.example/?a=1", "https://shop.example/#a", "https://shop.example/a b", "https://shop example/",
        "https://shöp.example", "https://shop.example/\n", "https://shop.example/\x00", "https://[::1/",
        "//shop.example", "https://shop.example:port/", "https://shop.example:99999/", "< Webhook url >", None, 7,
        b"https://shop.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(base: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        tokens().url(base, "ref")
    assert [problem.path for problem in caught.value.problems] == ["webhook_url"]


@pytest.mark.parametrize("base", ["http://127.0.0.1:8000", "https://[::1]:8000/a", BASE, "HTTPS://shop.example/%7Ea"])
def test_what_is_one_is_taken(base: str) -> None:
    assert tokens().url(base, "ref") == f"{base}/{token()}"


def test_an_address_has_at_most_255_characters() -> None:
    base = f"{BASE}/".ljust(255 - 25, "a")
    assert len(tokens().url(base, "ref")) == 255
    with pytest.raises(InvalidRequestError, match="255"):
        tokens().url(f"{base}a", "ref")


def test_no_secret_is_shown() -> None:
    assert NEW not in repr(vars(tokens(NEW, OLD)))
