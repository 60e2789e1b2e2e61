"""What becomes of a run whose results cannot be written."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async.batch.journal import Journal
from paymentoptions_async.cli.batch.writing import Writer

from ...batch.entries import GATEWAY, entry

pytestmark = pytest.mark.asyncio


def nothing(_entries: list[dict[str, Any]]) -> None:
    pass


def buggy(_entries: list[dict[str, Any]]) -> None:
    raise KeyError("a bug")


@pytest.mark.parametrize("bug", ["in what writes", "in what is told"])
async def test_a_bug_ends_the_writing_and_nobody_waits_for_it(bug: str, tmp_path: Path) -> None:
    journal = await asyncio.to_thread(Journal, tmp_path / "results.jsonl", gateway=GATEWAY)
    whole = entry(1) if bug == "in what is told" else {"line": object()}

    patience = asyncio.timeout(5)

    async def put_until_it_is_over() -> None:
        async with Writer(journal, buggy if bug == "in what is told" else nothing) as writer, patience:
            while await writer.put(whole):
                pass

    with pytest.raises((TypeError, KeyError)):
        await put_until_it_is_over()
    assert not patience.expired()
    journal.close()
