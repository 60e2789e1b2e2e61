"""The flags and arguments that several commands have."""

from __future__ import annotations

from typing import Annotated, Any, Final

import attrs
import typer

from ..sandbox import Fault
from .ledger.place import LedgerOption
from .usage import BadUsageError, without_numbers

__all__ = [
    "BodyArgument", "CallFlags", "ChargeFlags", "GatewayFlags", "KeyOption", "RequestFlags", "TransactionArgument",
    "VersionOption",
]  # fmt: skip

_CHARGE: Final = "The charge"
_PAYER: Final = "The payer"
_RETURN: Final = "Return addresses"
_CALL: Final = "The call"


def _flag(name: str, help_text: str, panel: str) -> Any:
    return typer.Option(name, help=help_text, show_default=False, rich_help_panel=panel)


BodyArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="BODY.json",
        help="The vendor's body: a file, or - for stdin.",
        show_default=False,
    ),
]
TransactionArgument = Annotated[
    str,
    typer.Argument(metavar="TRANSACTION_ID", help="The gateway's id of the transaction.", show_default=False),
]
KeyOption = Annotated[
    str,
    typer.Option("--key", help="Your own name of it, such as refund-order-17: under it it is done once."),
]
VersionOption = Annotated[
    int,
    typer.Option(min=1, max=2, help="Of the vendor's operation; 2 is the entry to 3-D Secure.", rich_help_panel=_CALL),
]


@attrs.frozen(kw_only=True)
class CallFlags:
    """How a call is made and told."""

    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="One deadline over everything, retries included. Else 60.",
            show_default=False,
            rich_help_panel=_CALL,
        ),
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.", rich_help_panel=_CALL)] = (
        False
    )
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell more, on stderr.", rich_help_panel=_CALL)] = (
        False
    )


@attrs.frozen(kw_only=True)
class GatewayFlags:
    """Which gateway is charged, and what remembers it."""

    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Charge an embedded gateway that lives for this command. No environment is needed,"
            " and without a BODY whatever no flag gives is filled in with test data.",
            rich_help_panel=_CALL,
        ),
    ] = False
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="With --sandbox: what goes wrong, one for each request in turn, such as"
            " reset:after_commit. `paymentoptions sandbox` lists them.",
            show_default=False,
            rich_help_panel=_CALL,
        ),
    ] = None
    ledger: LedgerOption = None

    def check(self, context: typer.Context) -> None:
        """See that they go together.

        Args:
            context: Of the command.

        Raises:
            BadUsageError: They do not, or there is no such fault.
        """
        if self.fault and not self.sandbox:
            raise BadUsageError("--fault needs --sandbox")
        for text in self.fault or ():
            try:
                Fault.parse(text)
            except ValueError as mistake:
                raise BadUsageError(f"--fault: {without_numbers(str(mistake))}") from None
        source = context.get_parameter_source("ledger")
        if self.sandbox and source is not None and source.name == "COMMANDLINE":
            raise BadUsageError("--ledger is of no use with --sandbox: that gateway ends with the command")


@attrs.frozen(kw_only=True)
class RequestFlags:
    """What goes over the members of a body, be it of a charge or of a page."""

    amount: Annotated[str | None, _flag("--amount", "Sent as it is given, never converted.", _CHARGE)] = None
    currency: Annotated[str | None, _flag("--currency", "ISO 4217, such as JPY.", _CHARGE)] = None
    ref: Annotated[str | None, _flag("--ref", "Your own reference (merchant_txn_ref).", _CHARGE)] = None
    merchant_id: Annotated[
        str | None, _flag("--merchant-id", "Else that of the body, else of the environment.", _CHARGE)
    ] = None
    customer_ip: Annotated[str | None, _flag("--ip", "The payer's address, IPv4 or IPv6.", _PAYER)] = None
    country: Annotated[str | None, _flag("--country", "ISO 3166-1, such as JP.", _PAYER)] = None
    email: Annotated[str | None, _flag("--email", "The payer's e-mail.", _PAYER)] = None
    phone: Annotated[str | None, _flag("--phone", "The payer's telephone.", _PAYER)] = None
    address: Annotated[str | None, _flag("--address", "Street and number.", _PAYER)] = None
    city: Annotated[str | None, _flag("--city", "City.", _PAYER)] = None
    state: Annotated[str | None, _flag("--state", "State or prefecture.", _PAYER)] = None
    postal_code: Annotated[str | None, _flag("--postal-code", "Postal code.", _PAYER)] = None
    time_zone: Annotated[str | None, _flag("--time-zone", "IANA name, such as Asia/Tokyo.", _PAYER)] = None
    webhook_url: Annotated[str | None, _flag("--webhook-url", "The gateway posts the outcome here.", _RETURN)] = None
    success_url: Annotated[str | None, _flag("--success-url", "The payer lands here once paid.", _RETURN)] = None
    decline_url: Annotated[str | None, _flag("--decline-url", "The payer lands here once refused.", _RETURN)] = None

    def members(self) -> dict[str, object]:
        """What they say, by dotted path; `None` where a flag was not given."""
        return {
            "amount": self.amount,
            "currency": self.currency,
            "merchant_txn_ref": self.ref,
            "merchant_id": self.merchant_id,
            "customer_ip": self.customer_ip,
            "billing_address.country": self.country,
            "billing_address.email": self.email,
            "billing_address.phone_number": self.phone,
            "billing_address.address1": self.address,
            "billing_address.city": self.city,
            "billing_address.state": self.state,
            "billing_address.postal_code": self.postal_code,
            "time_zone": self.time_zone,
            "return_url.webhook_url": self.webhook_url,
            "return_url.success_url": self.success_url,
            "return_url.decline_url": self.decline_url,
        }


@attrs.frozen(kw_only=True)
class ChargeFlags(RequestFlags):
    """The same, with what pays. Card number and CVC are none of them: other users can read arguments."""

    token: Annotated[
        str | None, _flag("--token", "A stored payment method id: it pays instead of a card.", _CHARGE)
    ] = None
    store_card: Annotated[
        bool | None, _flag("--store-card", "Have the gateway keep the card and answer a token for it.", _CHARGE)
    ] = None
    card_name: Annotated[str | None, _flag("--card-name", "The cardholder's name.", _PAYER)] = None
    expiry: Annotated[str | None, _flag("--expiry", "The card's expiry, MM/YY.", _PAYER)] = None

    def members(self) -> dict[str, object]:
        """What they say, by dotted path, but for `token` and `expiry`, which are more than a member."""
        return {
            **super().members(),
            "payment_method.store_payment_method": self.store_card,
            "payment_method.type": "scheme" if self.store_card else None,
            "card.name": self.card_name,
        }
