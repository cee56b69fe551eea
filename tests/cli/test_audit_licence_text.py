"""`weighbridge audit licence-text`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from kestrel_licence import KESTREL
from weighbridge.cli.main import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "kestrel.txt").write_text(KESTREL)
    (tmp_path / "LICENSE").write_text(KESTREL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["audit", "licence-text", *arguments])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


def test_a_true_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "LICENSE", "--texts", "texts")
    assert code == 0
    assert "LICENSE: kestrel, complete and unchanged" in out
    assert "Not legal advice" in out


def test_an_altered_text_shows_where_and_fits_the_screen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = KESTREL.replace("400 million", "4 million").replace(
        "4. No promises", "Use in weapons is banned.\n\n4. No promises"
    )
    (folder / "LICENSE").write_text(
        text.replace("    (c) Files that you changed must say that you changed them.\n", "")
    )
    code, out, _ = ran(capsys, "LICENSE", "--texts", "texts")
    assert code == 4
    assert "modified kestrel: unknown duties, 3 sentences differ" in out
    assert "Use in weapons is banned" in out
    assert "3.c: sets a duty" in out
    assert "[number]" in out
    assert all(len(line) <= 84 for line in out.splitlines())


def test_json_and_standard_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Given:
        buffer = io.BytesIO(KESTREL[:600].encode())

    monkeypatch.setattr("sys.stdin", Given())
    code, out, _ = ran(capsys, "-", "--texts", "texts", "--json")
    assert code == 4
    said = json.loads(out)
    assert said["status"] == "incomplete"
    assert said["intact"] is False
    assert said["candidates"][0]["key"] == "kestrel"
    assert said["missing"]


def test_what_is_no_licence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("notes.txt").write_text("Birds were counted on four mornings in May.")
    code, out, _ = ran(capsys, "notes.txt")
    assert code == 4
    assert "no licence that is known" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere",), "No such file"),
        (("texts",), "this is a folder"),
        (("LICENSE", "--texts", "nowhere"), "no such folder or file of licence texts"),
    ],
)
def test_bad_input_is_one_screen(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    code, _, err = ran(capsys, *arguments)
    assert code == 2
    assert says in err
    assert "fix:" in err
    assert "Traceback" not in err
