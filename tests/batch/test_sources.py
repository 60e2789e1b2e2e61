"""Charges from files: what is read, what is told of a line that is bad, and what is never told."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import Problem, PurchaseRequest
from paymentoptions_async.batch.entries import Place, refused_entry
from paymentoptions_async.batch.lines import LONGEST, SourceError
from paymentoptions_async.batch.references import References
from paymentoptions_async.batch.sources import Source

from ..helpers import APPROVED
from .files import CVC, bodies, body, csv_bytes, flat, jsonl_bytes, lines_of

BOM = b"\xef\xbb\xbf"
FORMS = {"csv": csv_bytes, "jsonl": jsonl_bytes}
WAYS = {"plain": bytes, "bom": lambda data: BOM + data, "gzip": gzip.compress}


def problems_of(data: bytes, **more: Any) -> list[str]:
    return [str(problem) for line in lines_of(data, **more) for problem in line.problems]


def refusal_of(data: bytes, **more: Any) -> str:
    with pytest.raises(SourceError) as refused:
        lines_of(data, **more)
    return str(refused.value)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_as_the_vendors_body_is(form: str, way: str) -> None:
    data = WAYS[way](FORMS[form](bodies(3)))
    first = 2 if form == "csv" else 1
    read = lines_of(data)
    assert [line.number for line in read] == [first, first + 1, first + 2]
    assert [line.request for line in read] == [PurchaseRequest.from_json(json.dumps(one)) for one in bodies(3)]


def test_a_file_is_read_again_from_its_beginning() -> None:
    source = Source(io.BytesIO(csv_bytes(bodies(2))))
    assert list(source.lines()) == list(source.lines())


def test_lines_that_are_empty_are_passed_over_and_counted() -> None:
    data = b"\r\n" + csv_bytes(bodies(1)).replace(b"\r\n", b"\r\n\r\n  \r\n")
    assert [(line.number, line.problems) for line in lines_of(data)] == [(5, ())]


cells = st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from(' ,"'), min_size=1, max_size=30)


@given(name=cells, city=cells)
def test_whatever_a_cell_holds_is_read_back(name: str, city: str) -> None:
    whole = body()
    whole["card"]["name"] = name
    whole["billing_address"]["city"] = city
    (line,) = lines_of(csv_bytes([whole]))
    if not line.problems:
        assert line.request is not None
        assert line.request.card is not None
        assert (line.request.card.name, line.request.billing_address.city) == (name.strip(), city.strip())
    else:
        assert not name.strip() or not city.strip()


def test_a_map_names_columns_and_leaves_some_out() -> None:
    row = flat(body())
    row["Mail"] = row.pop("billing_address.email")
    row["Remark"] = "first customer"
    data = csv_of([list(row), list(row.values())])
    (line,) = lines_of(data, columns={"Mail": "billing_address.email", "Remark": ""})
    assert line.request is not None
    assert line.request.billing_address.email == "billing@testemail.com"


def csv_of(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("form", FORMS)
def test_defaults_fill_in_what_a_line_does_not_say(form: str) -> None:
    whole = body()
    short = {"merchant_txn_ref": "pay-9", "amount": "7", "card": {"number": APPROVED}}
    defaults = {name: value for name, value in whole.items() if name != "merchant_txn_ref"}
    (line,) = lines_of(FORMS[form]([short]), defaults=defaults)
    assert line.request is not None
    assert line.request == PurchaseRequest.from_json(json.dumps({**whole, "merchant_txn_ref": "pay-9", "amount": "7"}))


HEADERS = {
    "merchant_txn_ref,amount,nonsense": "columns that are no members of a body: nonsense",
    "amount,currency": "no column merchant_txn_ref",
    "merchant_txn_ref,amount,amount": "several columns for amount",
    f"pay-1,1000,JPY,{APPROVED},{CVC}": "number 2",
    '"merchant_txn_ref': "quotes are closed within their line",
    "": "no line in it",
}


@pytest.mark.parametrize("header", HEADERS)
def test_a_wrong_header_is_told_before_anything(header: str) -> None:
    told = refusal_of(f"{header}\n".encode())
    assert HEADERS[header] in told
    assert APPROVED not in told
    assert CVC not in told


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"columns": {"Mail": "billing_address.mail"}}, "no member of a body"),
        ({"columns": {"Mail": "billing_address.email"}}, "no column Mail"),
        ({"defaults": {"merchant_txn_ref": "pay-1"}}, "every line needs one of its own"),
    ],
)
def test_a_map_or_defaults_that_do_not_fit_are_told(more: dict[str, Any], told: str) -> None:
    assert told in refusal_of(csv_bytes(bodies(1)), **more)


def test_a_map_is_of_no_use_for_jsonl() -> None:
    assert "this is JSONL" in refusal_of(jsonl_bytes(bodies(1)), columns={"a": "amount"})


LONG = b'{"merchant_txn_ref": "' + b"x" * LONGEST + b'"}'
BAD_LINES = {
    b'{"merchant_txn_ref": "a"': "$: JSON",
    b'["a"]': "$: a JSON object",
    b'{"amount": 1, "amount": 2}': "$: JSON in which no member stands twice",
    b'{"amount": NaN}': "$: JSON without NaN",
    b'{"amount": 1}': "merchant_txn_ref: required in the file itself",
    b"\xff\xfe": "$: text in UTF-8",
    b'{"\0": 1}': "$: text without NUL characters",
    LONG: f"$: a line of at most {LONGEST} bytes",
}


@pytest.mark.parametrize("bad", BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_bad_line_spoils_no_other(bad: bytes) -> None:
    first, last = bodies(2)
    read = lines_of(jsonl_bytes([first]) + bad + b"\n" + jsonl_bytes([last]))
    assert [line.number for line in read if line.request is not None] == [1, 3]
    assert [str(problem) for problem in read[1].problems] == [BAD_LINES[bad]]


def test_a_quote_that_is_lost_spoils_no_other_line() -> None:
    lines = csv_bytes(bodies(3)).split(b"\r\n")
    lines[2] = b'"' + lines[2]
    read = lines_of(b"\r\n".join(lines))
    assert [line.request is None for line in read] == [False, True, False]


def test_a_line_with_too_few_cells_is_told() -> None:
    assert problems_of(csv_bytes(bodies(1)) + b"pay-2,1\r\n") == ["$: 36 cells as in the header, not 2"]


def test_every_broken_rule_of_a_line_is_told_and_no_value() -> None:
    whole = body(amount="-5", currency="yen", card={**body()["card"], "number": "12345678901234567890"})
    (line,) = lines_of(jsonl_bytes([whole]))
    assert [problem.path for problem in line.problems] == ["amount", "currency", "card.number"]
    assert "12345678901234567890" not in str(line)


def test_a_reference_that_no_file_can_hold_is_told_in_one_that_can() -> None:
    (line,) = lines_of(jsonl_bytes([body("a\ud800")]))
    assert line.problems == (Problem("merchant_txn_ref", "text that UTF-8 can carry"),)
    assert line.reference == "a?"
    orjson.dumps(refused_entry(line, Place("https://gateway.example", "shop"), datetime.now(UTC)))


@pytest.mark.parametrize("name", [f"pay{APPROVED}", f"{APPROVED}.0"])
def test_a_card_number_in_a_name_is_told_by_no_digit(name: str) -> None:
    assert APPROVED not in refusal_of(f"merchant_txn_ref,{name}\n".encode())
    assert APPROVED not in refusal_of(b"merchant_txn_ref\n", columns={"merchant_txn_ref": name})


def test_the_card_of_a_line_is_told_by_no_digit_though_nothing_else_is_in_order() -> None:
    whole = body(f"q{APPROVED}wf", return_url=None)
    whole["card"]["number"] = APPROVED
    (line,) = lines_of(jsonl_bytes([whole]))
    assert line.reference == "q520000******1005wf"
    assert APPROVED not in str(line)


def test_a_card_number_as_reference_is_told_by_no_digit() -> None:
    read = lines_of(csv_bytes([body(APPROVED)]))
    assert read[0].request is None
    assert APPROVED not in str(read)


@pytest.mark.parametrize("reference", ["4111111111111111", "4111-1111-1111-1111"])
def test_nor_is_that_of_another_card_a_reference(reference: str) -> None:
    read = lines_of(csv_bytes([body(reference), body("20261124093012123"), body("pay-4111111111111111")]))
    assert [line.request is None for line in read] == [True, False, False]
    assert "does not look like a card number" in str(read[0].problems[0])
    assert reference not in str(read[0])


def test_a_reference_that_stands_twice_is_told_with_both_lines() -> None:
    whole = [*bodies(3), body("pay-2", amount="9")]
    assert problems_of(csv_bytes(whole)) == ["merchant_txn_ref: a reference of its own: it stands on line 3 as well"]


@given(st.lists(st.text(max_size=3), max_size=200))
def test_the_first_line_of_a_reference_is_known(references: list[str]) -> None:
    seen, first = References(), dict[str, int]()
    for line, reference in enumerate(references, 1):
        assert seen.first_line(reference, line) == first.setdefault(reference, line)


def test_many_references_take_few_bytes() -> None:
    seen = References()
    tracemalloc.start()
    assert all(seen.first_line(f"pay-{number}", number) == number for number in range(1, 20_001))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen.first_line("pay-777", 60_000) == 777
    assert peak < 20_000 * 64


@pytest.mark.parametrize("cut", [10, 200, -5])
def test_a_gzip_file_that_is_cut_off_is_told(cut: int) -> None:
    data = gzip.compress(csv_bytes(bodies(50)))[:cut]
    assert "cut off" in refusal_of(data)


def test_a_gzip_file_that_is_damaged_is_told() -> None:
    data = bytearray(gzip.compress(csv_bytes(bodies(50))))
    data[60] ^= 0xFF
    assert "damaged" in refusal_of(bytes(data))


def test_a_file_is_never_read_ahead_of_what_is_asked() -> None:
    stream = io.BytesIO(jsonl_bytes(bodies(1)) * 1000)
    next(Source(stream).lines())
    assert stream.tell() < 2 * len(jsonl_bytes(bodies(1)))


def test_what_is_passed_over_is_not_looked_at() -> None:
    data = jsonl_bytes(bodies(1)) + b"nonsense\n" + jsonl_bytes([body("pay-3")])
    read = list(Source(io.BytesIO(data)).lines(lambda number: number == 2))
    assert [line.number for line in read] == [1, 3]


@given(st.binary(max_size=300), st.sampled_from([b"", csv_bytes(bodies(1)), jsonl_bytes(bodies(1))]))
def test_no_bytes_at_all_break_the_reading(rest: bytes, before: bytes) -> None:
    try:
        read = lines_of(before + rest)
    except SourceError:
        return
    assert all((line.request is None) == bool(line.problems) for line in read)


@given(st.data())
def test_one_byte_that_is_changed_spoils_one_line_at_the_most(data: st.DataObject) -> None:
    whole = bytearray(jsonl_bytes(bodies(3)))
    place = data.draw(st.integers(whole.index(10) + 1, len(whole) - 1).filter(lambda place: whole[place] != 10))
    whole[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != 10))
    read = lines_of(bytes(whole))
    assert [line.number for line in read] == [1, 2, 3]
    assert sum(line.request is None for line in read) <= 1
