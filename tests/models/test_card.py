from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from paymentoptions_async import Card, Secret
from paymentoptions_async.models.rules import find_problems

from ..helpers import APPROVED, CVC, card

if TYPE_CHECKING:
    from collections.abc import Callable


def broken(found: Card) -> list[str]:
    return [problem.path for problem in find_problems(found)]


def test_number_and_cvc_become_secrets_at_once() -> None:
    made = card()
    assert (made.number, made.cvc) == (Secret(APPROVED), Secret(CVC))


@pytest.mark.parametrize(
    "render", [repr, str, lambda made: str(attrs.asdict(made)), lambda made: str(attrs.astuple(made))]
)
def test_a_card_shows_neither_number_nor_cvc(render: Callable[[Card], str]) -> None:
    shown = render(card())
    assert APPROVED not in shown
    assert CVC not in shown
    assert "John Doe" in shown


def test_a_card_gives_its_number_masked() -> None:
    assert card().masked == "520000******1005"
    assert card(number="123456789012").masked == "***"


def test_cards_are_equal_as_their_members_are() -> None:
    assert card() == card()
    assert hash(card()) == hash(card())
    assert card() != card(cvc="000")


def test_a_card_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        card().name = "another"  # type: ignore[misc]


@pytest.mark.parametrize("length", range(12, 17))
def test_a_number_has_12_to_16_digits(length: int) -> None:
    assert broken(card(number="4" * length)) == []


@pytest.mark.parametrize("cvc", ["123", "1234"])
@pytest.mark.parametrize("month", [f"{month:02}" for month in range(1, 13)])
@pytest.mark.parametrize("year", ["00", "24", "99"])
def test_a_card_as_it_is_printed_keeps_its_rules(cvc: str, month: str, year: str) -> None:
    assert broken(card(cvc=cvc, expiry_month=month, expiry_year=year)) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("number", value) for value in ("", "4" * 11, "4" * 17, "4111 1111 1111 1111", "411111111111111x",
                                          "４" * 16,
                                          "4" * 15 + "²", "4" * 15 + "\n", "\ud800" * 16, int(APPROVED), None,
                                          b"4" * 16,
                                          [APPROVED], True)),
        *(("cvc", value) for value in ("", "12", "12345", "12a", "１２３", "-12", " 12", 123, None, b"123")),
        *(("expiry_month", value) for value in ("", "0", "00", "13", "1", "012", "xx", "１２", 12, None, "-1")),
        *(("expiry_year", value) for value in ("", "1", "2029", "xx", "２９", 29, None)),
        *(("name", value) for value in ("", "x" * 256, 5, None, "\ud800", b"John")),
    ],
)  # fmt: skip
def test_a_member_that_breaks_its_rule_is_named_and_not_refused_before(field: str, value: object) -> None:
    assert broken(card(**{field: value})) == [field]


@pytest.mark.parametrize("value", [int(APPROVED), None, b"4" * 16, {"number": APPROVED}])
def test_a_number_that_is_no_text_is_not_kept_at_all(value: object) -> None:
    assert card(number=value).number == Secret("")


def test_a_secret_that_holds_no_text_breaks_its_members_rule() -> None:
    assert broken(card(number=Secret(int(APPROVED)))) == ["number"]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["John Doe", "ジョン・ドウ", "x" * 255, "é" * 255])
def test_a_name_has_1_to_255_characters(name: str) -> None:
    assert broken(card(name=name)) == []
