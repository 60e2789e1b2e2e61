from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from paymentoptions_async.models.codes import Reason, find_code, gateway_code_reason, response_codes

ROWS = list(
    csv.DictReader(files("paymentoptions_async.models").joinpath("response_codes.csv").read_text("utf-8").splitlines())
)


def test_every_published_code_is_in_the_table_once() -> None:
    assert len(ROWS) == 223
    assert set(response_codes()) == {int(row["response_code"]) for row in ROWS}
    assert len(response_codes()) == len(ROWS)


def test_every_row_is_read_as_it_stands() -> None:
    for row in ROWS:
        code = find_code(int(row["response_code"]))
        assert code is not None
        assert (code.reason, code.meaning) == (Reason(row["class"]), row["meaning"])
        assert code.told == f"response code {row['response_code']} ({row['meaning']})"


def test_every_class_has_a_code() -> None:
    assert {code.reason for code in response_codes().values()} == set(Reason)


def test_no_meaning_is_empty() -> None:
    assert all(row["meaning"].strip() for row in ROWS)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, Reason.APPROVED),
        (10, Reason.PARTIAL),
        (94, Reason.DUPLICATE),
        (51, Reason.INSUFFICIENT_FUNDS),
        (-1, Reason.TRY_AGAIN),
    ],
)
def test_a_code_that_decides_about_money_has_its_class(code: int, reason: Reason) -> None:
    found = find_code(code)
    assert found is not None
    assert found.reason is reason


def test_nothing_but_an_approval_counts_as_paid() -> None:
    assert {code for code, row in response_codes().items() if row.reason is Reason.APPROVED} == {0, 8}


@pytest.mark.parametrize("code", [-2, 10**6, 99999])
def test_a_code_that_nobody_has_published_has_no_row(code: int) -> None:
    assert find_code(code) is None


# gateway/API.md, "Errors".
@pytest.mark.parametrize("spelled", ["ERR{}", "Err{}", "err{}"])
@pytest.mark.parametrize("number", range(3001, 3021))
def test_a_risk_rule_is_known_by_the_gateways_code(spelled: str, number: int) -> None:
    expected = Reason.REFUND_LIMIT if number in (3019, 3020) else Reason.RISK_RULE
    assert gateway_code_reason(spelled.format(number)) is expected


@pytest.mark.parametrize(
    "code",
    [None, "", "ERR", "ERR3000", "ERR3021", "ERR0204", "VAL0035", "INFO0000", "3008", "ERR 3008", "ERR-3008",
     "ERR30.08",     "XERR3008", "ERR3008X", "ERR²", "ERR３００８", "ERR" + "3" * 5000],
)  # fmt: skip
def test_another_gateway_code_says_nothing_by_itself(code: str | None) -> None:
    assert gateway_code_reason(code) is None
