"""What an answer means for the money. Plain functions: nothing here waits, sends or keeps anything.

The order of the questions matters. A redirect is looked for before `success`, since a challenge says `success: true`
and is not paid. A 5xx is unknown whatever its body says. What contradicts itself, or belongs to another reference, is
unknown: to guess is to risk somebody's money.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

import attrs
import orjson

from .models import lenient
from .models.codes import Reason, ResponseCode, find_code, gateway_code_reason
from .models.outcome import Outcome, Refusal, State
from .pan import masked_known
from .redaction import MASK, Secret, mask_pan, may_hold_card_number, redact, redact_text
from .transport.reply import Fault, Reply

__all__ = ["Asked", "Judged", "ends_doubt", "judge", "judge_word", "masked", "names_another", "read_object", "settle"]


class Asked(NamedTuple):
    """What an answer is held against. What is `None` is not known, and not compared.

    Attributes:
        merchant_txn_ref: The reference that it must name.
        amount: What it must come to.
        currency: ISO 4217 code.
        number: Of the card, which the answer may echo.
        cvc: Likewise.
        link: The member by which a payer is sent on, where the operation has a payer. With `url` all that is asked for
            is that link.
    """

    merchant_txn_ref: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    number: Secret | None = None
    cvc: Secret | None = None
    link: Literal["redirect_url", "url"] | None = "redirect_url"


class Judged(NamedTuple):
    """An outcome, and the answer that it was read from, for those who would have to read it again."""

    outcome: Outcome
    answer: dict[str, Any] | None = None


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


def judge(reply: Reply | Fault, asked: Asked) -> Judged:
    """The outcome of one attempt."""
    if isinstance(reply, Fault):
        return Judged(_lost(reply.what) if reply.sent else _refused(Refusal.NOT_SENT, reply.what))
    if reply.status >= 500:
        return Judged(_lost(f"HTTP {reply.status}", reply.status))
    if not reply.complete:
        return Judged(_lost(f"HTTP {reply.status}, an answer longer than any answer is", reply.status))
    answer, masked = _read(reply.body, asked)
    if answer is None:
        if _OF_A_CHARGE.search(reply.body):
            return Judged(_lost(f"HTTP {reply.status}, an answer that speaks of a charge and cannot be read"))
        return Judged(_judge_status(reply.status, reply.retry_after))
    return Judged(_judge_answer(_Answer.of(reply, answer, masked), asked), answer)


def _lost(what: str, status: int | None = None) -> Outcome:
    return Outcome(state=State.UNKNOWN, evidence=(what,), status=status, lost=True)


def _refused(refusal: Refusal, what: str, **known: Any) -> Outcome:
    return Outcome(state=State.REFUSED, evidence=(what,), refusal=refusal, **known)


_BOM: Final = b"\xef\xbb\xbf"
_OF_A_CHARGE: Final = re.compile(rb'"success"\s*:\s*true|"response_code"')


# --- reading ----------------------------------------------------------------------------------------------


def _read(body: bytes, asked: Asked) -> tuple[dict[str, Any] | None, bytes]:
    """The answer, and its bytes, without the card data that it may echo; `None` where it is no answer."""
    body = body.removeprefix(_BOM)
    if asked.number is not None:
        # The bytes are cheaper to mask than the tree, and nearly always this leaves nothing to find there.
        pan = asked.number.reveal()
        body = body.replace(f'"{pan}"'.encode(), f'"{mask_pan(pan)}"'.encode())
    answer = read_object(body)
    if answer is None:
        return None, b""
    # Where the card is not known its CVC could not be found by looking for it.
    if asked.number is None or _may_show_number(body, asked) or _echoes(body, asked) or _shows_card(answer):
        answer = _masked(answer, asked)
        body = orjson.dumps(answer)
    return answer, body


def read_object(body: bytes) -> dict[str, Any] | None:
    """What was sent, card data and all; `None` where it is no JSON object."""
    try:
        answer = orjson.loads(body.removeprefix(_BOM))
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def masked(answer: dict[str, Any]) -> dict[str, Any]:
    """The same without the card data that it may hold."""
    return _masked(answer, Asked())


def _may_show_number(body: bytes, asked: Asked) -> bool:
    """Whether a run of digits is long enough for a card number, and is not just the reference that was asked for."""
    if not may_hold_card_number(body):
        return False
    # Many a reference holds a day and a number. One that looks like a card number itself is no excuse.
    reference = asked.merchant_txn_ref
    if not reference or redact_text(reference) != reference:
        return True
    return may_hold_card_number(body.replace(f'"{reference}"'.encode(), b'""'))


def _echoes(body: bytes, asked: Asked) -> bool:
    """Whether something of the card stands there as it was sent, or is written so that it cannot be seen."""
    if b"\\u" in body or (asked.number is not None and asked.number.reveal().encode() in body):
        return True
    if asked.cvc is None:
        return False
    cvc = asked.cvc.reveal().encode()
    # A number cannot keep the zero in front.
    return _stands_alone(cvc, body) or (cvc.startswith(b"0") and b"cv" in body.lower())


def _stands_alone(number: bytes, body: bytes) -> bool:
    place = body.find(number)
    while place >= 0:
        end = place + len(number)
        if not body[place - 1 : place].isalnum() and not body[end : end + 1].isalnum():
            return True
        place = body.find(number, end)
    return False


def _shows_card(answer: dict[str, Any]) -> bool:
    shown = lenient.part(lenient.part(answer.get("payment_details")).get("card")).get("number")
    return shown is not None and "*" not in str(shown)


# What a charge is known and continued by: it may look like a card number, and is of no use once it is masked.
_LINKS: Final = ("redirect_url", "url", "id", "merchant_txn_ref")
_NAMES: Final = (
    ("transaction_details", "id"),
    ("transaction_details", "merchant_txn_ref"),
    ("transaction_details", "stored_payment_method_id"),
    ("merchant_details", "merchant_txn_ref"),
    ("subscription_details", "id"),
)


def _masked(answer: dict[str, Any], asked: Asked) -> dict[str, Any]:
    masked = redact(answer)
    for name, member in _NAMES:
        value = lenient.part(answer.get(name)).get(member)
        if isinstance(value, str | int):
            masked[name][member] = _without(value, asked.number)
    for member in _LINKS:
        if isinstance(value := answer.get(member), str):
            masked[member] = _without(value, asked.number)
    for part in (masked, lenient.part(masked.get("gateway_response"))):
        if asked.cvc is not None and (message := lenient.text(part.get("message"))):
            part["message"] = re.sub(rf"(?<!\w){re.escape(asked.cvc.reveal())}(?!\w)", MASK, message)
    return masked


def _without(value: str | int, number: Secret | None) -> str | int:
    if number is None:
        return value
    text, masked = str(value), masked_known(str(value), (number.reveal(),))
    return value if masked == text else redact_text(masked)


class _Answer(NamedTuple):
    """An answer, and the parts of it that are asked, each a mapping, perhaps an empty one."""

    reply: Reply
    masked: bytes
    whole: dict[str, Any]
    gateway: dict[str, Any]
    merchant: dict[str, Any]
    payment: dict[str, Any]
    transaction: dict[str, Any]

    @classmethod
    def of(cls, reply: Reply, whole: dict[str, Any], masked: bytes) -> _Answer:
        return cls(
            reply,
            masked,
            whole,
            lenient.part(whole.get("gateway_response")),
            lenient.part(whole.get("merchant_details")),
            lenient.part(whole.get("payment_details")),
            lenient.part(whole.get("transaction_details")),
        )

    @property
    def is_ok(self) -> bool:
        """Whether its status is one of success (RFC 9110, 15.3): 101 is none."""
        return 200 <= self.reply.status < 300

    @property
    def gateway_code(self) -> str | None:
        return lenient.text(self.gateway.get("code")) or lenient.text(self.whole.get("messageCode"))

    def means(self, state: State, told: str, reason: Reason | None = None, response_code: int | None = None) -> Outcome:
        """An outcome that keeps the answer. Where it is unknown, asking again would not make it clearer."""
        return Outcome(
            state=state,
            evidence=(told,),
            answer=self.masked,
            status=self.reply.status,
            reason=reason,
            response_code=response_code,
            gateway_code=self.gateway_code,
        )


# --- judging ----------------------------------------------------------------------------------------------


def _judge_status(status: int, retry_after: float | None, **known: Any) -> Outcome:
    """Where the body says nothing about a transaction, the status is all there is."""
    what = f"HTTP {status}"
    if status in _UNAUTHENTICATED:
        return _refused(Refusal.AUTHENTICATION, what, status=status, **known)
    if status == 429:
        return _refused(Refusal.RATE_LIMITED, what, status=status, retry_after=retry_after, **known)
    if status in _REFUSED:
        return _refused(Refusal.INVALID, what, status=status, **known)
    return _lost(f"{what}, an answer that does not tell what became of the charge", status)


def _judge_answer(answer: _Answer, asked: Asked) -> Outcome:
    if foreign := names_another(answer.whole, asked):
        return answer.means(State.UNKNOWN, f"an answer with another {foreign} than was sent")
    written = answer.payment.get("response_code")
    if asked.link == "url" and answer.whole.get("url"):
        return _judge_page(answer)
    if answer.whole.get("redirect_url"):
        return _judge_redirect(answer, written, asked)
    if written is None:
        return _judge_without_code(answer)
    code = lenient.integer(written)
    if code is None:
        return answer.means(State.UNKNOWN, "a response code that cannot be read")
    return _judge_code(answer, code, asked)


def _judge_redirect(answer: _Answer, response_code: object, asked: Asked) -> Outcome:
    # A code tells of a transaction that has been decided: then a redirect to its beginning is no use.
    sound = _leads_on(answer, "redirect_url") and response_code is None and asked.link == "redirect_url"
    if not sound or answer.whole.get("success") is False:
        return answer.means(State.UNKNOWN, "a redirect that cannot be followed")
    return answer.means(State.CHALLENGED, "3-D Secure")


def _judge_page(answer: _Answer) -> Outcome:
    sound = _leads_on(answer, "url") and lenient.identity(answer.whole.get("id")) is not None
    if not sound or answer.whole.get("success") is False:
        return answer.means(State.UNKNOWN, "a page that cannot be found by this answer")
    return answer.means(State.CHALLENGED, "a page for the payer")


def _leads_on(answer: _Answer, member: str) -> bool:
    url = answer.whole.get(member)
    return isinstance(url, str) and url.startswith(("https://", "http://")) and answer.is_ok


def names_another(answer: dict[str, Any], asked: Asked) -> str | None:
    """What in an answer is another's than was sent, where something is."""
    # The bare object of a hosted page has them at the top.
    for part in (answer, answer.get("transaction_details"), answer.get("merchant_details")):
        reference = part.get("merchant_txn_ref") if isinstance(part, dict) else None
        if None not in (reference, asked.merchant_txn_ref) and str(reference) != asked.merchant_txn_ref:
            return "merchant_txn_ref"
    currencies = (answer.get("currency"), lenient.part(answer.get("payment_details")).get("currency"))
    if asked.currency is not None and any(currency not in (None, asked.currency) for currency in currencies):
        return "currency"
    return None


