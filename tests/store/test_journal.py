"""The journal: entries stay, in order, free of secrets, and a store without one is as good as any."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from weighbridge.store import Entry, StoreError, open_store


def test_entries_come_back_in_order_and_by_subject(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    with open_store(path) as store:
        assert store.journal() == []
        store.enter([Entry("a", "look", "{}", 1.0), Entry("b", "look", "{}", 2.0)])
        store.enter([])
        store.enter([Entry("a", "end", '{"x":1}')])
        assert [entry.kind for entry in store.journal("a")] == ["look", "end"]
        assert (store.journal("a")[1].written or 0) > 1e9
    with open_store(path, readonly=True) as store:
        assert [entry.subject for entry in store.journal()] == ["a", "b", "a"]
        assert store.journal("c") == []
        with pytest.raises(StoreError, match="reading only"):
            store.enter([Entry("a", "look", "{}")])


def test_a_damaged_entry_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    with open_store(path) as store:
        store.enter([Entry("a", "look", '{"n":1}'), Entry("a", "look", '{"n":2}')])
    with sqlite3.connect(path) as connection:
        connection.execute("""UPDATE journal SET body = '{"n":9}' WHERE id = 1""")
    connection.close()
    with open_store(path) as store:
        assert [entry.body for entry in store.journal("a")] == ['{"n":2}']


def test_no_secret_gets_in(tmp_path: Path) -> None:
    with open_store(tmp_path / "answers.db", secrets=["hunter2hunter2"]) as store:
        store.enter([Entry("a", "look", '{"said": "hunter2hunter2"}')])
        assert "hunter2" not in store.journal("a")[0].body
