"""The 3-D Secure page: what a cardholder sees of the issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..challenges import ChallengeAnswer
from .layout import facts, framed
from .markup import Markup, fill
from .values import money, stamped

if TYPE_CHECKING:
    from ..state import Transaction
    from .layout import Place

__all__ = ["ANSWER", "challenge_page"]

ANSWER: Final = "answer"
"""The form's field that holds a `ChallengeAnswer`."""

_PAGE: Final = """
<section>
<div class="bank"><span>{issuer}</span><span class="scheme">{scheme}</span></div>
<h1>{title}</h1>
<p class="soft">{lead}</p>
<p class="total">{amount}</p>
{facts}
<form method="post" class="stack">
{buttons}
<div class="apart"><p class="small soft">{test_only}</p>{time_out}</div>
</form>
</section>
"""
_BUTTON: Final = '<button class="{look}" name="{name}" value="{answer}">{label}</button>'
_NUMBER: Final = '<span class="mono">{text}</span>'
_LOOKS: Final = {
    ChallengeAnswer.APPROVE: "",
    ChallengeAnswer.DECLINE: "no",
    ChallengeAnswer.CANCEL: "plain",
    ChallengeAnswer.TIME_OUT: "plain",
}


def challenge_page(place: Place, transaction: Transaction) -> Markup:
    """The page of a challenge that was not answered yet."""
    words = place.words
    buttons = {
        answer: fill(_BUTTON, look=look, name=ANSWER, answer=answer.value, label=words(f"challenge.{answer.value}"))
        for answer, look in _LOOKS.items()
    }
    time_out = buttons.pop(ChallengeAnswer.TIME_OUT)
    told = (
        (words("merchant"), words("merchant_name")),
        (words("card"), fill(_NUMBER, text=transaction.masked_card)),
        (words("reference"), transaction.merchant_txn_ref),
        (words("overview.time"), stamped(transaction.timestamp)),
    )
    content = fill(
        _PAGE,
        issuer=words("challenge.issuer"),
        scheme=transaction.scheme,
        title=words("challenge.title"),
        lead=words("challenge.lead"),
        amount=money(words, transaction.amount, transaction.currency),
        facts=facts(told),
        buttons=buttons.values(),
        test_only=words("challenge.test_only"),
        time_out=time_out,
    )
    return framed(place, words("challenge.title"), [content], kind="narrow")
