"""`paymentoptions doctor`."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from paymentoptions_async.cli import checks

from .conftest import Cli
from .processes import run
from .records import kept

SECRET = "of-nobody-elses-business"


@pytest.fixture
def settings_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "X_API_KEY", "MERCHANT_ID", "LEDGER_SECRET"):
        monkeypatch.setenv(f"PAYMENTOPTIONS_{name}", SECRET)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def by_name(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in result["checks"]}


def test_a_test_purchase_in_the_sandbox_is_all_it_takes() -> None:
    ended = run("doctor", "--sandbox")
    assert (ended.code, ended.err) == (0, "")
    assert "ok       sandbox: a test purchase moved the money 1 time(s)" in ended.out
    assert "PROBLEM" not in ended.out


def test_the_versions_are_told(cli: Cli) -> None:
    found = by_name(cli("doctor", "--sandbox", "--json").result)
    assert {"python", "paymentoptions-async", "aiohttp", "attrs", "typer", "rich"} <= found.keys()
    assert "pytest" not in found


def test_a_missing_variable_is_a_problem_with_advice(cli: Cli) -> None:
    ended = cli("doctor")
    assert ended.code == 1
    assert "PROBLEM  PAYMENTOPTIONS_API_KEY: not set -> export PAYMENTOPTIONS_API_KEY=...\n" in ended.out
    assert "ok       PAYMENTOPTIONS_LEDGER: not set, and not required\n" in ended.out
    assert "not there yet; the first purchase makes it\n" in ended.out


def test_what_waits_in_the_ledger_is_told(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "ledger.db"
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", str(place))
    asyncio.run(kept(place))
    ended = cli("doctor")
    assert f"PROBLEM  ledger: {place}: 3 unsettled, of them 2 unknown or contradicted" in ended.out
    place.write_bytes(b"no ledger" * 1000)
    assert "it is no SQLite file" in cli("doctor").out


def test_looking_at_a_ledger_changes_nothing_in_it(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "ledger.db"
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", str(place))
    assert "not there yet" in cli("doctor").out
    assert not place.exists()
    asyncio.run(kept(place))
    before = cli("ledger", "export").out
    cli("doctor")
    assert cli("ledger", "export").out == before


def test_a_ledger_that_can_be_read_only_is_a_problem(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str
) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", postgres_dsn)
    assert "ok       ledger: PostgreSQL" in cli("doctor").out
    read_only = postgres_dsn.replace("options=", "options=-cdefault_transaction_read_only%3Don%20")
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", read_only)
    assert "PROBLEM  ledger: PostgreSQL" in cli("doctor").out


def test_a_ledger_whose_folder_is_not_there_is_a_problem(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", str(tmp_path / "disk" / "ledger.db"))
    assert "its folder is not there -> make it, or mount the disk" in cli("doctor").out


def test_a_missing_secret_is_a_problem_and_it_is_told_how_to_make_one(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PAYMENTOPTIONS_LEDGER_SECRET")
    told = cli("doctor").out
    assert "PROBLEM  PAYMENTOPTIONS_LEDGER_SECRET: not set -> make one with python3 -c 'import secrets;" in told


def test_the_gateway_is_connected_to_and_asked_nothing(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, settings_in_environment: None, listener: socket.socket
) -> None:
    port = listener.getsockname()[1]
    monkeypatch.setenv("PAYMENTOPTIONS_BASE_URL", f"http://127.0.0.1:{port}")
    ended = cli("doctor", "--json")
    assert ended.code == 0
    assert ended.result["ok"] is True
    assert by_name(ended.result)["base url"]["detail"] == f"http://127.0.0.1:{port}"
    assert by_name(ended.result)["tcp"]["ok"] is True
    connection, _ = listener.accept()
    with connection, suppress(ConnectionResetError):
        assert connection.recv(1) == b""


def test_no_value_of_a_secret_is_shown(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, settings_in_environment: None
) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_BASE_URL", f"https://user:{SECRET}@localhost")
    ended = cli("doctor")
    assert ended.code == 1
    assert "PAYMENTOPTIONS_API_KEY: set\n" in ended.out
    assert "settings: base_url: no credentials in the address" in ended.out
    assert SECRET not in ended.out + ended.err


@pytest.mark.parametrize(
    ("scheme", "problem"),
    [("http", "tcp"), ("https", "tcp and tls")],
)
def test_a_gateway_out_of_reach_is_a_problem_with_advice(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    settings_in_environment: None,
    closed_port: int,
    scheme: str,
    problem: str,
) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_BASE_URL", f"{scheme}://127.0.0.1:{closed_port}")
    ended = cli("doctor", "--json")
    assert ended.code == 1
    found = [check for check in ended.result["checks"] if not check["ok"]]
    assert [check["name"] for check in found] == [problem]
    assert found[0]["advice"]


def test_a_name_that_nobody_knows_is_a_problem(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, settings_in_environment: None
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("PAYMENTOPTIONS_BASE_URL", "https://gateway.example")
    ended = cli("doctor")
    assert ended.code == 1
    assert "PROBLEM  dns: gateway.example: Name or service not known -> look at the name" in ended.out


def test_silence_is_a_problem(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, settings_in_environment: None, listener: socket.socket
) -> None:
    monkeypatch.setattr(checks, "_SECONDS", 0.2)
    monkeypatch.setenv("PAYMENTOPTIONS_BASE_URL", f"https://127.0.0.1:{listener.getsockname()[1]}")
    ended = cli("doctor")
    assert ended.code == 1
    assert "no answer within 0.2 s" in ended.out


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "cert.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    return folder


@pytest.fixture
def tls_port(certificate: Path, listener: socket.socket) -> Iterator[int]:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "server.pem")

    def shake_hands() -> None:
        with suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True):
            pass

    thread = threading.Thread(target=shake_hands)
    thread.start()
    yield listener.getsockname()[1]
    thread.join(5)


def test_a_trusted_certificate_is_fine(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    settings_in_environment: None,
    certificate: Path,
    tls_port: int,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    monkeypatch.setenv("PAYMENTOPTIONS_BASE_URL", f"https://127.0.0.1:{tls_port}")
    assert by_name(cli("doctor", "--json").result)["tcp and tls"]["ok"] is True


def test_a_certificate_that_nobody_trusts_is_a_problem(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, settings_in_environment: None, tls_port: int
) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_BASE_URL", f"https://127.0.0.1:{tls_port}")
    found = by_name(cli("doctor", "--json").result)["tcp and tls"]
    assert found["ok"] is False
    assert "certificate: unable to get local issuer certificate" in found["detail"]


@pytest.mark.parametrize(
    ("name", "lowest", "ok"),
    [("typer", "0.15", True), ("typer", "999.0", False), ("no-such-package", "1.0", False)],
)
def test_a_dependency_that_is_too_old_or_missing_is_a_problem(name: str, lowest: str, ok: bool) -> None:
    assert checks._check_dependency(name, lowest).ok is ok
