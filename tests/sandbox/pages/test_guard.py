from __future__ import annotations

import pytest

from paymentoptions_async.sandbox.pages.guard import is_foreign

HOST = {"Host": "127.0.0.1:8080"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": "https://127.0.0.1:8080"},  # behind a proxy that speaks TLS
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8080"},
    ],
)
def test_a_form_of_our_own_is_taken(headers: dict[str, str]) -> None:
    assert not is_foreign({**HOST, **headers})


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8081"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://127.0.0.1:8080.elsewhere.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8080"},
    ],
)
def test_a_form_of_another_site_is_not(headers: dict[str, str]) -> None:
    assert is_foreign({**HOST, **headers})
