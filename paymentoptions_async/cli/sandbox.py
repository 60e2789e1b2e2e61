"""`paymentoptions sandbox`."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from ..sandbox import Sandbox, WebhookPolicy
from .exits import ExitCode
from .notice import credentials, notice
from .output import write_json, write_text
from .spread import spread
from .usage import tell_error, without_numbers
from .values import as_json as plain

__all__ = ["Declines", "Duplicates", "EchoCard", "ErrorBody", "sandbox"]


class Duplicates(StrEnum):
    """What a repeated reference does."""

    CHARGE = "charge"
    REJECT = "reject"
    REPLAY = "replay"


class Declines(StrEnum):
    """The HTTP status of a decline."""

    AS_SUCCESS = "2xx"
    AS_CLIENT_ERROR = "4xx"


class ErrorBody(StrEnum):
    """The body of a refused request."""

    ENVELOPE = "envelope"
    MESSAGE = "message"
    HTML = "html"
    EMPTY = "empty"


class EchoCard(StrEnum):
    """How an answer repeats the card number."""

    FULL = "full"
    MASKED = "masked"
    NONE = "none"


@attrs.frozen(kw_only=True)
class BehaviourFlags:
    """What nobody has published about the real gateway, or what differs from merchant to merchant."""

    duplicates: Annotated[Duplicates, typer.Option(help="What a repeated merchant_txn_ref does.")] = Duplicates.CHARGE
    declines: Annotated[Declines, typer.Option(help="Whether a decline is HTTP 200 or 400.")] = Declines.AS_SUCCESS
    error_body: Annotated[ErrorBody, typer.Option(help="The body of 400, 401, 404 and 406.")] = ErrorBody.MESSAGE
    echo_card: Annotated[EchoCard, typer.Option(help="How an answer repeats the card number.")] = EchoCard.FULL
    unclear_charges: Annotated[bool, typer.Option(help="Whether a code of class `unclear` moves money.")] = True
    challenge_tells_id: Annotated[
        bool, typer.Option("--challenge-tells-id", help="Have a 3-D Secure answer tell the id of its transaction.")
    ] = False

    def switches(self) -> dict[str, Any]:
        """The same for the sandbox, by name."""
        switches: dict[str, Any] = plain(self)
        return switches


@attrs.frozen(kw_only=True)
class WebhookFlags:
    """How webhooks are sent."""

    no_webhooks: Annotated[bool, typer.Option("--no-webhooks", help="Send none.")] = False
    webhook_delay: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Before each webhook.")] = 0.0
    webhook_repeats: Annotated[int, typer.Option(min=1, help="How many times each is delivered.")] = 1
    early_webhooks: Annotated[
        bool, typer.Option("--early-webhooks", help="Send each before the answer to the operation.")
    ] = False

    def policy(self) -> WebhookPolicy:
        """The same for the sandbox."""
        return WebhookPolicy(
            enabled=not self.no_webhooks,
            delay=self.webhook_delay,
            repeats=self.webhook_repeats,
            early=self.early_webhooks,
        )


@spread
def sandbox(
    *,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free one.")] = 8080,
    behaviour: BehaviourFlags,
    webhooks: WebhookFlags,
    database: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep everything in an SQLite file too, beyond a restart.", show_default=False
        ),
    ] = None,
    latency: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Before each decision.")] = 0.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="What goes wrong, one for each request in turn: --fault 503 --fault drip:2.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON line with address and credentials.")] = False,
) -> None:
    """Run a gateway on this machine until Ctrl-C or SIGTERM. No money moves.

    It speaks the contract of the real one. It shows what to export so that a
    client finds it, a page that shows what happens in it, the cards and
    amounts that are declined, and the faults that it knows. Webhooks are sent
    to addresses of this machine only.

    For example:

        paymentoptions sandbox --duplicates reject --fault reset:after_commit

        paymentoptions sandbox --database sandbox.db --webhook-repeats 2
    """
    try:
        gateway = Sandbox(
            host=host,
            port=port,
            latency=latency,
            faults=fault or [],
            webhooks=webhooks.policy(),
            database=database,
            **behaviour.switches(),
        )
        asyncio.run(_serve(gateway, as_json=as_json))
    except ValueError as mistake:
        tell_error(without_numbers(str(mistake)))
        raise typer.Exit(ExitCode.USAGE) from None
    except OSError as trouble:
        # A fault of the database has told itself, and no number of the system's.
        why = trouble.strerror
        tell_error(f"cannot listen on {host} port {port}: {why}" if why else str(trouble))
        raise typer.Exit(ExitCode.USAGE) from None


async def _serve(gateway: Sandbox, *, as_json: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopped.set)
    async with gateway:
        if as_json:
            write_json(credentials(gateway))
        else:
            write_text(notice(gateway))
        await stopped.wait()
