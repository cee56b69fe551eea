"""Exports hold every answer, in every format, whatever stands in it."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish
from weighbridge.store import Answer, Source, Store, StoreError, open_store
from weighbridge.store.export import COLUMNS, export, flat, format_of

HOSTILE = 'a "quoted", text;\r\nwith\tlines\n\x1b[31m, \0 NUL, \ud800 half a pair, = 1+1, grüß 漢 🙂'


@pytest.fixture
def store(path: Path, answer: Callable[..., Answer]) -> Store:
    held = open_store(path)
    many = [answer(number) for number in range(50)]
    many.append(answer(50, text=HOSTILE))
    many.append(
        msgspec.structs.replace(
            answer(51, source=Source("rule", "python:a.b", simulated=True)),
            completion=Completion("", Finish.ERROR, error="x"),
            cost=None,
        )
    )
    asyncio.run(held.put_many(many))
    return held


def expected(store: Store) -> list[dict[str, Any]]:
    return [flat(answer) for answer in store.answers()]


def test_json_lines(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    assert export(store.answers(), out, "jsonl") == 52
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert lines == expected(store)
    assert list(lines[0]) == list(COLUMNS)
    assert lines[50]["answer"] == HOSTILE.replace("\ud800", "\\ud800")
    assert (lines[51]["cost"], lines[51]["simulated"], lines[51]["error"]) == (None, True, "x")


def test_csv(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    assert export(store.answers(), out, "csv") == 52
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = [{name: "" if value is None else str(value) for name, value in row.items()} for row in expected(store)]
    assert rows == wanted


def test_parquet(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "it's.parquet"
    assert export(store.answers(), out, "parquet") == 52
    table = duckdb.read_parquet(str(out))
    assert dict(zip(table.columns, map(str, table.types), strict=True)) == COLUMNS
    for row, wanted in zip(table.fetchall(), expected(store), strict=True):
        held = dict(zip(COLUMNS, row, strict=True))
        held["written"] = held["written"].strftime("%Y-%m-%dT%H:%M:%S.%f")
        assert held == wanted
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        *("answers.db", "answers.db-shm", "answers.db-wal", "it's.parquet"),
    ]


def test_a_very_long_answer(path: Path, tmp_path: Path, answer: Callable[..., Answer]) -> None:
    with open_store(path) as store:
        asyncio.run(store.put(answer(1, text='"' * 20_000_000)))
        export(store.answers(), tmp_path / "a.parquet", "parquet")
    query = f"SELECT length(answer) FROM '{tmp_path / 'a.parquet'}'"  # noqa: S608
    assert duckdb.sql(query).fetchall() == [(20_000_000,)]


def test_memory_stays_within_bounds(path: Path, tmp_path: Path, answer: Callable[..., Answer]) -> None:
    with open_store(path) as store:
        asyncio.run(store.put_many([answer(number, size=2_000) for number in range(10_000)]))
        tracemalloc.start()
        export(store.answers(), tmp_path / "a.csv", "csv")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (tmp_path / "a.csv").stat().st_size > 20e6
    assert peak < 6e6


def test_nothing_to_export(path: Path, tmp_path: Path) -> None:
    with open_store(path) as store:
        for form in ("csv", "jsonl", "parquet"):
            assert export(store.answers(), tmp_path / f"a.{form}", form) == 0
    assert (tmp_path / "a.csv").read_text().startswith("key,task,candidate")
    assert duckdb.read_parquet(str(tmp_path / "a.parquet")).columns == list(COLUMNS)


def test_files_are_not_lost(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    out.write_text("precious")
    with pytest.raises(UsageError, match="there already"):
        export(store.answers(), out, "csv")

    def failing() -> Any:
        yield next(store.answers())
        raise StoreError("damaged", kind="corrupt")

    with pytest.raises(StoreError):
        export(failing(), out, "csv", replace=True)
    assert out.read_text() == "precious"
    assert export(store.answers(), out, "csv", replace=True) == 52
    assert len(list(tmp_path.glob("a.csv*"))) == 1
    with pytest.raises(UsageError, match="folder"):
        export(store.answers(), tmp_path / "no" / "a.csv", "csv")
    if os.path.exists("/dev/full"):  # noqa: PTH110 - a device, not a file
        (tmp_path / "full.csv.part").symlink_to("/dev/full")
        with pytest.raises(StoreError, match="cannot be written: No space left"):
            export(store.answers(), tmp_path / "full.csv", "csv")


def test_formats_by_name() -> None:
    assert format_of(Path("x.CSV"), None) == "csv"
    assert format_of(Path("x.txt"), "parquet") == "parquet"
    assert format_of(None, None) == "jsonl"
    with pytest.raises(UsageError, match="no export format ends in") as caught:
        format_of(Path("x.parquett"), None)
    assert "'parquet'" in str(caught.value)
    with pytest.raises(UsageError, match="terminal"):
        export([], None, "parquet")
