"""The registry of formats, and what is said where none or several fit."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.logs import recognise as recognising
from weighbridge.logs.log import Log, Reader, Row, Settings
from weighbridge.logs.readers import MODULES, reader_of, readers
from weighbridge.logs.recognise import read_logs


def lines(name: str, mark: str) -> Reader:
    """A real format for this test: a file whose first line is `mark`, then a score per line."""

    def recognise(path: Path) -> bool:
        return path.is_file() and path.read_text().startswith(mark)

    def read(path: Path) -> list[Log]:
        scores = path.read_text().splitlines()[1:]
        rows = [Row(str(n), float(score)) for n, score in enumerate(scores)]
        return [Log(path, name, path.stem, lambda: iter(rows), Settings())]

    return Reader(name, f"{name} scores", f"a first line {mark!r}", recognise, read)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> dict[str, Reader]:
    known = {"plain": lines("plain", "scores"), "fancy": lines("fancy", "scores!")}
    monkeypatch.setattr(recognising, "readers", lambda: known)
    monkeypatch.setattr(recognising, "reader_of", known.__getitem__)
    return known


def test_every_module_that_is_there_gives_a_reader() -> None:
    there = [name for name in MODULES if importlib.util.find_spec(f"weighbridge.logs.{name}")]
    assert len(readers()) == len(there)
    assert "inspect" in readers()
    for name, reader in readers().items():
        assert reader.name == name
        assert reader.title
        assert reader.looks_for
        assert reader_of(name) is reader


def test_no_reader_is_loaded_before_it_is_wanted() -> None:
    code = (
        "import sys, weighbridge.logs.recognise; print([m for m in sys.modules if 'inspect_r' in m or 'helm' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_misspelt_format_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match="'inspct'") as caught:
        reader_of("inspct")
    assert caught.value.fix == "did you mean 'inspect'?"


def test_a_file_of_no_known_format_says_what_was_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "notes.eval"
    path.write_text("dear diary")
    with pytest.raises(UsageError) as caught:
        read_logs(path)
    for reader in readers().values():
        assert reader.looks_for in caught.value.what
    assert caught.value.where == str(path)
    with pytest.raises(UsageError, match="no log of a known format is in this folder"):
        read_logs(tmp_path)


def test_a_zip_that_is_no_log_or_half_of_one_is_asked_after(tmp_path: Path) -> None:
    path = tmp_path / "half.eval"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(UsageError) as caught:
        read_logs(path)
    assert "whole" in (caught.value.fix or "")


def test_no_file_and_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "run.eval").touch()
    with pytest.raises(UsageError, match="no such file") as caught:
        read_logs(tmp_path / "rum.eval")
    assert caught.value.fix == "did you mean 'run.eval'?"
    with pytest.raises(UsageError, match="the file is empty"):
        read_logs(tmp_path / "run.eval")


def test_what_two_formats_claim_is_asked_back(tmp_path: Path, two: dict[str, Reader]) -> None:
    path = tmp_path / "x"
    path.write_text("scores!\n1\n")
    with pytest.raises(UsageError, match="plain scores or fancy scores") as caught:
        read_logs(path)
    assert caught.value.fix == "say which: format=plain or format=fancy"
    assert read_logs(path, "fancy")[0].format == "fancy"


def test_a_folder_gives_the_logs_in_it_and_passes_the_rest_over(tmp_path: Path, two: dict[str, Reader]) -> None:
    for name, text in {"b": "scores\n1\n", "a": "scores\n0\n", "readme": "hello", ".hidden": "scores\n1\n"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "empty").mkdir()
    assert [log.model for log in read_logs(tmp_path)] == ["a", "b"]


def test_what_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    known = {"plain": Reader("plain", "plain", "anything", refuse, lambda path: [])}
    monkeypatch.setattr(recognising, "readers", lambda: known)
    with pytest.raises(UsageError, match="Permission denied"):
        read_logs(tmp_path)
