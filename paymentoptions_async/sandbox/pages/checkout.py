"""The hosted payment page: a card form, or what stands for the app of a wallet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .developer import test_cards
from .form import CardForm
from .layout import facts, framed
from .markup import Markup, fill
from .values import money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..state import HostedPage
    from .layout import Place
    from .texts import Words

__all__ = ["ACTION", "APPROVE", "CANCEL", "DECLINE", "card_page", "wallet_page"]

ACTION: Final = "action"
"""The form's field that says which button was pressed."""

APPROVE: Final = "approve"
CANCEL: Final = "cancel"
DECLINE: Final = "decline"
_PAY: Final = "pay"

_SUMMARY: Final = '<section><h2 class="soft small">{title}</h2><p class="total">{amount}</p>{facts}</section>'
_FORM: Final = """
<section>
<h1>{title}</h1>
{alert}
<form method="post" autocomplete="on" novalidate>
{amount}{number}
<div class="pair">{expiry}{cvc}</div>
{name}
{pay}
</form>
<form method="post" class="apart">{cancel}</form>
</section>
"""
_WALLET: Final = """
<section>
<h1>{title}</h1>
<p class="soft">{lead}</p>
<form method="post" class="stack">{buttons}</form>
</section>
"""
_BUTTON: Final = '<button class="{look}" name="{name}" value="{action}">{label}</button>'
_ALERT: Final = '<p class="alert" role="alert">{text}</p>'
_FIELD: Final = """
<div class="field"><label for="{name}">{label}</label>
<input id="{name}" name="{name}" type="text" inputmode="{keys}" autocomplete="{fills}" maxlength="{longest}"
 spellcheck="false" placeholder="{example}" value="{value}" required{marks}>{hint}{error}</div>
"""
_HINT: Final = '<span class="hint" id="{name}-hint">{text}</span>'
_ERROR: Final = '<span class="error" id="{name}-error">{text}</span>'
_DESCRIBED: Final = ' aria-describedby="{ids}"'
_INVALID: Final = Markup(' aria-invalid="true"')
_FOCUS: Final = Markup(" autofocus")
_WALLETS: Final = {"gcash": "GCash"}


class _Field(NamedTuple):
    """A field; `keys` and `fills` are HTML's `inputmode` and `autocomplete`."""

    keys: str
    fills: str
    longest: int
    example: str = ""
    hint: str | None = None


_FIELDS: Final = {
    "amount": _Field("decimal", "transaction-amount", 13),
    "number": _Field("numeric", "cc-number", 25, "0000 0000 0000 0000"),
    "expiry": _Field("numeric", "cc-exp", 9, "12/34"),
    "cvc": _Field("numeric", "cc-csc", 4, "000", "pay.cvc_hint"),
    "name": _Field("text", "cc-name", 255, hint="pay.name_hint"),
}


def card_page(
    place: Place, page: HostedPage, form: CardForm | None = None, problems: Mapping[str, str] | None = None
) -> Markup:
    """The page of a payment by card.

    Args:
        place: Where it stands.
        page: What is to be paid.
        form: What was typed, where something of it is to be mended.
        problems: The text's key of what is to be mended, by the field's name.
    """
    words = place.words
    problems = problems or {}
    if page.amount is None:
        label = words("pay.submit_open")
    else:
        label = words("pay.submit", amount=money(words, page.amount, page.currency))
    content = fill(
        _FORM,
        title=words("pay.card"),
        alert=fill(_ALERT, text=words("pay.mend")) if problems else None,
        **dict(_inputs(words, page, form or CardForm(), problems)),
        pay=_button(_PAY, label),
        cancel=_button(CANCEL, words("pay.cancel"), "plain"),
    )
    return framed(place, words("pay.title"), [_summary(words, page), content, test_cards(words)], kind="pay")


def wallet_page(place: Place, page: HostedPage) -> Markup:
    """The page of a payment by a wallet."""
    words = place.words
    wallet = page.wallet or ""
    title = words("pay.wallet", wallet=_WALLETS.get(wallet.lower(), wallet))
    buttons = [
        _button(APPROVE, words("pay.approve")),
        _button(DECLINE, words("pay.decline"), "no"),
        _button(CANCEL, words("pay.cancel"), "plain"),
    ]
    content = fill(_WALLET, title=title, lead=words("pay.wallet_lead"), buttons=buttons)
    return framed(place, title, [_summary(words, page), content], kind="pay")


def _summary(words: Words, page: HostedPage) -> Markup:
    amount = words("pay.open_amount") if page.amount is None else money(words, page.amount, page.currency)
    told = ((words("merchant"), words("merchant_name")), (words("reference"), page.ref))
    return fill(_SUMMARY, title=words("pay.total"), amount=amount, facts=facts(told))


def _button(action: str, label: str, look: str = "") -> Markup:
    return fill(_BUTTON, look=look, name=ACTION, action=action, label=label)


def _inputs(
    words: Words, page: HostedPage, form: CardForm, problems: Mapping[str, str]
) -> Iterator[tuple[str, Markup | None]]:
    focus = next((name for name in _FIELDS if name in problems), None)
    for name, field in _FIELDS.items():
        if name == "amount" and page.amount is not None:
            yield name, None
            continue
        yield (
            name,
            fill(
                _FIELD,
                name=name,
                label=words(f"pay.{name}", currency=page.currency),
                keys=field.keys,
                fills=field.fills,
                longest=field.longest,
                example=field.example,
                value=form.shown(name),
                marks=_marks(name, field, problems, focus),
                hint=field.hint and fill(_HINT, name=name, text=words(field.hint)),
                error=fill(_ERROR, name=name, text=words(problems[name])) if name in problems else None,
            ),
        )


def _marks(name: str, field: _Field, problems: Mapping[str, str], focus: str | None) -> list[Markup]:
    """The attributes by which a screen reader tells hint and error."""
    ids = [f"{name}-error"] if name in problems else []
    ids += [f"{name}-hint"] if field.hint else []
    marks = [fill(_DESCRIBED, ids=" ".join(ids))] if ids else []
    marks += [_INVALID] if name in problems else []
    return marks + ([_FOCUS] if name == focus else [])
