"""What a person may say about the money, and in which words."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import InvalidRequestError, Resolution
from paymentoptions_async.models.outcome import Outcome, Refusal, State

from ..helpers import APPROVED

Word = Callable[..., Resolution]
# Without a name of the security code in them: what follows such a name is hidden as one.
letters = st.text(st.characters(categories=["L"], exclude_characters="cC") | st.just(" "))
WORDS: list[Word] = [Resolution.paid, Resolution.declined, Resolution.not_charged]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (Resolution.paid, Outcome(state=State.PAID)),
        (Resolution.declined, Outcome(state=State.DECLINED)),
        (Resolution.not_charged, Outcome(state=State.REFUSED, refusal=Refusal.NOT_CHARGED)),
    ],
)
def test_each_word_is_an_outcome_with_the_name_of_who_said_it(said: Word, outcome: Outcome) -> None:
    resolution = said(by=" Kim ", reason="found in the portal ")
    evidence = f"{outcome.state} by the word of Kim: found in the portal"
    assert resolution == (outcome._replace(evidence=(evidence,)), "Kim", "found in the portal", None)


def test_a_payment_carries_its_transaction() -> None:
    resolution = Resolution.paid(by="Kim", reason="portal", transaction_id="ab8444e7")
    assert resolution.outcome.transaction_id == "ab8444e7"
    assert Resolution.paid(by="Kim", reason="portal").outcome.transaction_id is None


def test_a_webhook_settles_nothing_and_names_the_transaction_and_whose_it_is() -> None:
    resolution = Resolution.named("ab8444e7", "token")
    assert (resolution.outcome.state, resolution.outcome.named_id) == (State.UNKNOWN, "ab8444e7")
    assert resolution.outcome.transaction_id is None
    assert (resolution.by, resolution.token) == ("a webhook", "token")
    assert orjson.loads(resolution.outcome.answer or b"")["named_by"] == "a webhook"


@pytest.mark.parametrize("text", ["", " ", "\t", "two\nlines", "\x00", "\ud800", "x" * 501, None, 55, b"Kim"])
@pytest.mark.parametrize("name", ["by", "reason", "transaction_id"])
def test_every_text_is_one_printable_line_of_limited_length(name: str, text: object) -> None:
    if (name, text) == ("transaction_id", None):
        return
    texts = {"by": "Kim", "reason": "portal", name: text}
    with pytest.raises(InvalidRequestError) as caught:
        Resolution.paid(**texts)  # type: ignore[arg-type]
    assert [problem.path for problem in caught.value.problems] == [name]
    assert str(text) not in str(caught.value) or not str(text).strip()


@pytest.mark.parametrize("said", WORDS)
def test_a_text_may_have_500_characters_of_any_script(said: Word) -> None:
    assert said(by="Ким 金", reason="é" * 500).reason == "é" * 500


@pytest.mark.parametrize("said", WORDS)
@given(before=letters, parted=st.sampled_from(["", " ", "-"]))
def test_no_card_number_gets_into_the_ledger_by_what_a_person_writes(said: Word, before: str, parted: str) -> None:
    number = parted.join(APPROVED[place : place + 4] for place in range(0, 16, 4))
    text = f"{before[:400]} {number}"
    shown = repr(said(by=text, reason=text))
    assert APPROVED not in shown.replace(" ", "").replace("-", "")
    assert "520000******1005" in shown


def test_nor_by_a_transaction_id_nor_a_cvc_by_its_name() -> None:
    assert "739" not in repr(Resolution.paid(by="Kim", reason="cvc=739", transaction_id="t1"))
    # It would not be masked: a payment must not be known by another id than the gateway's.
    with pytest.raises(InvalidRequestError, match="no card number") as caught:
        Resolution.paid(by="Kim", reason="portal", transaction_id=APPROVED)
    assert APPROVED not in str(caught.value)