def _judge_code(answer: _Answer, code: int, asked: Asked) -> Outcome:
    row = find_code(code)
    if row is None:
        # A longer one may hold a card number.
        written = code if abs(code) < 10**9 else f"of {len(str(abs(code)))} digits"
        told = f"response code {written}, which nobody has published"
        return answer.means(State.UNKNOWN, told, response_code=code)
    success, approved = answer.whole.get("success") is True, row.reason in _APPROVED
    if row.reason in _UNCLEAR:
        return answer.means(State.UNKNOWN, row.told, row.reason, code)
    if approved != success or (approved and not answer.is_ok):
        told = f"{row.told}, but HTTP {answer.reply.status} and success {_truth(answer.whole.get('success'))}"
        return answer.means(State.UNKNOWN, told, row.reason, code)
    if not success:
        return answer.means(State.DECLINED, row.told, row.reason, code)
    return _judge_approval(answer, row, asked)


def _truth(value: object) -> str:
    """Of another type it may hold anything, a card number as well."""
    return str(value) if value is None or isinstance(value, bool) else f"of type {type(value).__name__}"


def _judge_approval(answer: _Answer, row: ResponseCode, asked: Asked) -> Outcome:
    written = answer.payment.get("amount")
    amount = lenient.decimal(written)
    if lenient.identity(answer.transaction.get("id")) is None:
        return answer.means(State.UNKNOWN, "an approval without a transaction id", row.reason, row.code)
    if written is not None and amount is None:
        return answer.means(State.UNKNOWN, "an approval whose amount cannot be read", row.reason, row.code)
    if amount is None and (row.reason is Reason.PARTIAL or asked.amount is None):
        return answer.means(State.UNKNOWN, "an approval of nobody knows how much", row.reason, row.code)
    partial = row.reason is Reason.PARTIAL or _is_less(amount, asked.amount)
    return answer.means(State.PARTIAL if partial else State.PAID, row.told, row.reason, row.code)


