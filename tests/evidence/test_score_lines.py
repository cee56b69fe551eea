"""No row of a csv may get lost, whatever its line ends and quotes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import score_lines
from weighbridge.evidence.score_lines import count_lines
from weighbridge.evidence.score_source import ScoreSource
from weighbridge.evidence.scores_file import load_scores


@pytest.mark.parametrize("first", ["\n", "\r\n"])
@pytest.mark.parametrize("other", ["\n", "\r\n"])
def test_mixed_line_ends_lose_no_row(tmp_path: Path, first: str, other: str) -> None:
    path = tmp_path / "s.csv"
    rows = [f"i{n},x,1" + (first if n % 3 else other) for n in range(50)]
    path.write_bytes(("item_id,model,score" + first + "".join(rows)).encode())
    assert len(load_scores(path).evidence.items) == 50


def test_quotes_inside_plain_fields_lose_no_row(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text('item_id,model,score,answer\na,x,1,5" long\nb,x,1,"two\nlines, ""quoted"""\nc,x,1,plain\n')
    evidence = load_scores(path).evidence
    assert evidence.items == ("a", "b", "c")
    assert evidence.answers == (('5" long', 'two\nlines, "quoted"', "plain"),)


def test_rows_of_the_wrong_length_are_refused_with_mixed_ends_too(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(b"item_id,model,score\r\na,x,1\nb,x,1,7\r\nc,x,0\n")
    with pytest.raises(UsageError, match="has 4 fields") as caught:
        load_scores(path)
    assert caught.value.where == f"{path}:3"


cells = st.text(st.sampled_from('ab,\n"'), max_size=6)


@given(
    rows=st.lists(st.lists(cells, min_size=2, max_size=2), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    data=st.data(),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_are_counted_as_the_csv_module_counts(tmp_path: Path, monkeypatch, rows, end, data) -> None:
    # Blocks of a few bytes put their seams inside quotes, line ends and blank lines.
    monkeypatch.setattr(score_lines, "_BLOCK", data.draw(st.integers(1, 9)))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(rows)
    written = text.getvalue() + data.draw(st.sampled_from(["", end, end + end, "x"]))
    path = tmp_path / "s.csv"
    path.write_bytes(written.encode())
    source = ScoreSource("s.csv", path, "csv", ("a", "b"), "")
    counted = sum(1 for row in csv.reader(io.StringIO(written, newline="")) if row)
    assert count_lines(source) == score_lines.Lines(counted, endless=False)
