"""Where the ledger is looked for, and that no password is shown on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from paymentoptions_async import ConfigurationError
from paymentoptions_async.cli.ledger.place import default_file, place_of

from .conftest import Cli
from .processes import BODY, CARD

PASSWORD = "hunter22"
# Each is split by libpq and by others in ways of their own, so that a part of the password may pass for a host.
ADDRESSES = [
    "postgresql://kim:hunter22@127.0.0.1:9/shop",
    "postgres://kim:hunter22@127.0.0.1:9/shop",
    "postgresql://127.0.0.1:9/shop?password=hunter22",
    "postgresql://kim:x@hunter22@127.0.0.1:9/shop",
    "postgresql://kim:x/hunter22@127.0.0.1:9/shop",
    "postgresql://kim:12/hunter22@127.0.0.1:9/shop",
    "postgresql://kim:x?hunter22@127.0.0.1:9/shop",
    "postgresql://kim:x hunter22@127.0.0.1:9/shop",
    "postgresql://[hunter22",
    "postgresql://kim:hunter22",
    "postgresql://kim:hunter22/shop",
    "postgresql://kim@realm:hunter22@127.0.0.1:9/shop",
    "postgresql+psycopg://kim:hunter22@127.0.0.1:9/shop",
    "PostgreSQL://kim:hunter22@127.0.0.1:9/shop",
    "postgresql:/kim:hunter22@127.0.0.1:9/shop",
    "mysql://kim:hunter22@127.0.0.1/shop",
    "host=127.0.0.1 port=9 password=hunter22",
    "password = hunter22",
]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paymentoptions_async.ledger.postgres._PATIENCE", 0.4)


@pytest.fixture
def settings_in_environment(monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    for name in ("API_KEY", "X_API_KEY", "MERCHANT_ID"):
        monkeypatch.setenv(f"PAYMENTOPTIONS_{name}", "key")
    monkeypatch.setenv("PAYMENTOPTIONS_BASE_URL", f"http://127.0.0.1:{closed_port}")


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_part_of_a_password_is_shown(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    impatient: None,
    settings_in_environment: None,
    tmp_path: Path,
    address: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", address)
    for command in (("ledger", "list"), ("doctor",), ("purchase", BODY, "--json", "--timeout", "2")):
        ended = cli(*command)
        assert ended.code in (1, 2)
        assert PASSWORD not in ended.out + ended.err + caplog.text
        if command == ("ledger", "list"):
            assert ended.err.count("\n") == 1
    assert not list(tmp_path.glob("*hunter22*")), "it was taken for a file"


@pytest.mark.parametrize("command", [("ledger",), ("ledger", "list"), ("ledger", "list", "--state"), ("purchase",)])
@pytest.mark.parametrize("address", ["postgresql://kim:hunter22@h/d", "mysql://kim:x hunter22@h/d"])
def test_an_address_in_the_wrong_place_is_not_shown_again(cli: Cli, command: tuple[str, ...], address: str) -> None:
    ended = cli(*command, address, "another argument")
    assert ended.code == 2
    assert PASSWORD not in ended.out + ended.err


def test_help_does_not_show_what_the_environment_holds(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", ADDRESSES[0])
    ended = cli("ledger", "list", "--help")
    assert "PAYMENTOPTIONS_LEDGER" in ended.out
    assert PASSWORD not in ended.out


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql://kim:x@db.example:5432/shop?sslmode=require", "PostgreSQL at db.example:5432/shop"),
        ("postgresql:///shop", "PostgreSQL at this machine/shop"),
        ("postgresql://db", "PostgreSQL at db"),
        ("postgresql://kim:a:b#c@[::1]:5432/shop", "PostgreSQL at [::1]:5432/shop"),
        ("postgresql://kim:x%40y%2Fz@a:1,b:2/shop?options=-csearch_path%3Dx", "PostgreSQL at a:1,b:2/shop"),
    ],
)
def test_an_address_is_told_by_host_and_name(address: str, told: str) -> None:
    assert place_of(address) == told


def test_a_path_with_a_card_number_is_not_shown(cli: Cli) -> None:
    assert CARD not in cli("ledger", "list", "--ledger", CARD).err


def test_the_default_is_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_file() == tmp_path / "paymentoptions" / "ledger.db"
    monkeypatch.setenv("HOME", str(tmp_path))
    # What is relative would be another ledger in each folder.
    for value in ("", "state", "./state"):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        assert default_file() == tmp_path / ".local" / "state" / "paymentoptions" / "ledger.db"


def test_a_user_without_home_folder_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(ConfigurationError, match="--ledger"):
        default_file()


def test_a_disk_that_is_not_mounted_gives_no_empty_ledger(
    cli: Cli, tmp_path: Path, settings_in_environment: None
) -> None:
    ended = cli("purchase", BODY, "--json", "--ledger", tmp_path / "disk" / "ledger.db")
    assert (ended.code, ended.result["outcome"]) == (1, "not_sent")
    assert "the ledger ledger.db cannot be used" in ended.result["error"]["message"]
    assert not (tmp_path / "disk").exists()


def test_without_secret_not_even_the_folder_is_made(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, settings_in_environment: None
) -> None:
    monkeypatch.delenv("PAYMENTOPTIONS_LEDGER_SECRET")
    ended = cli("purchase", BODY)
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "python3 -c 'import secrets; print(secrets.token_hex(32))'" in ended.err
    assert not default_file().parent.exists()


def test_a_folder_that_cannot_be_made_is_a_usage_error(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings_in_environment: None
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    ended = cli("purchase", BODY)
    assert ended.code == 2
    assert "cannot be made: Not a directory" in ended.err


def test_a_folder_is_no_ledger(cli: Cli, tmp_path: Path) -> None:
    ended = cli("ledger", "list", "--ledger", tmp_path)
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "cannot be used" in ended.err
    assert not list(tmp_path.iterdir())
