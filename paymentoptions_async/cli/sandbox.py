"""`paymentoptions sandbox`."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any

import typer

from ..sandbox import Sandbox
from .exits import ExitCode
from .notice import credentials, notice
from .output import write_json, write_text
from .usage import tell_error, without_numbers

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


def sandbox(
    *,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free one.")] = 8080,
    duplicates: Annotated[Duplicates, typer.Option(help="What a repeated merchant_txn_ref does.")] = Duplicates.CHARGE,
    declines: Annotated[Declines, typer.Option(help="Whether a decline is HTTP 200 or 400.")] = Declines.AS_SUCCESS,
    error_body: Annotated[ErrorBody, typer.Option(help="The body of 400, 401, 404 and 406.")] = ErrorBody.MESSAGE,
    echo_card: Annotated[EchoCard, typer.Option(help="How an answer repeats the card number.")] = EchoCard.FULL,
    unclear_charges: Annotated[bool, typer.Option(help="Whether a code of class `unclear` moves money.")] = True,
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
    client finds it, the cards and amounts that are declined, and the faults
    that it knows.

    For example:

        paymentoptions sandbox --duplicates reject --fault reset:after_commit
    """
    switches: dict[str, Any] = {
        "duplicates": duplicates.value,
        "declines": declines.value,
        "error_body": error_body.value,
        "echo_card": echo_card.value,
        "unclear_charges": unclear_charges,
    }
    try:
        gateway = Sandbox(host=host, port=port, latency=latency, faults=fault or [], **switches)
        asyncio.run(_serve(gateway, as_json=as_json))
    except ValueError as mistake:
        tell_error(without_numbers(str(mistake)))
        raise typer.Exit(ExitCode.USAGE) from None
    except OSError as fault_of_port:
        tell_error(f"cannot listen on {host} port {port}: {fault_of_port.strerror}")
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
