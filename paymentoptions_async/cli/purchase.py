"""`paymentoptions purchase`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from .. import InvalidRequestError
from ..sandbox import Fault
from .body import build_request, read_body, sandbox_body
from .charge import Order, charge
from .ledger.place import LedgerOption
from .logs import configure_logs
from .report import report
from .result import of_bad_usage, of_error
from .usage import BadUsageError, without_numbers

__all__ = ["purchase"]


def _flag(name: str, help_text: str, panel: str) -> Any:
    return typer.Option(name, help=help_text, show_default=False, rich_help_panel=panel)


_CHARGE: Final = "The charge"
_PAYER: Final = "The payer"
_RETURN: Final = "Return addresses"
_CALL: Final = "The call"


def purchase(
    context: typer.Context,
    body: Annotated[
        str | None,
        typer.Argument(
            metavar="BODY.json",
            help="The vendor's purchase body: a file, or - for stdin.",
            show_default=False,
        ),
    ] = None,
    *,
    amount: Annotated[str | None, _flag("--amount", "Sent as it is given, never converted.", _CHARGE)] = None,
    currency: Annotated[str | None, _flag("--currency", "ISO 4217, such as JPY.", _CHARGE)] = None,
    ref: Annotated[str | None, _flag("--ref", "Your own reference (merchant_txn_ref).", _CHARGE)] = None,
    merchant_id: Annotated[
        str | None,
        _flag("--merchant-id", "Else that of the body, else of the environment.", _CHARGE),
    ] = None,
    token: Annotated[
        str | None,
        _flag("--token", "A stored payment method id: it pays instead of a card.", _CHARGE),
    ] = None,
    store_card: Annotated[
        bool | None,
        typer.Option(
            "--store-card",
            help="Have the gateway keep the card and answer a token for it.",
            show_default=False,
            rich_help_panel=_CHARGE,
        ),
    ] = None,
    card_name: Annotated[str | None, _flag("--card-name", "The cardholder's name.", _PAYER)] = None,
    expiry: Annotated[str | None, _flag("--expiry", "The card's expiry, MM/YY.", _PAYER)] = None,
    customer_ip: Annotated[str | None, _flag("--ip", "The payer's address, IPv4 or IPv6.", _PAYER)] = None,
    country: Annotated[str | None, _flag("--country", "ISO 3166-1, such as JP.", _PAYER)] = None,
    email: Annotated[str | None, _flag("--email", "The payer's e-mail.", _PAYER)] = None,
    phone: Annotated[str | None, _flag("--phone", "The payer's telephone.", _PAYER)] = None,
    address: Annotated[str | None, _flag("--address", "Street and number.", _PAYER)] = None,
    city: Annotated[str | None, _flag("--city", "City.", _PAYER)] = None,
    state: Annotated[str | None, _flag("--state", "State or prefecture.", _PAYER)] = None,
    postal_code: Annotated[str | None, _flag("--postal-code", "Postal code.", _PAYER)] = None,
    time_zone: Annotated[str | None, _flag("--time-zone", "IANA name, such as Asia/Tokyo.", _PAYER)] = None,
    webhook_url: Annotated[str | None, _flag("--webhook-url", "The gateway posts the outcome here.", _RETURN)] = None,
    success_url: Annotated[str | None, _flag("--success-url", "The payer lands here once paid.", _RETURN)] = None,
    decline_url: Annotated[str | None, _flag("--decline-url", "The payer lands here once refused.", _RETURN)] = None,
    api_version: Annotated[
        int,
        typer.Option(
            min=1,
            max=2,
            help="Of the vendor's operation; 2 is the entry to 3-D Secure.",
            rich_help_panel=_CALL,
        ),
    ] = 1,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Charge an embedded gateway that lives for this command. No environment is needed,"
            " and without a BODY whatever no flag gives is filled in with test data.",
            rich_help_panel=_CALL,
        ),
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="With --sandbox: what goes wrong, one for each request in turn, such as"
            " reset:after_commit. `paymentoptions sandbox` lists them.",
            show_default=False,
            rich_help_panel=_CALL,
        ),
    ] = None,
    ledger: LedgerOption = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="One deadline over everything, retries included. Else 60.",
            show_default=False,
            rich_help_panel=_CALL,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Write one JSON object to stdout.", rich_help_panel=_CALL),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Tell more, on stderr.", rich_help_panel=_CALL),
    ] = False,
) -> None:
    """Charge a card once, and say what happened to the money.

    The request is a BODY in the vendor's own form, flags, or both: a flag
    goes over the body's member.

    Card number and CVC are never arguments, since other users of the machine
    can read those. Where the BODY holds none they come from
    PAYMENTOPTIONS_CARD_NUMBER and PAYMENTOPTIONS_CARD_CVC, or you are asked.

    Who you are comes from PAYMENTOPTIONS_API_KEY, PAYMENTOPTIONS_X_API_KEY,
    PAYMENTOPTIONS_MERCHANT_ID and PAYMENTOPTIONS_BASE_URL.

    What was charged is remembered in the ledger, under the key of
    PAYMENTOPTIONS_LEDGER_SECRET: the same command again charges nothing, and
    tells the same result. With --sandbox nothing is remembered.

    A 3-D Secure challenge is not paid yet: it exits 1 and shows the address
    for the payer's browser.

    For example:

        paymentoptions purchase body.json --ref order-1234 --json

        paymentoptions purchase --sandbox --fault reset:after_commit
    """
    members = {
        "amount": amount,
        "currency": currency,
        "merchant_txn_ref": ref,
        "merchant_id": merchant_id,
        "payment_method.store_payment_method": store_card,
        "payment_method.type": "scheme" if store_card else None,
        "card.name": card_name,
        "customer_ip": customer_ip,
        "billing_address.country": country,
        "billing_address.email": email,
        "billing_address.phone_number": phone,
        "billing_address.address1": address,
        "billing_address.city": city,
        "billing_address.state": state,
        "billing_address.postal_code": postal_code,
        "time_zone": time_zone,
        "return_url.webhook_url": webhook_url,
        "return_url.success_url": success_url,
        "return_url.decline_url": decline_url,
    }
    configure_logs(verbose=verbose)
    try:
        faults = _faults(fault or [], sandbox=sandbox)
        order = Order(
            request=build_request(_body(body, sandbox=sandbox), members, expiry=expiry, token=token),
            version=2 if api_version == 2 else 1,
            sandbox=sandbox,
            ledger=_ledger(context, ledger, sandbox=sandbox),
            faults=faults,
            timeout=timeout,
            verbose=verbose,
        )
    except BadUsageError as fault_of_usage:
        result = of_bad_usage(str(fault_of_usage))
    except InvalidRequestError as refusal:
        result = of_error(refusal)
    else:
        result = charge(order)
    report(result, as_json=as_json)
    raise typer.Exit(result.exit_code)


def _body(source: str | None, *, sandbox: bool) -> dict[str, Any]:
    if source is not None:
        return read_body(source)
    return sandbox_body() if sandbox else {}


def _ledger(context: typer.Context, where: str | None, *, sandbox: bool) -> str | None:
    source = context.get_parameter_source("ledger")
    if sandbox and source is not None and source.name == "COMMANDLINE":
        raise BadUsageError("--ledger is of no use with --sandbox: that gateway ends with the command")
    return where


def _faults(texts: list[str], *, sandbox: bool) -> tuple[str, ...]:
    if texts and not sandbox:
        raise BadUsageError("--fault needs --sandbox")
    for text in texts:
        try:
            Fault.parse(text)
        except ValueError as fault:
            raise BadUsageError(f"--fault: {without_numbers(str(fault))}") from None
    return tuple(texts)
