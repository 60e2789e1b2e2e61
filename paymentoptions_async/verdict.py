"""What an answer means for the money. Plain functions: nothing here waits, sends or keeps anything.

The order of the questions matters. A redirect is looked for before `success`, since a challenge says `success: true`
and is not paid. A 5xx is unknown whatever its body says. What contradicts itself, or belongs to another reference, is
unknown: to guess is to risk somebody's money.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

import attrs
import orjson

from .models.codes import Reason, find_code, gateway_code_reason
from .models.outcome import Outcome, Refusal, State
from .models.wire import lenient_decimal, lenient_int
from .redaction import Secret, mask_pan, may_hold_card_data, redact
from .transport.reply import Fault, Reply

__all__ = ["Asked", "Judged", "judge", "settle"]


@attrs.frozen
class Asked:
    """What an answer is held against."""

    merchant_txn_ref: str
    amount: Decimal
    currency: str
    number: Secret | None


# gateway/API.md, "Errors", and RFC 9110: the request itself was not acceptable, so nothing was charged. 408, 409, 425
# and every status that is not listed prove nothing of the kind.
_REFUSED: Final = frozenset({400, 404, 405, 406, 411, 412, 413, 414, 415, 417, 422, 431})
_UNAUTHENTICATED: Final = frozenset({401, 403})

_UNCLEAR: Final = frozenset({Reason.UNCLEAR, Reason.PENDING, Reason.DUPLICATE})
_APPROVED: Final = frozenset({Reason.APPROVED, Reason.PARTIAL})

# A decline that proves, in answer to a repeat, that the first request never arrived: the gateway asks the issuer only
# after it has looked for the reference. Risk and configuration rules may stand before that look.
_ISSUER_SAID: Final = frozenset({
    Reason.DECLINED, Reason.INSUFFICIENT_FUNDS, Reason.INVALID_CARD, Reason.PICK_UP_CARD, Reason.STOP_PAYMENT,
    Reason.AUTHENTICATION_REQUIRED,
})  # fmt: skip


@attrs.frozen
class Judged:
    """An outcome, and the answer that it was read from, for those who would have to read it again."""

    outcome: Outcome
    answer: dict[str, Any] | None = None


def judge(reply: Reply | Fault, asked: Asked) -> Judged:
    """The outcome of one attempt."""
    if isinstance(reply, Fault):
        return Judged(_lost(reply.what) if reply.sent else _refused(Refusal.NOT_SENT, reply.what))
    if reply.status >= 500:
        return Judged(_lost(f"HTTP {reply.status}", reply.status))
    if not reply.complete:
        return Judged(_lost(f"HTTP {reply.status}, an answer of more bytes than any answer has", reply.status))
    read = _read(reply.body, asked.number)
    if read is None:
        return Judged(_judge_status(reply))
    return Judged(_judge_answer(reply, read.answer, asked, {"answer": read.masked}), read.answer)


def _lost(what: str, status: int | None = None) -> Outcome:
    return Outcome(state=State.UNKNOWN, evidence=(what,), status=status, lost=True)


def _refused(refusal: Refusal, what: str, **known: Any) -> Outcome:
    return Outcome(state=State.REFUSED, refusal=refusal, evidence=(what,), **known)


# --- reading ----------------------------------------------------------------------------------------------


class _Read(NamedTuple):
    """An answer without card data, as it is stored and as it is judged."""

    masked: bytes
    answer: dict[str, Any]


def _read(body: bytes, number: Secret | None) -> _Read | None:
    """The answer without the card number that it may echo, or `None` where it is no answer."""
    pan = number.reveal() if number is not None else None
    if pan is not None:
        # The bytes are cheaper to mask than the tree, and nearly always this leaves nothing to find there.
        body = body.replace(f'"{pan}"'.encode(), f'"{mask_pan(pan)}"'.encode())
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict):
        return None
    if _is_masked(answer, body, pan):
        return _Read(body, answer)
    answer = redact(answer)
    return _Read(orjson.dumps(answer), answer)


def _is_masked(answer: dict[str, Any], body: bytes, pan: str | None) -> bool:
    if pan is not None and pan.encode() in body:
        return False
    shown = _member(answer, "payment_details", "card", "number")
    if shown is not None and "*" not in str(shown):
        return False
    return not may_hold_card_data(body)


def _member(answer: dict[str, Any], *path: str) -> Any:
    value: Any = answer
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


# --- judging ----------------------------------------------------------------------------------------------


def _judge_status(reply: Reply, **known: Any) -> Outcome:
    """Where the body says nothing about a transaction, the status is all there is."""
    status, what = reply.status, f"HTTP {reply.status}"
    known = {"status": status, **known}
    if status in _UNAUTHENTICATED:
        return _refused(Refusal.AUTHENTICATION, what, **known)
    if status == 429:
        return _refused(Refusal.RATE_LIMITED, what, retry_after=reply.retry_after, **known)
    if status in _REFUSED:
        return _refused(Refusal.INVALID, what, **known)
    what += ", an answer that cannot be read" if not known.get("answer") else ", an answer that says too little"
    return Outcome(state=State.UNKNOWN, evidence=(what,), lost=True, **known)


def _judge_answer(reply: Reply, answer: dict[str, Any], asked: Asked, known: dict[str, Any]) -> Outcome:
    written = _member(answer, "payment_details", "response_code")
    code = lenient_int(written)
    gateway_code = _text(_member(answer, "gateway_response", "code")) or _text(answer.get("messageCode"))
    known["gateway_code"] = gateway_code
    if reply.status < 300 and answer.get("redirect_url"):
        return _judge_redirect(reply, answer, known)
    if foreign := _belongs_elsewhere(answer, asked):
        return _unknown(reply, f"an answer with another {foreign} than was sent", known)
    if code is not None:
        return _judge_code(reply, answer, code, asked, known)
    if written is not None:
        return _unknown(reply, "a response code that cannot be read", known)
    return _judge_without_code(reply, answer, known)


def _unknown(reply: Reply, what: str, known: dict[str, Any], *, lost: bool = False) -> Outcome:
    evidence = (f"HTTP {reply.status}, {what}",)
    return Outcome(state=State.UNKNOWN, evidence=evidence, status=reply.status, lost=lost, **known)


def _judge_redirect(reply: Reply, answer: dict[str, Any], known: dict[str, Any]) -> Outcome:
    url = answer["redirect_url"]
    sound = isinstance(url, str) and url.startswith(("https://", "http://"))
    if not sound or answer.get("success") is False:
        return _unknown(reply, "a redirect that cannot be followed", known)
    return Outcome(state=State.CHALLENGED, evidence=("3-D Secure",), status=reply.status, **known)


def _belongs_elsewhere(answer: dict[str, Any], asked: Asked) -> str | None:
    for part in ("transaction_details", "merchant_details"):
        reference = _member(answer, part, "merchant_txn_ref")
        if reference is not None and str(reference) != asked.merchant_txn_ref:
            return "merchant_txn_ref"
    currency = _member(answer, "payment_details", "currency")
    return "currency" if currency is not None and currency != asked.currency else None


def _judge_code(
    reply: Reply, answer: dict[str, Any], code: int, asked: Asked, known: dict[str, Any]
) -> Outcome:
    row = find_code(code)
    reason = row.reason if row else None
    known |= {"response_code": code, "reason": reason}
    told = f"response code {code}" + (f" ({row.meaning})" if row else ", which nobody has published")
    if reason is None or reason in _UNCLEAR:
        return _unknown(reply, told, known)
    succeeded = answer.get("success")
    if reason in _APPROVED:
        if succeeded is not True or reply.status >= 300:
            return _unknown(reply, f"{told} without success", known)
        return _judge_approval(reply, answer, told, asked, known)
    if succeeded is True and reply.status < 300:
        return _unknown(reply, f"{told} with success", known)
    return Outcome(state=State.DECLINED, evidence=(told,), status=reply.status, **known)


def _judge_approval(
    reply: Reply, answer: dict[str, Any], told: str, asked: Asked, known: dict[str, Any]
) -> Outcome:
    if _text(_member(answer, "transaction_details", "id")) is None:
        return _unknown(reply, "an approval without a transaction id", known)
    written = _member(answer, "payment_details", "amount")
    amount = lenient_decimal(written)
    if written is not None and amount is None:
        return _unknown(reply, "an approval whose amount cannot be read", known)
    partial = known["reason"] is Reason.PARTIAL or (amount is not None and amount < asked.amount)
    state = State.PARTIAL if partial else State.PAID
    return Outcome(state=state, evidence=(told,), status=reply.status, **known)


def _judge_without_code(reply: Reply, answer: dict[str, Any], known: dict[str, Any]) -> Outcome:
    reason = gateway_code_reason(known["gateway_code"])
    if reason is not None and answer.get("success") is not True:
        told = f"gateway code {known['gateway_code']}"
        return Outcome(state=State.DECLINED, evidence=(told,), status=reply.status, reason=reason, **known)
    if reply.status < 300 and answer.get("success") is False:
        # A refusal may be wrapped into a 2xx whose body tells the status that was meant.
        meant = lenient_int(answer.get("statusCode")) or lenient_int(answer.get("status_code"))
        if meant is not None and 400 <= meant < 500:
            return _judge_status(attrs.evolve(reply, status=meant), **known)
    return _judge_status(reply, **known)


# --- several attempts -------------------------------------------------------------------------------------


def settle(outcomes: Sequence[Outcome], earlier_attempts: int = 0) -> Outcome:
    """The outcome of a charge after all its attempts.

    Once an attempt's answer was lost, only an answer that the gateway can give no more than once ends the doubt: an
    approval, a challenge, an issuer's decline. A refusal, or a `duplicate`, says nothing about the first request.
    """
    last = outcomes[-1]
    if len(outcomes) == 1 and not earlier_attempts:
        return last
    evidence = tuple(f"attempt {n}: {'; '.join(o.evidence)}" for n, o in enumerate(outcomes, earlier_attempts + 1))
    attempts = earlier_attempts + len(outcomes)
    doubtful = any(outcome.state is State.UNKNOWN for outcome in outcomes[:-1])
    if doubtful and not _ends_doubt(last):
        return attrs.evolve(
            last, state=State.UNKNOWN, refusal=None, lost=True, evidence=evidence, attempts=attempts
        )
    return attrs.evolve(last, evidence=evidence, attempts=attempts)


def _ends_doubt(outcome: Outcome) -> bool:
    if outcome.state is State.DECLINED:
        return outcome.reason in _ISSUER_SAID
    return outcome.state in (State.PAID, State.PARTIAL, State.CHALLENGED)