def _is_less(amount: Decimal | None, asked: Decimal | None) -> bool:
    return amount is not None and asked is not None and amount < asked


def _judge_without_code(answer: _Answer) -> Outcome:
    gateway_code, success = answer.gateway_code, answer.whole.get("success")
    reason = gateway_code_reason(gateway_code)
    if reason is not None and success is not True:
        return answer.means(State.DECLINED, f"gateway code {gateway_code}", reason)
    if success is True:
        return answer.means(State.UNKNOWN, f"HTTP {answer.reply.status} and success without a response code")
    status = answer.reply.status
    if status < 300 and success is False:
        # A refusal may be wrapped into a 2xx whose body tells the status that was meant. A 429 is not believed so:
        # it would be sent again.
        meant = lenient.integer(answer.whole.get("statusCode")) or lenient.integer(answer.whole.get("status_code"))
        status = meant if meant is not None and 400 <= meant < 500 and meant != 429 else status
    return _judge_status(status, answer.reply.retry_after, answer=answer.masked, gateway_code=gateway_code)


def judge_word(reply: Reply | Fault) -> Judged:
    """The outcome of an attempt at what moves no money: `PAID` where it is answered, and the answer.

    A list is put under `data`, where some of the vendor's answers have theirs.
    """
    if isinstance(reply, Fault) or reply.status >= 500 or not reply.complete:
        return judge(reply, Asked())
    told = reply.body.strip()
    if told.startswith(b"["):
        reply = attrs.evolve(reply, body=b'{"data":%b}' % told)
    answer, masked = _read(reply.body, Asked())
    if answer is None or reply.status >= 300 or answer.get("success") is False:
        return Judged(_judge_status(reply.status, reply.retry_after, answer=masked or None), answer)
    return Judged(Outcome(state=State.PAID, evidence=(f"HTTP {reply.status}",), answer=masked), answer)


