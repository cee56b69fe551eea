from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from report.sample import HOSTILE, evidence, hostile
from weighbridge import compare_scores
from weighbridge.errors import UsageError
from weighbridge.evidence.scores_file import load_scores
from weighbridge.logs.rows_out import FORMATS, write_rows


@pytest.mark.parametrize("ending", FORMATS)
def test_rows_come_back_as_the_same_scores(ending: str, tmp_path: Path) -> None:
    table = evidence(3, 90)
    path = tmp_path / f"rows{ending}"
    write_rows(table, path)
    names = [column.name for column in table.columns]
    back = load_scores(path, models=names, missing="failed").evidence
    place = {item: n for n, item in enumerate(back.items)}
    for n, item in enumerate(table.items):
        for k in range(3):
            if table.asked[k, n]:
                assert back.score[k, place[item]] == table.score[k, n]
                assert back.status[k, place[item]] == table.status[k, n]
                np.testing.assert_allclose(back.cost[k, place[item]], table.cost[k, n])
    assert {column.side for column in back.columns} == {column.side for column in table.columns}
    assert back.answers is not None


def test_the_verdict_on_exported_rows_is_the_verdict(tmp_path: Path) -> None:
    table = evidence(2, 200)
    write_rows(table, tmp_path / "rows.parquet")
    write_rows(table, tmp_path / "rows.csv")
    first = compare_scores(tmp_path / "rows.parquet", seed=4)
    second = compare_scores(tmp_path / "rows.csv", seed=4)
    assert first.verdict == second.verdict
    assert first.pairs[0].difference == pytest.approx(float((table.score[0] - table.score[1]).mean()))


def test_hostile_texts_survive(tmp_path: Path) -> None:
    table = hostile().evidence
    write_rows(table, tmp_path / "rows.csv")
    text = (tmp_path / "rows.csv").read_text(encoding="utf-8")
    assert "window.broken" in text
    assert "\ud83d" in HOSTILE
    assert not list(tmp_path.glob(".*"))


def test_another_ending_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.parquet"):
        write_rows(evidence(2, 10), tmp_path / "rows.parket")
    assert not list(tmp_path.iterdir())


def test_a_table_without_answers_has_no_such_column(tmp_path: Path) -> None:
    table = replace(evidence(2, 10), answers=None, extracted=None)
    write_rows(table, tmp_path / "rows.csv")
    header = (tmp_path / "rows.csv").read_text().splitlines()[0].split(",")
    assert "answer" not in header
    assert header[:3] == ["item_id", "model", "side"]
