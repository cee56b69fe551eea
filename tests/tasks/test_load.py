"""Files of every kind become the same items, with types kept, ids unique and lines known."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.tasks import DataSource, Loaded, items_of, load_items

ROWS = [
    {"id": "a1", "text": 'two\nlines, and a "quote"', "label": "billing"},
    {"id": "a2", "text": "ünïcode ✓", "label": "shipping"},
    {"id": "007", "text": "x", "label": "billing"},
]


def written(folder: Path, kind: str) -> Path:
    path = folder / f"items.{kind}"
    text = io.StringIO()
    if kind.startswith(("csv", "tsv")):
        out = csv.DictWriter(text, list(ROWS[0]), delimiter="\t" if kind.startswith("tsv") else ",")
        out.writeheader()
        out.writerows(ROWS)
    elif kind.startswith("jsonl"):
        text.write("\n".join(json.dumps(row) for row in ROWS))
    elif kind.startswith("json"):
        json.dump(ROWS, text, indent=2)
    else:
        source = folder / "source.jsonl"
        source.write_text("\n".join(json.dumps(row) for row in ROWS))
        duckdb.read_json(str(source)).write_parquet(str(path))
        return path
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if kind.endswith("gz") else data)
    return path


def load(folder: Path, name: str, content: str | bytes, **named) -> Loaded:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_items(DataSource(str(path), **named))


@pytest.mark.parametrize(
    "kind", ["csv", "tsv", "jsonl", "json", "parquet", "csv.gz", "jsonl.gz", "json.gz", "tsv.gz"]
)
def test_every_kind_gives_the_same_items(tmp_path: Path, kind: str) -> None:
    loaded = load_items(DataSource(str(written(tmp_path, kind))))
    assert [item.fields for item in loaded.items] == ROWS
    assert [item.id for item in loaded.items] == ["a1", "a2", "007"]
    assert [item.reference for item in loaded.items] == ["billing", "shipping", "billing"]
    assert loaded.columns.input == ("text",)
    assert any("'label'" in note and "guessed" in note for note in loaded.notes)


def test_content_decides_where_the_name_says_nothing(tmp_path: Path) -> None:
    for kind in ("csv", "jsonl", "json", "parquet", "jsonl.gz"):
        bare = tmp_path / f"bare_{kind.replace('.', '_')}"
        bare.write_bytes(written(tmp_path, kind).read_bytes())
        assert [item.id for item in load_items(DataSource(str(bare))).items] == ["a1", "a2", "007"]


def test_lines_count_quoted_line_breaks(tmp_path: Path) -> None:
    loaded = load_items(DataSource(str(written(tmp_path, "csv"))))
    assert [item.line for item in loaded.items] == [2, 4, 5]
    loaded = load(
        tmp_path, "x.json", '[\n {"q": 1, "answer": 2},\n\n {"q": 3,\n "answer": 4}, {"q": 5, "answer": 6}]'
    )
    assert [item.line for item in loaded.items] == [2, 4, 5]
    loaded = load(tmp_path, "x.jsonl", '{"q": 1, "answer": 2}\n\n{"q": 1, "answer": 2}\n')
    assert [item.line for item in loaded.items] == [1, 3]


def test_types_are_kept_and_csv_stays_text(tmp_path: Path) -> None:
    row = load(
        tmp_path, "x.jsonl", '{"n": 12345678901234567890123, "f": 1.5, "b": true, "l": [1], "answer": 5}'
    ).items[0]
    assert row.fields == {"n": 12345678901234567890123, "f": 1.5, "b": True, "l": [1], "answer": 5}
    assert load(tmp_path, "x.csv", "n,answer\n007,1.50\n").items[0].fields == {"n": "007", "answer": "1.50"}
    path = tmp_path / "t.parquet"
    duckdb.sql(
        "COPY (SELECT 1::BIGINT AS id, 1.5::DECIMAL(4,2) AS d, DATE '2026-01-02' AS day, [1, 2] AS l, "
        f"{{'a': 1}} AS s, 'NaN'::DOUBLE AS nan, true AS answer) TO '{path}' (FORMAT parquet)"
    )
    fields = load_items(DataSource(str(path))).items[0].fields
    assert fields == {"id": 1, "d": 1.5, "day": "2026-01-02", "l": [1, 2], "s": {"a": 1}, "nan": None, "answer": True}


def test_a_parquet_name_is_no_pattern(tmp_path: Path) -> None:
    for name in ("data[1].parquet", "data*.parquet"):
        path = written(tmp_path, "parquet").rename(tmp_path / name)
        assert len(load_items(DataSource(str(path))).items) == 3
        path.unlink()


def test_json_layouts(tmp_path: Path) -> None:
    rows = '[{"question": "q", "answer": "a"}, {"question": "r", "answer": "b"}]'
    for text in (rows, f'{{"data": {rows}}}', '{"question": ["q", "r"], "answer": ["a", "b"]}'):
        assert [item.reference for item in load(tmp_path, "x.json", text).items] == ["a", "b"]
    lines = '{"question": "q", "answer": "a"}\n{"question": "r", "answer": "b"}'
    loaded = load(tmp_path, "x.json", lines)
    assert [item.reference for item in loaded.items] == ["a", "b"]
    assert "the file holds one object per line: read as jsonl" in loaded.notes
    assert [item.reference for item in load(tmp_path, "x.jsonl", rows).items] == ["a", "b"]


def test_delimiters_are_found(tmp_path: Path) -> None:
    for mark in ";\t|":
        loaded = load(tmp_path, "x.csv", f'text{mark}label\n"a, b"{mark}x\nc, d{mark}y\n')
        assert [item.fields["text"] for item in loaded.items] == ["a, b", "c, d"]
        assert any("separated" in note for note in loaded.notes)
    loaded = load(tmp_path, "x.csv", "text,label\na;b;c,x\nd;e;f,y\n")
    assert [item.fields["text"] for item in loaded.items] == ["a;b;c", "d;e;f"]


def test_columns_are_guessed_or_named(tmp_path: Path) -> None:
    text = "qid,Question,context,rationale,gold,conversation_id,lang\n"
    text += "".join(f"{n},q{n},c,because x,x,{n // 2},en\n" for n in range(60))
    columns = load(tmp_path, "x.csv", text).columns
    assert (columns.id, columns.reference, columns.cluster) == ("qid", ("gold",), "conversation_id")
    assert columns.input == ("Question", "context")
    assert set(columns.guessed) == {"id", "reference", "cluster", "input"}
    loaded = load(
        tmp_path, "x.csv", text, id="@row", reference="lang", cluster="qid", meta=("gold",), input=("context",)
    )
    item = loaded.items[4]
    assert (item.id, item.reference, item.cluster, item.meta) == ("5", "en", "4", {"gold": "x"})
    assert loaded.columns.guessed == ()


def test_what_gives_the_answer_away_is_not_shown(tmp_path: Path) -> None:
    columns = load(tmp_path, "x.csv", "stuff,answer,correct_answer,solution,label_text\na,b,c,d,e\n").columns
    assert columns.reference == ("answer",)
    assert columns.input == ("stuff",)


def test_a_guessed_cluster_with_few_values_is_left_alone(tmp_path: Path) -> None:
    text = "text,label,group\n" + "".join(f"t{n},x,{n % 2}\n" for n in range(40))
    loaded = load(tmp_path, "x.csv", text)
    assert loaded.columns.cluster is None
    assert {item.cluster for item in loaded.items} == {None}
    assert any("not taken as cluster" in note for note in loaded.notes)
    named = load(tmp_path, "x.csv", text, cluster="group")
    assert {item.cluster for item in named.items} == {"0", "1"}


def test_several_reference_columns_make_one_object(tmp_path: Path) -> None:
    loaded = load(tmp_path, "x.csv", "text,team,order\na,billing,17\n", reference=("team", "order"))
    assert loaded.items[0].reference == {"team": "billing", "order": "17"}
    blank = load(tmp_path, "x.csv", "text,team,order\na,billing,\n", reference=("team", "order"))
    assert blank.items[0].reference == {"team": "billing", "order": None}
    with pytest.raises(UsageError, match="no reference"):
        load(tmp_path, "x.csv", "text,team,order\na,,\n", reference=("team", "order"))


def test_squad_layout(tmp_path: Path) -> None:
    row = {"question": "q", "context": "c", "answers": {"text": ["a", "b"], "answer_start": [1, 2]}}
    assert load(tmp_path, "x.jsonl", json.dumps(row)).items[0].reference == ["a", "b"]


def test_missing_references_can_be_skipped_or_empty(tmp_path: Path) -> None:
    text = "text,label\na,x\nb,\nc,y\n"
    skipped = load(tmp_path, "x.csv", text, missing_reference="skip")
    assert [item.id for item in skipped.items] == ["1", "3"]
    assert any("1 of 3 rows" in note for note in skipped.notes)
    assert [item.reference for item in load(tmp_path, "x.csv", text, missing_reference="empty").items] == [
        "x",
        "",
        "y",
    ]


def test_limit_reads_no_further(tmp_path: Path) -> None:
    loaded = load(tmp_path, "x.jsonl", '{"q": 1, "answer": 2}\n{"q": 1, "answer": 2}\nnot json\n', limit=2)
    assert len(loaded.items) == 2
    assert any("first 2 rows" in note for note in loaded.notes)


def test_rows_in_memory() -> None:
    loaded = items_of([{"id": 1, "text": "a", "label": "x"}, {"id": 2.0, "text": "b", "label": "y"}])
    assert [item.id for item in loaded.items] == ["1", "2"]
    with pytest.raises(UsageError, match="no column 'labl'"):
        items_of([{"text": "a", "label": "x"}], DataSource("rows", reference="labl"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1", "utf-32"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
def test_encodings(tmp_path: Path, encoding: str, kind: str) -> None:
    text = (
        written(tmp_path, kind)
        .read_text()
        .replace("ünïcode ✓", "Müller")
        .replace("\\u00fcn\\u00efcode \\u2713", "Müller")
    )
    path = tmp_path / f"x.{kind}"
    path.write_bytes(text.encode(encoding))
    named = encoding if encoding not in ("utf-8", "utf-8-sig") else "utf-8"
    items = load_items(DataSource(str(path), encoding=named)).items
    assert [item.id for item in items] == ["a1", "a2", "007"]
    assert items[1].fields["text"] == "Müller"


def test_half_a_surrogate_pair_does_not_reach_a_prompt(tmp_path: Path) -> None:
    for name, text in (("x.jsonl", '{"q": "a\\ud83d", "answer": 1}'), ("x.json", '[{"q": "a\\ud83d", "answer": 1}]')):
        assert load(tmp_path, name, text).items[0].fields["q"].encode() == "a\ufffd".encode()


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5), delimiter=st.sampled_from(",;\t|"))
def test_csv_holds_any_text(tmp_path: Path, rows: list[tuple[str, str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    out = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    out.writerows([("one", "two"), *rows])
    loaded = load(tmp_path, "x.csv", text.getvalue(), reference="one", missing_reference="empty", delimiter=delimiter)
    assert [(item.fields["one"], item.fields["two"]) for item in loaded.items] == rows


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.dictionaries(CELL.filter(bool), CELL | st.integers() | st.booleans(), max_size=3), min_size=1)
)
def test_jsonl_holds_any_object(tmp_path: Path, rows: list[dict]) -> None:
    rows = [{**row, "ref": "x"} for row in rows]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    loaded = load(tmp_path, "x.jsonl", text, reference="ref", id="@row")
    assert [item.fields for item in loaded.items] == rows


@pytest.mark.parametrize("value", [True, ["a"], {"a": 1}])
def test_a_guessed_column_never_makes_a_file_fail(tmp_path: Path, value: object) -> None:
    for role, column in (("cluster", "group"), ("id", "key")):
        rows = [{column: "x", "ref": "one"}, {column: value, "ref": "two"}]
        text = "\n".join(json.dumps(row) for row in rows)
        loaded = load(tmp_path, "x.jsonl", text, reference="ref")
        assert [item.id for item in loaded.items] == ["1", "2"]
        assert [item.cluster for item in loaded.items] == [None, None]
        assert any(f"{column!r} is not taken as {role}" in note for note in loaded.notes)
        assert role not in loaded.columns.guessed
        with pytest.raises(UsageError, match=f"the {role} must be a text or a number"):
            load(tmp_path, "x.jsonl", text, reference="ref", **{role: column})
