"""Inspect logs that are cut short, corrupted or made to do harm: a clear error, no crash, bounded memory."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.logs import inspect_stream, zips
from weighbridge.logs.inspect_reader import is_inspect, read_inspect
from weighbridge.logs.inspect_stream import JsonPieces
from weighbridge.logs.recognise import read_logs

FIXTURES = Path(__file__).parent / "fixtures" / "inspect"
ZIPPED = (FIXTURES / "values-small.eval").read_bytes()
PLAIN = (FIXTURES / "close-large.json").read_bytes()
HEADER = {"version": 2, "status": "success", "eval": {"task": "t", "task_id": "x", "model": "m"}}
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def attempt(path: Path) -> None:
    """Reads all there is, or gets an error made for the user."""
    fault: UsageError | None = None
    try:
        for log in read_inspect(path):
            for row in log.rows():
                assert row.score is None or 0 <= row.score <= 1
    except UsageError as error:
        fault = error
    if fault is not None:
        assert str(path) in (fault.where or "")
        assert fault.fix
        assert len(str(fault)) < 2_000


def logged(path: Path, entry: bytes) -> Path:
    """A log with one sample."""
    return zipped(path, {"header.json": json.dumps(HEADER).encode(), "samples/s_epoch_1.json": entry})


def zipped(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def sample(**more: Any) -> bytes:
    return json.dumps({"id": "s", "epoch": 1, "input": "q", "target": "a", **more}).encode()


@quick
@given(cut=st.integers(0, len(ZIPPED) - 1))
def test_a_zip_cut_anywhere(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.eval"
    path.write_bytes(ZIPPED[:cut])
    is_inspect(path)
    attempt(path)


@quick
@given(cut=st.integers(1, len(PLAIN) - 2))
def test_a_json_log_cut_anywhere(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.json"
    path.write_bytes(PLAIN[:cut])
    with pytest.raises(UsageError):
        list(read_inspect(path)[0].rows())
    attempt(path)


@quick
@given(flips=st.lists(st.tuples(st.integers(0, len(ZIPPED) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_zip_with_other_bytes(tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    data = bytearray(ZIPPED)
    for place, byte in flips:
        data[place] = byte
    path = tmp_path / "flipped.eval"
    path.write_bytes(data)
    is_inspect(path)
    attempt(path)


@quick
@given(place=st.integers(0, len(PLAIN) - 40), junk=st.binary(min_size=1, max_size=40))
def test_a_json_log_with_other_bytes(tmp_path: Path, place: int, junk: bytes) -> None:
    path = tmp_path / "flipped.json"
    path.write_bytes(PLAIN[:place] + junk + PLAIN[place + len(junk) :])
    is_inspect(path)
    attempt(path)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = (
    "id",
    "epoch",
    "input",
    "target",
    "messages",
    "output",
    "scores",
    "metadata",
    "model_usage",
    "error",
    "limit",
)


@quick
@given(members=st.dictionaries(st.sampled_from(MEMBERS), values), head=st.dictionaries(st.sampled_from(
    ["eval", "results", "plan", "status"]), values))  # fmt: skip
def test_samples_and_headers_of_any_shape(tmp_path: Path, members: dict[str, Any], head: dict[str, Any]) -> None:
    entry = json.dumps({"id": 1, "epoch": 1, **members}).encode()
    path = zipped(
        tmp_path / "odd.eval",
        {"header.json": json.dumps({**HEADER, **head}).encode(), "samples/1_epoch_1.json": entry},
    )
    attempt(path)
    (tmp_path / "odd.json").write_text(json.dumps({**HEADER, **head, "samples": [{"id": 1, **members}]}))
    attempt(tmp_path / "odd.json")


@quick
@given(document=st.dictionaries(st.text(max_size=8), values, max_size=5), rows=st.lists(values, max_size=5),
       chunk=st.integers(1, 9), indent=st.none() | st.integers(0, 3), spaces=st.booleans())  # fmt: skip
def test_pieces_are_those_of_the_whole(
    document: dict[str, Any], rows: list[Any], chunk: int, indent: int | None, spaces: bool
) -> None:
    document = {**document, "samples": rows}
    text = json.dumps(document, indent=indent, ensure_ascii=spaces).encode("utf-8", "surrogatepass")
    before, inspect_stream._CHUNK = inspect_stream._CHUNK, chunk
    try:
        found = list(JsonPieces(io.BytesIO(text), Path("x")).members(apart="samples"))
    finally:
        inspect_stream._CHUNK = before
    repeated = [json.dumps(json.loads(piece)) for name, piece in found if name == "samples"]
    assert repeated == [json.dumps(row) for row in rows]
    assert len(found) == len(document) - 1 + len(rows)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    zstd = pytest.importorskip("backports.zstd.zipfile", reason="zstandard entries need the extra logs")
    path = tmp_path / "bomb.eval"
    with zstd.ZipFile(path, "w", 93) as archive:
        archive.writestr("header.json", json.dumps(HEADER))
        archive.writestr("samples/s_epoch_1.json", b" " * 100_000_000)
    assert path.stat().st_size < 20_000
    [log] = read_logs(path)
    tracemalloc.start()
    with pytest.raises(UsageError, match="unpacks to") as caught:
        list(log.rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "samples/s_epoch_1.json" in (caught.value.where or "")
    assert peak < 20_000_000


def test_a_bomb_that_lies_about_its_size_is_stopped_too(tmp_path: Path) -> None:
    path = logged(tmp_path / "liar.eval", sample(metadata={"pad": "x" * 30_000_000}))
    data = bytearray(path.read_bytes())
    true = (30_000_000 + len(sample(metadata={"pad": ""}))).to_bytes(4, "little")
    assert data.count(true) == 2
    path.write_bytes(data.replace(true, (1000).to_bytes(4, "little")))
    with pytest.raises(UsageError):
        list(read_inspect(path)[0].rows())


def test_more_than_the_limit_is_not_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "large.eval", {"samples/s_epoch_1.json": sample()})
    with zips.open_zip(path) as archive, pytest.raises(UsageError, match="10 are taken"):
        zips.read_entry(archive, path, "samples/s_epoch_1.json", limit=10)


def test_a_table_of_contents_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "many.eval", {f"samples/{n}_epoch_1.json": b"{}" for n in range(500)})
    monkeypatch.setattr(zips, "MOST_DIRECTORY", 10_000)
    with pytest.raises(UsageError, match="table of contents"), zips.open_zip(path):
        pass


def test_names_that_climb_out_of_the_zip_write_nothing(tmp_path: Path) -> None:
    inside = tmp_path / "deep" / "er"
    inside.mkdir(parents=True)
    names = ["samples/../../../up_epoch_1.json", "/etc/x", "..\\..\\y", "samples/a\x00b_epoch_2.json"]
    path = zipped(
        inside / "climb.eval", {"header.json": json.dumps(HEADER).encode()} | dict.fromkeys(names, sample())
    )
    before = sorted(tmp_path.rglob("*"))
    assert [row.item_id for row in read_inspect(path)[0].rows()][:1] == ["s"]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_json_without_a_floor(tmp_path: Path, opening: bytes, closing: bytes) -> None:
    deep = opening * 200_000 + b"1" + closing * 200_000
    path = logged(tmp_path / "deep.eval", b'{"id":1,"store":' + deep + b"}")
    with pytest.raises(UsageError, match="nested too deep"):
        list(read_inspect(path)[0].rows())
    plain = tmp_path / "deep.json"
    plain.write_bytes(json.dumps(HEADER)[:-1].encode() + b',"samples":[{"id":1,"store":' + deep + b"}]}")
    with pytest.raises(UsageError, match="nested too deep"):
        list(read_inspect(plain)[0].rows())


def test_foreign_encodings_are_not_taken_for_logs(tmp_path: Path) -> None:
    path = tmp_path / "wide.json"
    path.write_bytes(PLAIN.decode().encode("utf-16"))
    with pytest.raises(UsageError, match="looked for"):
        read_logs(path)
    path.write_bytes(b"\xef\xbb\xbf" + PLAIN)
    assert len(list(read_logs(path)[0].rows())) == 16


def test_half_a_surrogate_pair_does_not_reach_a_report(tmp_path: Path) -> None:
    head = json.dumps(HEADER)[:-1].encode()
    path = tmp_path / "half.json"
    path.write_bytes(head + b',"samples":[{"id":"\\ud83d","input":"\\ud83d\\ude00 \\ud800","target":NaN}]}')
    with pytest.raises(UsageError):
        list(read_inspect(path)[0].rows())
    path.write_bytes(head + b',"samples":[{"id":"\\ud83d","input":"\\ud83d\\ude00 \\ud800","total_time":NaN}]}')
    [row] = read_inspect(path)[0].rows()
    assert row.question == "\N{GRINNING FACE} ?"
    row.item_id.encode()
    assert row.latency is None


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """32 MB of JSON, and as much in a zip: 100 samples of 320 kB."""
    events = [{"event": "model", "text": f"{n} " + "lorem ipsum " * 8} for n in range(2_400)]
    body = sample(scores={"match": {"value": "C"}}, events=events)
    assert len(body) > 250_000
    plain = tmp_path / "large.json"
    plain.write_bytes(json.dumps(HEADER)[:-1].encode() + b',"samples":[' + b",\n".join([body] * 100) + b"]}")
    head = {"header.json": json.dumps(HEADER).encode()}
    packed = zipped(tmp_path / "large.eval", head | {f"samples/{n}_epoch_1.json": body for n in range(100)})
    for path in (plain, packed):
        tracemalloc.start()
        [log] = read_inspect(path)
        assert sum(1 for _ in log.rows()) == 100
        assert tracemalloc.get_traced_memory()[1] < 8_000_000, path
        tracemalloc.stop()
