from __future__ import annotations

import copy
import inspect
from decimal import Decimal
from typing import Any, Final

import attrs
import pytest

from paymentoptions_async import DEVELOPMENT, LIVE, ConfigurationError, RetryPolicy, Secret, Settings, Timeouts

from .test_charging import everything_shown

KEYS: Final[dict[str, Any]] = {"api_key": "first-key", "x_api_key": "second-key", "merchant_id": "DASMID"}
ENVIRONMENT: Final = {
    "PAYMENTOPTIONS_API_KEY": "first-key",
    "PAYMENTOPTIONS_X_API_KEY": "second-key",
    "PAYMENTOPTIONS_MERCHANT_ID": "DASMID",
    "PAYMENTOPTIONS_BASE_URL": DEVELOPMENT,
    "PAYMENTOPTIONS_LEDGER_SECRET": "a ledger's secret",
    "PAYMENTOPTIONS_FORMER_LEDGER_SECRETS": "the one before it, and the very first",
}
REQUIRED: Final = ("PAYMENTOPTIONS_API_KEY", "PAYMENTOPTIONS_X_API_KEY", "PAYMENTOPTIONS_MERCHANT_ID")


def refusal(**changes: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Settings(**{**KEYS, **changes})
    return str(caught.value)


def test_the_keys_and_the_merchant_are_all_that_must_be_told() -> None:
    settings = Settings(**KEYS)
    assert settings == Settings(
        api_key=Secret("first-key"),
        x_api_key=Secret("second-key"),
        merchant_id="DASMID",
        base_url="https://api.paymentoptions.com",
        api_key_form="plain",
        timeouts=Timeouts(total=60.0, connect=10.0, read=None),
        retry=RetryPolicy(max_attempts=4, base=0.2, cap=10.0, repeat_after_send=False),
        ledger_secret=None,
        former_ledger_secrets=(),
        max_connections=100,
        log_level="warning",
    )


@pytest.mark.parametrize("missing", KEYS)
def test_what_has_no_default_must_be_told(missing: str) -> None:
    with pytest.raises(TypeError, match=missing):
        Settings(**{name: value for name, value in KEYS.items() if name != missing})


def test_settings_cannot_be_changed() -> None:
    for value, name in ((Settings(**KEYS), "base_url"), (Timeouts(), "total"), (RetryPolicy(), "cap")):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, name, 1)


# --- the address ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (LIVE, LIVE),
        (DEVELOPMENT, DEVELOPMENT),
        ("https://gateway.example/", "https://gateway.example"),
        ("https://gateway.example///", "https://gateway.example"),
        ("https://gateway.example/api/v1/", "https://gateway.example/api/v1"),
        ("https://gateway.example:8443", "https://gateway.example:8443"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_is_kept_without_its_last_slash(given: str, kept: str) -> None:
    assert Settings(**KEYS, base_url=given).base_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://api.paymentoptions.com", "http://127.0.0.2", "http://0.0.0.0", "http://10.0.0.1", "http://[::2]",
        "http://localhost.example", "http://localhost@gateway.example", "ftp://localhost", "gateway.example", "", "https://",
        "https:///path", "https://:443", "https://gateway.example:99999", "https://[bad", "//gateway.example", None, 5,
        b"https://gateway.example",
    ],
)  # fmt: skip
def test_an_address_that_is_not_https_is_refused(url: object) -> None:
    assert "base_url" in refusal(base_url=url)


@pytest.mark.parametrize(
    "place",
    [
        "[::1]x",
        "[::1];:80",
        "a\\b",
        "xn--",
        "xn--a",
        "a..b",
        ".",
        "a%zz",
        "a'b",
        "[v1.x]",
        "[fe80::1%25eth0]",
    ],
)
def test_an_address_to_which_no_connection_can_be_made_is_refused(place: str) -> None:
    assert "base_url" in refusal(base_url=f"https://{place}")


@pytest.mark.parametrize("userinfo", ["user:pass-word", "user", ":pass-word", "pass-word@x", ""])
@pytest.mark.parametrize("scheme", ["https://{}@gateway.example", "http://{}@localhost"])
def test_credentials_in_the_address_are_refused_and_not_shown(scheme: str, userinfo: str) -> None:
    told = refusal(base_url=scheme.format(userinfo))
    assert "base_url: no credentials in the address" in told
    assert "pass-word" not in told


@pytest.mark.parametrize("tail", ["?", "?a=1", "#", "#a", "/?", "/api#"])
def test_an_address_to_which_no_path_can_be_added_is_refused(tail: str) -> None:
    assert "base_url: no query and no fragment" in refusal(base_url=f"https://gateway.example{tail}")


