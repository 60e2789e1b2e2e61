from __future__ import annotations

import psycopg
import pytest

from paymentoptions_async.cluster import tables
from paymentoptions_async.cluster.tables import prepare

from .charges import rows


def test_tables_of_an_earlier_release_are_brought_up_to_date(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = tables._MIGRATIONS
    with psycopg.connect(postgres_dsn, autocommit=True) as server:
        monkeypatch.setattr(tables, "_MIGRATIONS", current[:1])
        prepare(server)
        monkeypatch.setattr(tables, "_MIGRATIONS", current)
        prepare(server)
        prepare(server)
    assert rows(postgres_dsn, "SELECT version FROM paymentoptions_batch_schema ORDER BY version") == [(1,), (2,)]
    assert rows(postgres_dsn, "SELECT held FROM paymentoptions_batch_charge") == []
