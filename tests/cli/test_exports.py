from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from weighbridge.cli.exports import EXPORTS, offered, write_export
from weighbridge.decide import Decision
from weighbridge.errors import UsageError


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    path = tmp_path / "scores.csv"
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["item_id", "model", "score", "answer", "question", "reference"])
        for n in range(60):
            rows.writerow([f"q{n}", "good", int(n % 10 != 0), f"good {n}", f"What is {n}?", str(n)])
            rows.writerow([f"q{n}", "bad", int(n % 3 == 0), f"bad {n}", f"What is {n}?", str(n)])
    return path


def test_rows_are_written_beside_the_verdict(weighbridge: Callable[..., Any], scores: Path, tmp_path: Path) -> None:
    done = weighbridge("compare", scores, "--export", "rows=out.csv", "--export", "rows=out.parquet")
    assert done.code == 0, done.err
    assert "rows: out.csv" in done.out
    with (tmp_path / "out.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 120
    assert sum(float(row["score"]) for row in rows if row["model"] == "good") == 54
    assert weighbridge("compare", tmp_path / "out.parquet").code == 0


def test_standard_output_holds_the_json_alone(weighbridge: Callable[..., Any], scores: Path) -> None:
    import json

    done = weighbridge("compare", scores, "--json", "-", "--export", "rows=out.jsonl")
    assert json.loads(done.out)["verdict"]["candidates"] == ["good"]
    assert "rows: out.jsonl" in done.err


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("rowz=a.csv", "did you mean 'rows'?"),
        ("rows", "--export rows=FILE"),
        ("rows=", "--export rows=FILE"),
        ("rows=missing/a.csv", "mkdir -p missing"),
        ("rows=.", "name a file in it"),
        ("rows=a.xlsx", "one of .csv"),
    ],
)
def test_a_wish_that_cannot_be_met(weighbridge: Callable[..., Any], scores: Path, said: str, told: str) -> None:
    done = weighbridge("compare", scores, "--export", said)
    assert done.code == 2
    assert told in done.err
    assert "Traceback" not in done.err


def test_every_row_of_the_table_that_is_there_can_be_called() -> None:
    import importlib

    assert "rows" in offered()
    for kind, export in offered().items():
        module, _, name = export.target.partition(":")
        assert callable(getattr(importlib.import_module(module), name)), kind
        assert export.what
    assert set(offered()) <= set(EXPORTS)


def test_a_decision_without_evidence_says_so(weighbridge: Callable[..., Any], scores: Path, tmp_path: Path) -> None:
    import msgspec

    weighbridge("compare", scores, "--json", "d.json")
    decision = msgspec.json.decode((tmp_path / "d.json").read_bytes(), type=Decision)
    with pytest.raises(UsageError, match="evidence"):
        write_export(decision, "rows", tmp_path / "x.csv")
