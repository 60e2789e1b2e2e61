"""What a test asserts about charges, by the gateway's own books."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..errors import OutcomeUnknownError, PartialApprovalError, PaymentOptionsError
from ..models.payment import Payment

if TYPE_CHECKING:
    from ..models.challenge import Challenge
    from ..models.payment import Authorization
    from ..sandbox import Sandbox
    from ..sandbox.state import Transaction

__all__ = ["assert_charged", "assert_not_charged", "assert_verdict"]

_SHOWN: Final = 5
_OF_ITS_OWN_CALL: Final = "not touched by this call"


def assert_charged(gateway: Sandbox, ref: str, *, times: int = 1, amount: str | int | Decimal | None = None) -> None:
    """Money moved to the merchant.

    Args:
        gateway: Whose books are looked at.
        ref: The `merchant_txn_ref`.
        times: How often; a capture counts, an authorisation does not.
        amount: How much in all, whatever was refunded later.

    Raises:
        AssertionError: It did not, or otherwise; the text tells what the gateway knows of the reference.
    """
    __tracebackhide__ = True
    if gateway.charges(ref) != times:
        raise AssertionError(f"{ref!r} was charged {gateway.charges(ref)} times, not {times}\n{_known(gateway, ref)}")
    moved = sum((one.captured for one in _charges(gateway, ref)), Decimal(0))
    if amount is not None and moved != Decimal(amount):
        raise AssertionError(f"{ref!r} was charged {moved}, not {amount}\n{_known(gateway, ref)}")


def assert_not_charged(gateway: Sandbox, ref: str) -> None:
    """No money moved to the merchant.

    Args:
        gateway: Whose books are looked at.
        ref: The `merchant_txn_ref`.

    Raises:
        AssertionError: It did; the text tells what the gateway knows of the reference.
    """
    __tracebackhide__ = True
    assert_charged(gateway, ref, times=0)


def assert_verdict(gateway: Sandbox, verdict: Payment | Authorization | Challenge | PaymentOptionsError) -> None:
    """What a purchase or an authorisation has returned or raised is what happened to the money by now.

    `OutcomeUnknownError` holds as long as nobody was charged twice; an error that speaks of its own call alone always.

    Args:
        gateway: Whose books are looked at.
        verdict: What the client told.

    Raises:
        AssertionError: It is not; the text tells what the gateway knows of the reference.
        ValueError: The verdict belongs to no charge.
    """
    __tracebackhide__ = True
    if (ref := verdict.merchant_txn_ref) is None:
        raise ValueError("verdict: one about a charge, with its merchant_txn_ref")
    if not _holds(verdict, _charges(gateway, ref)):
        name = type(verdict).__name__
        raise AssertionError(f"{name} does not hold: {ref!r} was charged otherwise\n{_known(gateway, ref)}")


def _holds(
    verdict: Payment | Authorization | Challenge | PaymentOptionsError, charges: tuple[Transaction, ...]
) -> bool:
    if isinstance(verdict, OutcomeUnknownError):
        return len(charges) <= 1
    if isinstance(verdict, PaymentOptionsError) and verdict.money == _OF_ITS_OWN_CALL:
        return True
    told = verdict.payment if isinstance(verdict, PartialApprovalError) else verdict
    return [one.captured for one in charges] == ([told.amount] if isinstance(told, Payment) else [])


def _charges(gateway: Sandbox, ref: str) -> tuple[Transaction, ...]:
    return tuple(one for one in gateway.transactions(ref) if one.charged)


def _known(gateway: Sandbox, ref: str) -> str:
    """What stands in the books about a reference; where nothing does, which others they know."""
    attempts, found = gateway.attempts(ref), gateway.transactions(ref)
    if attempts or found:
        head = f"The gateway has read {attempts} request{'' if attempts == 1 else 's'} to charge it, and knows"
        return "\n".join([f"{head}:", *(f"  {_told(one)}" for one in found)]) if found else f"{head} nothing more"
    others = list(dict.fromkeys(repr(one.merchant_txn_ref) for one in gateway.transactions()))
    if not others:
        return "The gateway has never heard of it, nor of any other"
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return f"The gateway has never heard of it, but of {', '.join(others[:_SHOWN])}{more}"


def _told(one: Transaction) -> str:
    card = f", card {one.masked_card}" if one.masked_card else ""
    return f"{one.kind} {one.state}: {one.amount} {one.currency}, code {one.decision.response_code}{card}"
