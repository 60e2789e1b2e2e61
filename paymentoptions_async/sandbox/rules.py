"""What the sandbox decides, and by which test card or amount. The tables are the documentation."""

from __future__ import annotations

from decimal import Decimal  # cattrs reads the annotations of what is kept in a database
from typing import Final, NamedTuple

import attrs

from paymentoptions_async.models.codes import Reason, response_codes

__all__ = [
    "TEST_AMOUNTS",
    "TEST_CARDS",
    "AmountRow",
    "CardRow",
    "CardRule",
    "Decision",
    "asked_first",
    "decide",
    "decision_of",
    "moves_money",
    "rule_of",
    "scheme_of",
    "settled",
]


@attrs.frozen
class CardRule:
    """How a card behaves: the issuer's code, and whether version 2 asks the payer first."""

    response_code: int = 0
    challenges: bool = False


class CardRow(NamedTuple):
    """A published test number and what happens to it."""

    number: str
    scheme: str
    rule: CardRule
    tells: str


class AmountRow(NamedTuple):
    """A pattern of amounts and what happens to them, whatever the card."""

    pattern: str
    tells: str


_APPROVE: Final = CardRule()
_APPROVED: Final = 0
_DO_NOT_HONOUR: Final = 5
_STILL_PENDING: Final = 578
_CODES: Final = response_codes()  # read at import, since a file is not to be read in the event loop

TEST_CARDS: Final = (
    CardRow("5200000000001005", "MASTERCARD", _APPROVE, "approved"),
    CardRow("4111111111111111", "VISA", _APPROVE, "approved"),
    CardRow("4242424242424242", "VISA", _APPROVE, "approved"),
    CardRow("378282246310005", "AMEX", _APPROVE, "approved"),
    CardRow(
        "4000000000001091",
        "VISA",
        CardRule(challenges=True),
        "3-D Secure challenge on paymentv2, approved on payment",
    ),
    CardRow("4000000000000002", "VISA", CardRule(5), "declined: do not honour"),
    CardRow("4000000000009995", "VISA", CardRule(51), "declined: insufficient funds"),
    CardRow("4000000000009987", "VISA", CardRule(41), "declined: lost card"),
    CardRow("4000000000009979", "VISA", CardRule(43), "declined: stolen card"),
    CardRow("4000000000000069", "VISA", CardRule(54), "declined: expired card"),
    CardRow("4000000000000127", "VISA", CardRule(580), "declined: wrong security code"),
    CardRow("4000000000000119", "VISA", CardRule(91), "declined: issuer inoperative, try again"),
    CardRow("4100000000000019", "VISA", CardRule(-8003), "refused by a risk rule (ERR3003)"),
)

TEST_AMOUNTS: Final = (
    AmountRow("900CCCC", "answered with response code CCCC: 9000051 gives 51"),
    AmountRow("990NNNN", "answered with response code -NNNN: 9908005 gives -8005"),
    AmountRow("9000010", "code 10: half of the amount is approved and charged"),
)

_RULES: Final = {card.number: card.rule for card in TEST_CARDS}
_SCHEMES: Final = {"34": "AMEX", "35": "JCB", "37": "AMEX", "62": "UNIONPAY"}
_FAMILIES: Final = {"2": "MASTERCARD", "3": "DINERS", "4": "VISA", "5": "MASTERCARD"}


def rule_of(number: str) -> CardRule:
    """How the card behaves. One that is in no table is approved."""
    return _RULES.get(number, _APPROVE)


def scheme_of(number: str) -> str:
    """The scheme that the first digits belong to."""
    return _SCHEMES.get(number[:2]) or _FAMILIES.get(number[:1], "DISCOVER")


@attrs.frozen
class Decision:
    """What became of a transaction.

    Attributes:
        response_code: The acquirer's code, as in `response_codes.csv`.
        reason: Its class; `None` for a code that nobody has published.
        amount: How much was approved, or asked where nothing was.
        challenge: Whether the payer is asked first; then the code says that it is pending.
    """

    response_code: int
    reason: Reason | None
    amount: Decimal
    challenge: bool = False

    @property
    def approved(self) -> bool:
        """Whether money moves with a plain yes, in whole or in part."""
        return not self.challenge and self.reason in (Reason.APPROVED, Reason.PARTIAL)


def decide(rule: CardRule, amount: Decimal, *, version: int) -> Decision:
    """Decide by the amount, else by the card.

    Args:
        rule: How the card behaves.
        amount: What is asked, in the unit of the request.
        version: 1 for `/payment`, 2 for `/paymentv2`, the entry to 3-D Secure.
    """
    code = _code_of_amount(amount)
    if code is None:
        if rule.challenges and version == 2:
            return asked_first(amount)
        code = rule.response_code
    return decision_of(code, amount)


def asked_first(amount: Decimal) -> Decision:
    """The payer is asked first."""
    return attrs.evolve(decision_of(_STILL_PENDING, amount), challenge=True)


def decision_of(code: int, amount: Decimal) -> Decision:
    """What a response code does to an amount."""
    row = _CODES.get(code)
    reason = row.reason if row else None
    return Decision(code, reason, amount / 2 if reason is Reason.PARTIAL else amount)


def _code_of_amount(amount: Decimal) -> int | None:
    family, code = divmod(int(amount), 10_000)
    if family == 900:
        return code
    return -code if family == 990 else None


def moves_money(decision: Decision, *, unclear_charges: bool) -> bool:
    """Whether the decision charges the card.

    Args:
        decision: What was decided.
        unclear_charges: What a code of class `unclear` does, since nobody knows.
    """
    return decision.approved or (decision.reason is Reason.UNCLEAR and unclear_charges)


def settled(decision: Decision, *, unclear_charges: bool) -> Decision:
    """What a decision has come to when its status is asked: nothing stays unclear to the issuer's books.

    Args:
        decision: What was decided.
        unclear_charges: As for `moves_money`, so that the status tells what happened to the money.
    """
    if decision.reason is not Reason.UNCLEAR:
        return decision
    if moves_money(decision, unclear_charges=unclear_charges):
        return attrs.evolve(decision, response_code=_APPROVED, reason=Reason.APPROVED)
    return attrs.evolve(decision, response_code=_DO_NOT_HONOUR, reason=Reason.DECLINED)