@pytest.mark.parametrize("url", ["https://a\n", " https://a", "https://a b", "https://a\t", "https://a\r\nHost: b"])
def test_an_address_with_white_space_is_refused(url: str) -> None:
    assert "base_url" in refusal(base_url=url)


# --- every other setting ----------------------------------------------------------------------------------

WRONG: Final[list[tuple[str, object]]] = [
    ("api_key", ""), ("api_key", "  "), ("api_key", "leak\n"), ("api_key", "leaké"), ("api_key", None), ("api_key", 5),
    ("api_key", Secret("")), ("api_key", b"leak"),
    ("x_api_key", ""), ("x_api_key", "leak\r\nX: y"), ("x_api_key", "leak\x00"), ("x_api_key", None),
    ("merchant_id", ""), ("merchant_id", "leak" * 33), ("merchant_id", None), ("merchant_id", 5),
    ("merchant_id", "leak\ud800"),
    ("api_key_form", "leak"), ("api_key_form", None), ("api_key_form", []),
    ("ledger_secret", "leak" * 4 + "\udcff"), ("webhook_secret", "leak" * 4 + "\udcff"),
    ("former_webhook_secrets", ["leak" * 4 + "\udcff"]),
    ("ledger_secret", ""), ("ledger_secret", "leak"), ("ledger_secret", b"leak" * 8), ("ledger_secret", Secret("leak")),
    ("former_ledger_secrets", "leak"), ("former_ledger_secrets", ["leak"]), ("former_ledger_secrets", [Secret("leak")]),
    ("former_ledger_secrets", ["x" * 16, "leak"]), ("former_ledger_secrets", [None]),
    ("former_ledger_secrets", b"leak" * 8),
    ("log_level", "leak"), ("log_level", "INFO"), ("log_level", 20), ("log_level", {}),
    ("max_connections", 0), ("max_connections", -1), ("max_connections", True), ("max_connections", 1.5),
    ("max_connections", None),
    ("timeouts", None), ("timeouts", 5), ("retry", None), ("retry", 4),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_named_and_not_shown(name: str, value: object) -> None:
    told = refusal(**{name: value})
    assert told.startswith(f"{name}: ")
    assert ";" not in told
    assert "leak" not in told


def test_all_wrong_values_are_named_at_once() -> None:
    wrong: dict[str, Any] = {name: value for name, value in reversed(WRONG) if name not in {"timeouts", "retry"}}
    told = refusal(**wrong, base_url="http://gateway.example")
    assert {problem.partition(":")[0] for problem in told.split("; ")} == {*wrong, "base_url"}


@pytest.mark.parametrize("form", ["plain", "colon", "encoded"])
def test_a_key_goes_out_in_one_of_three_forms(form: Any) -> None:
    assert Settings(**KEYS, api_key_form=form).api_key_form == form


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical"])
def test_a_log_has_one_of_five_levels(level: Any) -> None:
    assert Settings(**KEYS, log_level=level).log_level == level


def test_no_secret_is_shown_by_settings() -> None:
    settings = Settings(**KEYS, ledger_secret="a ledger's secret", former_ledger_secrets=["a ledger's former one"])
    for shown in (
        repr(settings),
        str(settings),
        f"{settings}",
        str(attrs.asdict(settings)),
        str(attrs.astuple(settings)),
    ):
        assert "key" not in shown.replace("api_key", "")
        assert "ledger's" not in shown
        assert "DASMID" in shown


@pytest.mark.parametrize(
    "given",
    [
        "the one before it",
        Secret("the one before it"),
        ["the one before it"],
        (Secret("the one before it"),),
        iter(["the one before it"]),
    ],
    ids=["a text", "a secret", "a list", "a tuple", "an iterator"],
)
def test_former_secrets_are_given_one_or_many_plain_or_sealed(given: Any) -> None:
    settings = Settings(**KEYS, former_ledger_secrets=given)
    assert settings.former_ledger_secrets == (Secret("the one before it"),)


def test_a_secret_has_sixteen_characters() -> None:
    assert Settings(**KEYS, ledger_secret="x" * 16, former_ledger_secrets=["y" * 16]).ledger_secret == Secret("x" * 16)
    told = refusal(ledger_secret="leakleakleakle!", former_ledger_secrets=["leakleakleakle!"])
    assert (
        told
        == "ledger_secret: at least 16 characters, no space around; former_ledger_secrets: at least 16 characters each"
    )


def test_settings_copy_and_compare_by_value() -> None:
    settings = Settings(**KEYS)
    assert copy.deepcopy(settings) == copy.copy(settings) == Settings(**KEYS)
    assert settings != Settings(**{**KEYS, "api_key": "another"})


# --- numbers ----------------------------------------------------------------------------------------------

NUMBERS: Final = [
    (Timeouts, "total"), (Timeouts, "connect"), (Timeouts, "read"), (RetryPolicy, "base"), (RetryPolicy, "cap"),
    (RetryPolicy, "max_attempts"),
]  # fmt: skip


@pytest.mark.parametrize(
    "value", [0, -1, -0.5, True, False, float("nan"), "5", [], Decimal(5), 1j, float("-inf")], ids=repr
)
@pytest.mark.parametrize(("kind", "name"), NUMBERS)
def test_a_number_that_makes_no_sense_is_refused_by_name(kind: type, name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        kind(**{name: value})


@pytest.mark.parametrize(("kind", "name"), [number for number in NUMBERS if number[1] != "read"])
def test_a_number_that_is_missing_is_refused_by_name(kind: type, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        kind(**{name: None})


@pytest.mark.parametrize("value", [1.5, 2.0, float("inf")])
def test_attempts_are_a_whole_number(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^max_attempts: a whole number, at least 1"):
        RetryPolicy(max_attempts=value)


@pytest.mark.parametrize("value", [0, 1, "yes", None])
def test_repeating_is_switched_by_a_truth_value_alone(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^repeat_after_send: true or false"):
        RetryPolicy(repeat_after_send=value)


@pytest.mark.parametrize(("kind", "name"), NUMBERS)
def test_one_is_a_number_that_every_limit_takes(kind: type, name: str) -> None:
    assert getattr(kind(**{name: 1}), name) == 1


def test_a_lost_answer_is_not_repeated_unless_it_is_asked_for() -> None:
    assert RetryPolicy().repeat_after_send is False


def test_the_retry_policy_says_what_a_repeat_may_cost_and_how_to_allow_it() -> None:
    told = " ".join(inspect.cleandoc(RetryPolicy.__doc__ or "").split())
    assert "may charge a repeated `merchant_txn_ref` a second time" in told
    assert "RetryPolicy(repeat_after_send=True)" in told


# --- the environment --------------------------------------------------------------------------------------


def test_the_environment_tells_all_six() -> None:
    settings = Settings.from_env(ENVIRONMENT)
    assert settings == Settings(
        **KEYS,
        base_url=DEVELOPMENT,
        ledger_secret=Secret("a ledger's secret"),
        former_ledger_secrets=(Secret("the one before it"), Secret("and the very first")),
    )


@pytest.mark.parametrize("given", ["the one before it", " the one before it ", "\tthe one before it\n"])
def test_blanks_around_a_former_secret_do_not_count(given: str) -> None:
    settings = Settings.from_env({**ENVIRONMENT, "PAYMENTOPTIONS_FORMER_LEDGER_SECRETS": given})
    assert settings.former_ledger_secrets == (Secret("the one before it"),)


@pytest.mark.parametrize("given", ["leak", "the one before it,leak", "the one before it,", ",", "leak,,leak"])
def test_former_secrets_in_the_environment_are_long_enough_all_of_them(given: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^former_ledger_secrets: at least 16 characters each$") as caught:
        Settings.from_env({**ENVIRONMENT, "PAYMENTOPTIONS_FORMER_LEDGER_SECRETS": given})
    # Those of the environment are sealed before anything can be found wrong with them.
    shown = everything_shown(caught.value)
    for secret in ("leak", "the one before it", "first-key", "second-key", "a ledger's secret"):
        assert secret not in shown


def test_the_process_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_env() == Settings.from_env(ENVIRONMENT)


def test_what_the_environment_may_leave_out_has_its_default() -> None:
    assert Settings.from_env({name: ENVIRONMENT[name] for name in REQUIRED}) == Settings(**KEYS)


@pytest.mark.parametrize("missing", [REQUIRED, REQUIRED[:1], REQUIRED[1:], REQUIRED[::2]])
@pytest.mark.parametrize("empty", [True, False], ids=["empty", "unset"])
def test_all_that_is_missing_in_the_environment_is_named_at_once(missing: tuple[str, ...], empty: bool) -> None:
    given = {name: value for name, value in ENVIRONMENT.items() if name not in missing}
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({**given, **(dict.fromkeys(missing, "") if empty else {})})
    assert str(caught.value) == f"not set in the environment: {', '.join(missing)}"


def test_a_wrong_value_in_the_environment_is_named_and_not_shown() -> None:
    with pytest.raises(ConfigurationError, match=r"^ledger_secret: at least 16 characters, no space around$"):
        Settings.from_env({**ENVIRONMENT, "PAYMENTOPTIONS_LEDGER_SECRET": "leak"})


@pytest.mark.parametrize("wrong", [None, 5, [5], ("too short",)])
def test_former_secrets_that_are_none_are_told(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="former_ledger_secrets: at least 16 characters each"):
        Settings(api_key="key", x_api_key="key", merchant_id="m", former_ledger_secrets=wrong)
