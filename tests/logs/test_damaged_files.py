"""Whatever is done to a file, reading it gives rows or one clear error, in little time and memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logs.samples import annotation, answer, gsm, output, pair, question, single, write_array, write_lines
from weighbridge.errors import UsageError
from weighbridge.logs import json_records
from weighbridge.logs.readers import reader_of
from weighbridge.logs.recognise import read_logs

WHOLE: dict[str, tuple[str, bytes]] = {}


def _lines(elements: list[dict]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in elements).encode()


WHOLE["annotations"] = ("alpaca_eval", json.dumps([annotation(n, 1.5) for n in range(3)]).encode())
WHOLE["outputs"] = ("alpaca_eval", json.dumps([output(n) for n in range(3)]).encode())
WHOLE["zeroeval"] = ("zeroeval", json.dumps([gsm(n, '{"answer": "3"}') for n in range(3)]).encode())
WHOLE["single"] = ("mt_bench", _lines([single(n, 1, 7) for n in range(3)]))
WHOLE["pair"] = ("mt_bench", _lines([pair(n, ("a", "b"), ("tie", "model_1")) for n in range(3)]))
WHOLE["answers"] = ("mt_bench", _lines([answer(n) for n in range(3)]))


def read_all(path: Path, reader: str | None = None) -> int:
    """Rows read; 0 where the file was refused with an error of ours."""
    refused: UsageError | None = None
    try:
        return sum(1 for log in read_logs(path, reader) for _ in log.rows())
    except UsageError as error:
        refused = error
    assert refused.what
    assert refused.where
    assert refused.fix
    return 0


@pytest.mark.parametrize("name", WHOLE)
def test_the_whole_file_is_recognised_and_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file.dat"
    path.write_bytes(WHOLE[name][1])
    assert {log.format for log in read_logs(path)} == {WHOLE[name][0]}
    assert read_all(path) >= 3
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE[name][1])
    assert read_all(path) >= 3, "a byte order mark is passed over"


@pytest.mark.parametrize("name", WHOLE)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_gives_rows_or_one_clear_error(name: str, tmp_path: Path, data: st.DataObject) -> None:
    reader, whole = WHOLE[name]
    broken = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(broken)))
        broken[place : place + data.draw(st.integers(0, 9))] = data.draw(
            st.sampled_from(
                [b"", b"null", b"NaN", b"1e999", b"\xff", b"\\ud800", b"\x00", b"[[[[", b'"', b"-7", b"{}"]
            )
        )
    path = tmp_path / "broken"
    path.write_bytes(broken)
    read_all(path)
    read_all(path, reader)


@pytest.mark.parametrize("reader", ["alpaca_eval", "zeroeval", "mt_bench"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"[]",
        b"null",
        b"[" * 200_000,
        b'[{"a":' * 50_000,
        b'{"question_id":' + b"[" * 200_000,
        '[{"instruction": "é"}]'.encode("utf-16"),
        b'[{"instruction": "x", "output_1": "", "output_2": "", "preference": NaN}]',
        b'[{"session_id": "x", "output": ["x"], "generator": "m"}',
        b'{"question_id": 1, "model": "m", "judge": [], "score": 1e308}\n',
        b'{"question_id": 1, "model": "m", "judge": [], "score": 5, "turn": 99999999999999999999}\n',
    ],
)
def test_hostile_files_are_refused_in_words(reader: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(content)
    read_all(path)
    read_all(path, reader)


def test_a_line_without_end_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "LONGEST_LINE", 1000)
    path = write_lines(tmp_path / "x", [single(1, 1, 3), {**single(1, 2, 3), "judgment": "x" * 2000}])
    with pytest.raises(UsageError, match="the line is longer"):
        read_logs(path, "mt_bench")


def test_an_array_too_large_to_hold_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "LARGEST_ARRAY", 1000)
    with pytest.raises(UsageError, match="larger than"):
        read_logs(write_array(tmp_path / "x", [annotation(n, 1.5) for n in range(9)]))


def test_a_first_record_longer_than_the_first_look_is_still_recognised(tmp_path: Path) -> None:
    path = write_array(tmp_path / "x", [{**annotation(1, 1.5), "output_2": "é" * 200_000}, annotation(2, 1.5)])
    assert reader_of("alpaca_eval").recognise(path)
    assert not reader_of("zeroeval").recognise(path)
    assert not reader_of("mt_bench").recognise(path)


def test_questions_alone_are_no_log(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "question.jsonl", [question(81)])
    assert not reader_of("mt_bench").recognise(path)
