"""Each mistake in the data gets one message that says what, where and how to mend it."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.tasks import DataSource, load_items
from weighbridge.tasks.readers.delimited import read_delimited
from weighbridge.tasks.text import lines

HEAD = "id,text,label\n"
JSONL = '{"question": "q", "answer": "a"}\n'

MISTAKES = [
    # name, content, options, what, where (ends with), fix
    ("x.csv", HEAD + "1,a,x\n1,b,y\n", {}, "the id '1' is there twice", "x.csv:3, first at {}:2", "@row"),
    ("x.csv", HEAD + "1,a,x\n,b,y\n", {}, "no id", "x.csv:3", "@row"),
    ("x.csv", HEAD + '1,"a\nb",x\n2,b,\n', {}, "item '2' has no reference", "x.csv:4", "missing_reference"),
    ("x.csv", HEAD + "1,a\n", {}, "2 cells where the header has 3", "x.csv:2", "quote"),
    ("x.csv", HEAD + '1,"a,x\n2,b,y\n', {}, "never closed", "x.csv:2", "close the quote"),
    ("x.csv", HEAD + '1,"a"b,x\n', {}, "cannot be read", "x.csv:2", "written twice"),
    ("x.csv", "id,text,text\n1,a,x\n", {}, "'text' is there twice", "x.csv:1", "own name"),
    ("x.csv", HEAD + "1,a,x\n", {"reference": "labell"}, "no column 'labell'", "x.csv:1 (reference)", "'label'"),
    ("x.csv", HEAD + "1,a,x\n", {"meta": ("txet",)}, "no column 'txet'", "x.csv:1 (meta)", "'text'"),
    ("x.csv", HEAD + "1,a,x\n", {"cluster": "grp"}, "no column 'grp'", "x.csv:1 (cluster)", "known: id, label, text"),
    ("x.csv", "a,b\n1,2\n", {}, "no column looks like the reference", "x.csv:1", "'a', 'b'"),
    ("x.csv", "", {}, "empty", "x.csv", "at least one item"),
    ("x.csv", "\n \n", {}, "empty", "x.csv", "header"),
    ("x.csv", HEAD, {}, "no items", "x.csv", "at least one item"),
    ("x.csv", HEAD + "1,a,x\n", {"split": "test"}, "no splits", "x.csv", "leave `split:` out"),
    ("x.csv", HEAD + "1,a,x\n", {"delimiter": ";;"}, "one character", "delimiter", None),
    ("x.csv", (HEAD + "1,Müller,x\n").encode("cp1252"), {}, "looks like cp1252", "x.csv:2", "encoding: cp1252"),
    ("x.csv", (HEAD + "1,Müller,x\n").encode("utf-16"), {}, "looks like utf-16", "x.csv:1", "encoding: utf-16"),
    ("x.csv", (HEAD + "1,Müller,x\n").encode("utf-16-be"), {}, "looks like utf-16-be", "x.csv:1", "utf-16-be"),
    ("x.csv", HEAD + "1,Müller,x\n", {"encoding": "ascii"}, "the file is not ascii", "x.csv:2", "encoding"),
    ("x.csv", HEAD + "1,a,x\n", {"encoding": "utf-18"}, "no text encoding called 'utf-18'", "encoding", "'utf-"),
    ("x.csv", HEAD + "1,a,x\n", {"encoding": "zlib"}, "no text encoding", "encoding", None),
    ("x.jsonl", JSONL + '{"question": }\n', {}, "not JSON", "x.jsonl:2", "one object"),
    ("x.jsonl", JSONL + "[1, 2]\n", {}, "a list", "x.jsonl:2", "question"),
    ("x.jsonl", JSONL + '{"question": "q"}\n', {}, "no reference", "x.jsonl:2", "fill it in"),
    ("x.jsonl", JSONL + '{"question": "q", "answer": null}\n', {}, "no reference", "x.jsonl:2", "fill it in"),
    (
        "x.jsonl",
        '{"id": [1], "q": 1, "answer": 2}',
        {"id": "id"},
        "id must be a text or a number",
        "x.jsonl:1",
        "id:",
    ),
    ("x.jsonl", '{"a": ' + "[" * 100_000, {}, "nested too deep", "x.jsonl:1", "drop"),
    ("x.jsonl", '{"a": ' + "9" * 5000 + "}", {}, "cannot be read", "x.jsonl:1", "drop"),
    (
        "x.jsonl",
        JSONL.encode() + '{"question": "ü"}'.encode("latin-1"),
        {},
        "looks like cp1252",
        "x.jsonl:2",
        "cp1252",
    ),
    ("x.json", '[{"q": 1, "answer": 2},\n{"q": 1 "answer": 2}]', {}, "not JSON", "x.json:2", "list of objects"),
    ("x.json", '[{"q": 1, "answer": 2}\n{"q": 1}]', {}, "comma", "x.json:2", "list of objects"),
    ("x.json", '[{"q": 1, "answer": 2}] x', {}, "after the end", "x.json:1", "list of objects"),
    ("x.json", '[{"q": 1, "answer": 2},\n 3]', {}, "a number", "x.json:2", "question"),
    ("x.json", '[{"q": 1, "answer": 2}', {}, "not JSON", "x.json:1", "list of objects"),
    ("x.json", '{"q": 1}', {}, "holds no list", "x.json", "items"),
    ("x.json", "[" * 100_000, {}, "nested too deep", "x.json:1", "drop"),
    ("x.json", "[]", {}, "no items", "x.json", "at least one"),
    ("x.parquet", "PAR1 not really", {}, "cannot be read", "x.parquet", "save it again"),
    ("x.parquet", "id,text", {}, "does not hold parquet", "x.parquet", "format"),
    ("x.parquet", "version https://git-lfs.github.com/spec/v1\n", {}, "Git LFS pointer", "x.parquet", "git lfs pull"),
    ("x.csv", "<!DOCTYPE html><html>", {}, "a web page", "x.csv", "raw file"),
    ("x.xlsx", b"PK\x03\x04....", {}, "Excel", "x.xlsx", "export"),
    ("x.csv.gz", gzip.compress(HEAD.encode() * 99, mtime=0)[:25], {}, "damaged or cut short", "x.csv.gz", "again"),
    ("x.csv.zst", b"\x28\xb5\x2f\xfd....", {}, "zstd", "x.csv.zst", "unpack"),
]


@pytest.mark.parametrize(("name", "content", "options", "what", "where", "fix"), MISTAKES)
def test_mistakes_say_what_where_and_how(tmp_path: Path, name, content, options, what, where, fix) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError) as caught:
        load_items(DataSource(str(path), **options))
    error = caught.value
    assert what in error.what
    assert (error.where or "").endswith(where.format(path))
    assert fix is None or fix in (error.fix or "")
    assert error.exit_code == 2
    assert len(str(error)) < 1500


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text(HEAD)
    with pytest.raises(UsageError, match=r"did you mean 'tickets\.csv'"):
        load_items(DataSource(str(tmp_path / "tikets.csv")))
    with pytest.raises(UsageError, match="folder does not exist"):
        load_items(DataSource(str(tmp_path / "nowhere" / "tickets.csv")))
    with pytest.raises(UsageError, match="not a regular file"):
        load_items(DataSource("/dev/zero"))
    with pytest.raises(UsageError):
        load_items(DataSource("a\0b"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_right_to_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEAD)
    path.chmod(0)
    with pytest.raises(UsageError, match="no right"):
        load_items(DataSource(str(path)))


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json"])
def test_a_line_without_end_is_refused_without_being_held(tmp_path: Path, name: str) -> None:
    """A sparse file of 1 GB without a line break; what is read of it stays within the bound on a line."""
    path = tmp_path / name
    start = {"x.csv": b'text,label\n"a', "x.jsonl": b'{"q": "a', "x.json": b'[{"q": "a'}[name]
    with path.open("wb") as out:
        out.write(start + b"a" * 70_000)
        out.seek(1 << 30)
        out.write(b"a")
    with pytest.raises(UsageError) as caught:
        load_items(DataSource(str(path)))
    assert "longer than 67,108,864 characters" in caught.value.what
    assert (caught.value.where or "").endswith(f"{name}:{2 if name == 'x.csv' else 1}")


def test_memory_stays_near_the_bound(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    with path.open("wb") as out:
        out.write(b"a" * 100_000)
        out.seek(1 << 30)
        out.write(b"a")
    tracemalloc.start()
    with pytest.raises(UsageError, match="longer than 1,000,000"):
        list(lines(path, limit=1_000_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_cell_over_many_lines_is_bounded_too(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEAD + '1,"' + "abc\n" * 50_000)
    with pytest.raises(UsageError, match="never closed"):
        list(read_delimited(path, delimiter=",", encoding="utf-8", limit=150_000).rows)


def test_long_cells_within_the_bound_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEAD + f"1,{'a' * 1_000_000},x\n")
    assert len(load_items(DataSource(str(path))).items[0].fields["text"]) == 1_000_000


PIECES = [
    b"id,text,label\n",
    b'"',
    b"\n",
    b"\r",
    b",",
    b"{",
    b"}",
    b"[",
    b"]",
    b'{"id": 1}',
    b":",
    b"\x00",
    b"\xff",
    b"\xfe",
]
PIECES += [
    b"\xef\xbb\xbf",
    b"1e999",
    b"NaN",
    b'"\\ud800"',
    b"PAR1",
    b"\x1f\x8b",
    b"a",
    "ü".encode(),
    b" ",
    b"\\",
    b";",
    b"\t",
]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    parts=st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=12),
    suffix=st.sampled_from(["csv", "tsv", "jsonl", "json", "parquet", "csv.gz", "txt"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-32", "cp1252", "ascii", "utf-7", "idna", "gb18030"]),
)
def test_any_bytes_give_items_or_a_message(tmp_path: Path, parts: list[bytes], suffix: str, encoding: str) -> None:
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(b"".join(parts))
    try:
        loaded = load_items(DataSource(str(path), encoding=encoding), need_reference=False)
    except UsageError:
        return
    for item in loaded.items:
        assert item.id
        "\n".join(map(str, item.fields.values())).encode()
