"""Stored score tables: every kind of file and frame, and what is said of a bad one."""

from __future__ import annotations

import csv
import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence.scores_file import load_scores

ROWS = [
    {"item_id": "q1", "model": "ada", "score": 1, "answer": "yes", "cost": 0.001, "latency": 0.5, "side": "open"},
    {
        "item_id": "q1",
        "model": "bob",
        "score": 0,
        "answer": 'no, "not"\nso',
        "cost": 0.01,
        "latency": 1,
        "side": "closed",
    },
    {"item_id": "q2", "model": "bob", "score": 0.25, "answer": None, "cost": None, "latency": 2, "side": "closed"},
    {"item_id": "q2", "model": "ada", "score": 1, "answer": "ja", "cost": 0.002, "latency": 0.75, "side": "open"},
]


def write(folder: Path, name: str, rows: list[dict] = ROWS) -> Path:
    path = folder / name
    kind = name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        polars.DataFrame(rows).write_parquet(path)
        return path
    if kind in ("csv", "tsv"):
        opener = gzip.open if name.endswith(".gz") else open
        with opener(path, "wt", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t" if kind == "tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
        return path
    text = json.dumps(rows, indent=1) if kind == "json" else "\n\n".join(json.dumps(row) for row in rows) + "\n"
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def check_rows(stored) -> None:
    evidence = stored.evidence
    assert evidence.items == ("q1", "q2")
    assert [(column.name, column.side) for column in evidence.columns] == [("ada", "open"), ("bob", "closed")]
    np.testing.assert_array_equal(evidence.score, [[1, 1], [0, 0.25]])
    np.testing.assert_array_equal(evidence.cost, [[0.001, 0.002], [0.01, np.nan]])
    np.testing.assert_array_equal(evidence.latency, [[0.5, 0.75], [1, 2]])
    assert evidence.answers == (("yes", "ja"), ('no, "not"\nso', None))
    assert evidence.statuses(0)["ok"] == 2
    assert stored.notes == ()


@pytest.mark.parametrize(
    "name", ["s.csv", "s.csv.gz", "s.tsv", "s.jsonl", "s.jsonl.gz", "s.json", "s.json.gz", "s.parquet"]
)
def test_every_kind_of_file(tmp_path: Path, name: str) -> None:
    check_rows(load_scores(write(tmp_path, name)))


@pytest.mark.parametrize(
    "frame",
    [
        polars.DataFrame(ROWS),
        polars.LazyFrame(ROWS),
        pandas.DataFrame(ROWS),
        pyarrow.Table.from_pylist(ROWS),
        ROWS,
        {name: [row[name] for row in ROWS] for name in ROWS[0]},
    ],
    ids=["polars", "lazy", "pandas", "arrow", "rows", "columns"],
)
def test_every_kind_of_frame(frame: object) -> None:
    check_rows(load_scores(frame))


def test_columns_are_mapped_and_models_chosen(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("frage,system,punkte,latency_ms,camp\na,x,true,1500,Open\na,y,0.5,20,closed\na,z,FALSE,5,open\n")
    stored = load_scores(path, models=["z", "x"], columns={"item_id": "frage", "score": "punkte"})
    np.testing.assert_array_equal(stored.evidence.score, [[0], [1]])
    np.testing.assert_allclose(stored.evidence.latency, [[0.005], [1.5]])
    assert [column.side for column in stored.evidence.columns] == ["open", "open"]
    assert stored.models == ("x", "y", "z")
    told = load_scores(path, columns={"item_id": "frage", "score": "punkte"}, sides={"x": "rule"})
    assert told.evidence.columns[0].side == "rule"


def test_sides_come_from_a_list_of_models_only_when_named(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("item_id,model,score\na,x,1\na,y,0\n")
    listing = tmp_path / "models.csv"
    listing.write_text("model,camp,licence\nx,closed,none\nother,open,MIT\n")
    assert [column.side for column in load_scores(path).evidence.columns] == ["unknown", "unknown"]
    named = load_scores(path, models_file=listing)
    assert [column.side for column in named.evidence.columns] == ["closed", "unknown"]


def test_repeats_are_averaged_within_the_item(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(
        "item_id,model,score,repeat,answer,cost\n"
        + "".join(f"{item},m,{score},{r},{item}{r},{r}\n" for item in "ab" for r, score in enumerate([1, 0, 1, 1]))
    )
    evidence = load_scores(path).evidence
    np.testing.assert_allclose(evidence.score, [[0.75, 0.75]])
    np.testing.assert_allclose(evidence.within, [[0.25, 0.25]])
    np.testing.assert_allclose(evidence.cost, [[1.5, 1.5]])
    assert evidence.repeats.tolist() == [4]
    assert evidence.answers == (("a0", "b0"),)


def test_clusters_and_statuses(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("item_id,model,score,cluster,status\na,m,1,k,ok\nb,m,,,failed\nc,m,0,k,refused\nd,m,0.5,,\n")
    evidence = load_scores(path).evidence
    assert evidence.cluster is not None
    assert evidence.cluster.tolist() == [0, 1, 0, 2]
    np.testing.assert_array_equal(evidence.score, [[1, 0, 0, 0.5]])
    assert evidence.statuses(0) == {"ok": 2, "refused": 1, "truncated": 0, "unparsable": 0, "failed": 1}


def test_missing_scores_are_never_filled_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("item_id,model,score,question\na,x,1,A?\nb,x,1,B?\nc,x,nan,C?\nb,y,0,B?\na,y,,A?\nc,y,1,C?\n")
    shared = load_scores(path)
    assert shared.evidence.items == ("b",)
    assert shared.evidence.questions == ("B?",)
    assert "1 of 3; 2 left out (x lacks 1, y lacks 1)" in shared.notes[0]
    failed = load_scores(path, missing="failed")
    np.testing.assert_array_equal(failed.evidence.score, [[1, 1, 0], [0, 0, 1]])
    assert failed.evidence.statuses(1)["failed"] == 1
    assert "x 1, y 1" in failed.notes[0]
    alone = load_scores(path, models=["y"])
    assert alone.evidence.items == ("b", "c")
    with pytest.raises(UsageError, match="no item has a score for every model"):
        load_scores([{"item_id": "a", "model": "x", "score": 1}, {"item_id": "b", "model": "y", "score": 1}])


HEAD = "item_id,model,score,cost,side,status,cluster\n"


@pytest.mark.parametrize(
    ("body", "what", "line", "fix"),
    [
        ("a,x,1,,,,\na,x,0,,,,\n", "come twice", 3, "delete one"),
        ("a,x,1,,,,\nb,x,1.5,,,,\n", "outside [0, 1]", 3, "percent by 100"),
        ('a,x,1,,,,\n"b\nb",x,0,,,,\nc,x,-0.1,,,,\n', "outside [0, 1]", 5, "divide"),
        ("a,x,inf,,,,\n", "outside [0, 1]", 2, "divide"),
        ("a,x,right,,,,\n", "'right' in column 'score' is not a number", 2, "0 to 1"),
        ("a,x,1,cheap,,,\n", "'cheap' in column 'cost' is not a number", 2, "at least 0"),
        ("a,x,1,-1,,,\n", "'-1' in column 'cost' is not a possible value", 2, "at least 0"),
        ("a,x,1,,opne,,\n", "there is no side 'opne'", 2, "'open'"),
        ("a,x,1,,open,,\nb,x,1,,closed,,\n", "both open and closed", 3, "one side"),
        ("a,x,1,,,refusd,\n", "there is no status 'refusd'", 2, "'refused'"),
        ("a,x,1,,,,k\na,y,1,,,,l\n", "two clusters", 3, "one cluster"),
        (",x,1,,,,\n", "no item_id", 2, "fill it in"),
        ("a,x,1,,,,\nb,,1,,,,\n", "no model", 3, "fill it in"),
        ("a,x,1,,,,\nb,x,1\n", "has 3 fields, the header has 7", 3, "quote"),
        ('a,x,1,,,,\n"b,x,1,,,,\n', "cannot be read", 3, "quotes"),
        ("", "header and no rows", None, "one row per item"),
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_bad_rows_are_named(tmp_path: Path, body: str, what: str, line: int | None, fix: str, packed: bool) -> None:
    path = tmp_path / ("s.csv.gz" if packed else "s.csv")
    data = (HEAD + body).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(UsageError) as caught:
        load_scores(path)
    assert what in caught.value.what
    assert caught.value.where == (str(path) if line is None else f"{path}:{line}")
    assert fix in (caught.value.fix or "")


@pytest.mark.parametrize(
    ("name", "data", "what", "where"),
    [
        ("s.jsonl", b'{"item_id": "a", "model": "x", "score": 1}\n\n{"item_id": \n', "not JSON", ":3"),
        ("s.jsonl", b'{"item_id": "a", "model": "x", "score": 1}\n[1]\n', "not a JSON object", ":2"),
        (
            "s.jsonl",
            b'\n{"item_id": "a", "model": "x", "score": 1}\n{"item_id": "b", "model": "x", "score": 7}',
            "outside",
            ":3",
        ),
        ("s.json", b'[{"item_id": "a", "model": "x", "score": 7}]', "outside", ", row 1"),
        ("s.json", b'[{"item_id": ', "JSON", ""),
        ("s.parquet", b"item_id,model\n", "cannot be read", ""),
        ("s.csv", b"item_id,model,score\na,caf\xe9,1\n", "looks like cp1252", ":2"),
        ("s.csv", "item_id,model,score\na,x,1\n".encode("utf-16"), "looks like utf-16", ":1"),
        ("s.csv", b"item_id,model,score\n" + b"a,x,1\n" * 30_000 + b"b,\xff,1\n", "not UTF-8", ":30002"),
        ("s.csv", b"item_id,item_id,model,score\na,a,x,1\n", "two columns are called 'item_id'", ""),
        ("s.csv", b"item,model,scroe\na,x,1\n", "no column 'score'", ""),
        ("s.csv", b"", "empty", ""),
        ("s.csv.gz", gzip.compress(b"item_id,model,score\n" + b"a,x,1\n" * 9, mtime=0)[:-9], "", ""),
        ("s.xlsx", b"PK", "ends in nothing known", ""),
    ],
)
def test_bad_files_are_named(tmp_path: Path, name: str, data: bytes, what: str, where: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UsageError) as caught:
        load_scores(path)
    assert what in caught.value.what
    assert (caught.value.where or "").startswith(str(path))
    assert (caught.value.where or "").endswith(where)
    assert caught.value.fix
    assert len(str(caught.value).splitlines()) <= 6


def test_what_is_asked_for_must_be_there(tmp_path: Path) -> None:
    path = write(tmp_path, "scores.csv")
    for call, message, fix in [
        (lambda: load_scores(tmp_path / "score.csv"), "no such file", "scores.csv"),
        (lambda: load_scores(tmp_path), "folder", "name the file"),
        (lambda: load_scores(path, models=["ada", "bbo"]), "no model 'bbo'", "'bob'"),
        (lambda: load_scores(path, models=["ada", "ada"]), "named twice", "once"),
        (lambda: load_scores(path, models=[]), "no model is named", "ada"),
        (lambda: load_scores(path, columns={"scores": "score"}), "no column role", "'score'"),
        (lambda: load_scores(path, columns={"score": "scroe"}), "no column 'scroe'", "'score'"),
        (lambda: load_scores(path, sides={"eve": "open"}), "no model 'eve'", "known"),
        (lambda: load_scores(path, models_file=tmp_path / "model.csv"), "no such file", "scores"),
        (lambda: load_scores(path, encoding="utf-99"), "no encoding", "utf-"),
        (lambda: load_scores(42), "not a score table", "frame"),
        (lambda: load_scores({"item_id": [1], "model": [1, 2], "score": [1]}), "differ in length", "one value"),
    ]:
        with pytest.raises(UsageError) as caught:
            call()
        assert message in caught.value.what
        assert fix in (caught.value.fix or "")


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_a_named_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes("item_id,model,score\nü,café,1\n".encode(encoding))
    stored = load_scores(path, encoding=encoding)
    assert stored.models == ("café",)
    assert stored.evidence.items == ("ü",)
    if encoding == "utf-8-sig":
        assert load_scores(path).models == ("café",)


def test_a_line_without_end_is_refused_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    with path.open("wb") as stream:
        stream.write(b"item_id,model,score\na,x,1\n")
        stream.truncate(1 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UsageError, match="longer than 16 MB") as caught:
        load_scores(path)
    assert caught.value.where == f"{path}:3"
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 300


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("s.csv", b",item_id,model,score\n0,a,x,1\n1,b,x,0\n"),
        ("s.csv", b"item_id,model,score,,\na,x,1,,\nb,x,0,,\n"),
        ("s.csv", b"item_id,model,score,Score\na,x,1,7\nb,x,0,7\n"),
        ("s.csv", b"\n\nitem_id,model,score\r\na,x,1\r\n\r\nb,x,0"),
        ("s.csv", b'\xef\xbb\xbf"item_id";"model";"score"\na;"x";1e0\nb;x;0.0\n'),
        ("s.txt", b"item_id|model|score\na|x|true\nb|x|False\n"),
        ("a[1]*.csv", b"item_id,model,score\na,x,1\nb,x,0\n"),
        ("it's.csv.gz", b"item_id,model,score\na,x,1\nb,x,0\n"),
        (
            "s.jsonl",
            b'\xef\xbb\xbf{"id":"a","model":"x","score":true,"extra":{"k":[1]}}\r\n{"id":"b","model":"x","score":0}',
        ),
        (
            "s.jsonl",
            b'{"item_id":"a","model":"x","score":1,"a.b/c~d":1}\n{"item_id":"b","model":"x","score":0,"SCORE":9}',
        ),
    ],
)
def test_tables_as_other_tools_write_them(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / "a1.csv").write_bytes(b"item_id,model,score\nother,file,1\n")
    path = tmp_path / name
    path.write_bytes(data)
    stored = load_scores(path)
    assert stored.evidence.items == ("a", "b")
    np.testing.assert_array_equal(stored.evidence.score, [[1, 0]])


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=12).filter(
    lambda text: text.strip() == text
)


@given(
    items=st.lists(texts, min_size=1, max_size=8, unique=True),
    models=st.lists(texts, min_size=1, max_size=4, unique=True),
    data=st.data(),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_any_text_comes_back(
    tmp_path: Path, kind: str, items: list[str], models: list[str], data: st.DataObject
) -> None:
    number = st.floats(0, 1)
    rows = [
        {"item_id": i, "model": m, "score": data.draw(number), "answer": data.draw(texts)}
        for i in items
        for m in models
    ]
    evidence = load_scores(write(tmp_path, f"s.{kind}", rows)).evidence
    assert evidence.items == tuple(items)
    assert tuple(column.name for column in evidence.columns) == tuple(models)
    want = np.array([row["score"] for row in rows]).reshape(len(items), len(models)).T
    np.testing.assert_array_equal(evidence.score, want)
    assert evidence.answers == tuple(
        tuple(rows[i * len(models) + k]["answer"] for i in range(len(items))) for k in range(len(models))
    )


def test_fifty_models_by_fourteen_thousand_items(tmp_path: Path) -> None:
    path = tmp_path / "big.csv.gz"
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 2, (50, 14_000))
    with gzip.open(path, "wt", compresslevel=1) as stream:
        stream.write("item_id,model,score\n")
        for k, row in enumerate(scores.tolist()):
            stream.writelines(f"item-{i},model-{k},{score}\n" for i, score in enumerate(row))
    code = (
        "import re, sys, time\n"
        "from pathlib import Path\n"
        "from weighbridge.evidence.scores_file import load_scores\n"
        "start = time.process_time()\n"
        "evidence = load_scores(sys.argv[1]).evidence\n"
        "seconds = time.process_time() - start\n"
        "peak = re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())\n"
        "print(evidence.score.mean(axis=1).sum(), seconds, int(peak.group(1)) / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    total, seconds, megabytes = (float(part) for part in done.stdout.split())
    assert total == pytest.approx(scores.mean(axis=1).sum())
    assert seconds < 3
    assert megabytes < 450


def test_real_tables(shared_data: Path) -> None:
    folder = shared_data / "zeroeval_gsm"
    stored = load_scores(folder / "scores.csv.gz", models_file=folder / "models.csv")
    assert len(stored.models) == 44
    assert {column.side for column in stored.evidence.columns} == {"open", "closed"}
    assert "gemini-1.5-flash-exp-0827 lacks 638" in stored.notes[0]
    priced = load_scores(shared_data / "routerarena_closed" / "scores.csv.gz").evidence
    assert priced.score.shape == (2, 809)
    assert np.isfinite(priced.cost).all()
