"""`paymentoptions sandbox` as a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest

from paymentoptions_async.cli import sandbox as command_module
from paymentoptions_async.sandbox import Fault, WebhookPolicy
from paymentoptions_async.sandbox.answers import EchoCard, ErrorBody
from paymentoptions_async.sandbox.faults import FAULT_KINDS
from paymentoptions_async.sandbox.gateway import Declines, Duplicates
from paymentoptions_async.sandbox.rules import TEST_CARDS

from .conftest import Cli
from .processes import BODY, clean_environment, command, run


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command("sandbox", "--port", "0", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    content = json.loads(process.stdout.readline())
    assert isinstance(content, dict)
    return content


def ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, str]:
    """Its exit code, and what of its output nobody has read yet."""
    assert process.stdout is not None
    assert process.stderr is not None
    process.send_signal(number)
    out, err = process.stdout.read(), process.stderr.read()
    return process.wait(10), out, err


def test_another_process_can_pay_there() -> None:
    with running("--json") as process:
        first = run("purchase", BODY, "--json", **told(process)["environment"])
        assert ended(process, signal.SIGTERM) == (0, "", "")
    assert first.code == 0
    assert first.result["payment"]["transaction_id"]


def test_it_is_told_how_it_behaves(tmp_path: Path) -> None:
    arguments = ["--duplicates", "reject", "--declines", "4xx", "--echo-card", "none", "--fault", "429:0"]
    with running("--json", *arguments) as process:
        environment = told(process)["environment"]
        paid = run("purchase", BODY, "--json", **environment)
        # Another ledger: the own one would answer, and ask nobody.
        again = run("purchase", BODY, "--json", "--ledger", tmp_path / "other.db", **environment)
    assert paid.result["payment"]["attempts"] == 2
    assert "number" not in paid.result["payment"]["raw"]["payment_details"]["card"]
    assert again.result["outcome"] != "paid"
    assert "duplicate transmission" in again.out


def test_ctrl_c_ends_it_cleanly() -> None:
    with running() as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("The sandbox listens at http://127.0.0.1:")
        code, _, err = ended(process, signal.SIGINT)
    assert (code, err) == (0, "")


def test_people_are_told_all_that_can_be_tried() -> None:
    with running() as process:
        assert process.stdout is not None
        process.stdout.readline()
        _, notice, _ = ended(process, signal.SIGTERM)
    assert "export PAYMENTOPTIONS_BASE_URL=http://127.0.0.1:" in notice
    assert "export PAYMENTOPTIONS_API_KEY=sandbox-api-key" in notice
    for row in TEST_CARDS:
        assert row.number in notice
    for name in FAULT_KINDS:
        assert f"  {name}" in notice


def test_a_port_that_is_taken_is_a_usage_error(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        end = cli("sandbox", "--port", port)
    assert end.code == 2
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in end.err


def test_a_fault_that_there_is_not_is_a_usage_error(cli: Cli) -> None:
    end = cli("sandbox", "--fault", "earthquake")
    assert end.code == 2
    assert "no fault 'earthquake'" in end.err


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (command_module.Duplicates, Duplicates),
        (command_module.Declines, Declines),
        (command_module.ErrorBody, ErrorBody),
        (command_module.EchoCard, EchoCard),
    ],
)
def test_every_switch_of_the_sandbox_can_be_set(ours: Any, theirs: Any) -> None:
    assert {choice.value for choice in ours} == set(get_args(theirs))


def test_every_form_of_fault_that_is_told_can_be_given() -> None:
    from paymentoptions_async.cli.notice import fault_forms

    for name in FAULT_KINDS:
        for form in fault_forms(name):
            assert Fault.parse(form.replace("SECONDS", "2")).kind == name


def test_its_page_is_told_and_there(cli: Cli) -> None:
    with running("--json") as process, urllib.request.urlopen(told(process)["page"]) as answer:
        assert answer.status == 200
        assert answer.headers.get_content_type() == "text/html"


def test_with_a_database_it_knows_a_transaction_after_a_kill(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(process: subprocess.Popen[str]) -> None:
        for name, value in told(process)["environment"].items():
            monkeypatch.setenv(name, value)

    arguments = ("--json", "--challenge-tells-id", "--database", str(tmp_path / "sandbox.db"))
    with running(*arguments) as process:
        start(process)
        paid = cli("purchase", BODY, "--json").result["payment"]["transaction_id"]
        process.kill()
    with running(*arguments) as process:
        start(process)
        assert cli("status", paid).code == 0


def test_a_database_that_cannot_be_used_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    end = cli("sandbox", "--port", "0", "--database", tmp_path)
    assert (end.code, end.err.startswith("Error: the sandbox's database cannot be used")) == (2, True)


def test_the_flags_of_webhooks_make_their_policy() -> None:
    flags = command_module.WebhookFlags
    assert flags().policy() == WebhookPolicy()
    many = flags(no_webhooks=True, webhook_delay=2.0, webhook_repeats=3, early_webhooks=True)
    assert many.policy() == WebhookPolicy(enabled=False, delay=2.0, repeats=3, early=True)