# --- several attempts -------------------------------------------------------------------------------------


def settle(outcomes: Sequence[Outcome], earlier_attempts: int = 0) -> Outcome:
    """The outcome of a charge after all its attempts.

    Once an attempt's answer was lost, only an answer that the gateway can give no more than once ends the doubt: an
    approval, a challenge, an issuer's decline. A refusal, or a `duplicate`, says nothing about the first request.

    Args:
        outcomes: One for each attempt, oldest first.
        earlier_attempts: How many were made under the reference by earlier calls.
    """
    last = outcomes[-1]
    if len(outcomes) == 1 and not earlier_attempts:
        return last
    told = last._replace(
        evidence=tuple(
            f"attempt {number}: {'; '.join(outcome.evidence)}"
            for number, outcome in enumerate(outcomes, earlier_attempts + 1)
        ),
        attempts=earlier_attempts + len(outcomes),
    )
    doubtful = any(outcome.state is State.UNKNOWN for outcome in outcomes[:-1])
    if doubtful and not ends_doubt(last):
        return told._replace(state=State.UNKNOWN, refusal=None, lost=True)
    return told


def ends_doubt(outcome: Outcome) -> bool:
    """Whether an outcome is one that the gateway tells no more than once, so that no earlier attempt was charged."""
    if outcome.state is State.DECLINED:
        return outcome.reason in _ISSUER_SAID
    return outcome.state in (State.PAID, State.PARTIAL, State.CHALLENGED)
