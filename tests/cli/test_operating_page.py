"""What docs/operating.md has a person do at three in the morning is what works then."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

import paymentoptions_async

from .conftest import Cli
from .elsewhere import Elsewhere
from .processes import BODY
from .test_commands_page import flags_there_are, named

PAGE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
LOST = {"order-17": "reset:after_commit", "order-18": "reset:after_commit", "order-19": "reset:after_read"}
UNCLEAR = range(20, 131, 3)


def lines_of(text: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", re.sub(r"^ +", "", text, flags=re.MULTILINE), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("paymentoptions ")]


def section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("line", lines_of(PAGE))
def test_every_command_and_flag_of_the_page_is_there(line: str) -> None:
    words = shlex.split(line, comments=True)
    assert {word for word in words if word.startswith("--")} <= flags_there_are(named(words))


def charges() -> list[str]:
    """Three whose answers are lost, thirty-seven whose answer is unclear, and a hundred that are paid."""
    body = json.loads(BODY.read_bytes())
    rows = []
    for number in range(140):
        amount = "9000068" if number in UNCLEAR else "1000"
        card = {**body["card"], "number": "4000000000000002"} if number == 18 else body["card"]
        rows.append(json.dumps({**body, "merchant_txn_ref": f"order-{number}", "amount": amount, "card": card}))
    return rows


@pytest.fixture
def forty_unknowns(cli: Cli, elsewhere: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """After a batch that went badly, in its folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", str(tmp_path / "ledger.db"))
    rows = charges()
    Path("charges.jsonl").write_text("\n".join(rows))
    elsewhere.faults = [LOST.get(json.loads(row)["merchant_txn_ref"]) for row in rows]
    ended = cli("batch", "run", "charges.jsonl", "--concurrency", "1", "--quiet")
    assert ended.code == 3, ended
    assert len(cli("ledger", "list", "--json").out.splitlines()) == 40
    return elsewhere


def test_forty_unknowns_are_settled_by_the_commands_of_the_page(cli: Cli, forty_unknowns: Elsewhere) -> None:
    for line in lines_of(section("Forty unknowns")):
        words = shlex.split(line, comments=True)[1:]
        promised = re.search(r"# exits (\d)", line)
        ended = cli(*words, *(["--yes"] if "--not-charged" in words else []))
        assert ended.code == (int(promised[1]) if promised else 0), (line, ended)
    gateway = forty_unknowns.gateway
    assert {ref: gateway.charges(ref) for ref in LOST} == {"order-17": 1, "order-18": 0, "order-19": 1}
    assert gateway.total_charges() == 139


def test_every_line_of_the_log_that_asks_for_attention_is_on_the_page() -> None:
    sources = [path.read_text() for path in Path(paymentoptions_async.__file__).parent.rglob("*.py")]
    written = {"charge.unknown": "error", "charge.partial": "error", "charge.refused": "warning"}
    for source in sources:
        written |= {name: level for level, name in re.findall(r'log\.(warning|error)\(\s*"([\w.]+)"', source)}
    rows = [row.split(" | ") for row in section("What to watch").splitlines() if row.startswith("| `")]
    assert {name: level for names, level, *_ in rows for name in re.findall(r"`(.*?)`", names)} == written
