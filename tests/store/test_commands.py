"""`weighbridge store ...` as a user meets it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from weighbridge.cli.main import main
from weighbridge.cli.store_options import moment
from weighbridge.cli.store_view import short
from weighbridge.errors import UsageError
from weighbridge.store import Answer, Selection, Source, open_store

Run = Callable[..., tuple[int, str, str]]
LONG = "https://a-rather-long-host-name.example.org:8443/some/path/v1#an-organisation/a-model-with-a-long-name-70b"


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs ``weighbridge store WORDS`` in `tmp_path`; exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEIGHBRIDGE_STORE", raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["store", *words])
        out, err = (part.decode() for part in capsysbinary.readouterr())
        assert "Traceback" not in err
        assert len(err.splitlines()) <= 24
        return int(ended.value.code or 0), out, err

    return call


@pytest.fixture
def filled(tmp_path: Path, answer: Callable[..., Answer]) -> Path:
    """A store at ``answers.db`` with three sources; the first one's answers are 40 days old."""
    path = tmp_path / "answers.db"
    old = time.time() - 40 * 86_400
    far = Source("a-candidate-with-quite-a-long-name", LONG, task="routing")
    rule = Source("rule", "python:mine.rule", task="extraction", simulated=True)
    with open_store(path) as store:
        asyncio.run(store.put_many([msgspec.structs.replace(answer(n), written=old + n) for n in range(30)]))
        asyncio.run(store.put_many([answer(n, source=far) for n in range(20)]))
        asyncio.run(store.put_many([answer(n, source=rule, text="\x1b[2J[bold]x[/bold] grüß") for n in range(10)]))
    return path


def test_list(run: Run, filled: Path) -> None:
    code, out, _ = run("list", "--store", "answers.db")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "60 answers" in out
    for name in ("routing", "extraction", "small", "rule", "(simulated)"):
        assert name in out
    assert "70b" in out, "long names are folded, not cut"
    assert "…" not in out
    code, out, _ = run("list", "--store", "answers.db", "--candidate", "small", "--json")
    [group] = json.loads(out)
    assert (group["answers"], group["items"], group["model"]) == (30, 30, "http://127.0.0.1:1/v1#small")
    assert group["cost"] == pytest.approx(6 * 0.010)
    assert run("list", "--store", "answers.db", "--newer-than", "1d")[1].count("small") == 0


def test_the_store_is_found(run: Run, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = run("list")
    assert code == 2
    assert ".weighbridge/answers.db" in err
    assert "no store here" in err
    (tmp_path / "weighbridge.yaml").write_text("store: answers.db\n")
    assert "60 answers" in run("list")[1]
    (tmp_path / "weighbridge.yaml").write_text("store: [\n")
    code, _, err = run("list")
    assert code == 2
    assert "weighbridge.yaml:" in err
    monkeypatch.setenv("WEIGHBRIDGE_STORE", str(filled))
    assert "60 answers" in run("list")[1]


def test_show(run: Run, filled: Path, answer: Callable[..., Answer]) -> None:
    code, out, _ = run("show", "item-3", "--store", "answers.db")
    assert code == 0
    assert out.count("item item-3") == 3
    assert "\x1b" not in out
    assert "[bold]x[/bold] grüß" in out
    assert "answer 3 x" in out
    code, out, _ = run("show", answer(7).key.hex()[:12], "--store", "answers.db")
    assert "item item-7, small" in out
    assert run("show", "*", "--limit", "5", "--store", "answers.db")[1].count("finish stop") == 5
    code, _, err = run("show", "nothing", "--store", "answers.db")
    assert code == 2
    assert "nothing" in err
    code, _, err = run("show", "item-3", "--candidate", "smal", "--store", "answers.db")
    assert code == 2
    assert "did you mean 'small'?" in err


def test_export(run: Run, filled: Path, tmp_path: Path) -> None:
    code, out, _ = run("export", "--store", "answers.db", "--candidate", "rule", "--format", "csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["item_id"] for row in rows] == [f"item-{n}" for n in range(10)]
    code, out, _ = run("export", "--store", "answers.db", "--out", "all.jsonl")
    assert out == "60 answers written to all.jsonl\n"
    assert len((tmp_path / "all.jsonl").read_text().splitlines()) == 60
    code, _, err = run("export", "--store", "answers.db", "--out", "all.jsonl")
    assert code == 2
    assert "--replace" in err
    code, _, err = run("export", "--store", "answers.db", "--out", "all.xls")
    assert code == 2
    assert ".parquet" in err


def test_prune(run: Run, filled: Path) -> None:
    code, _, err = run("prune", "--store", "answers.db")
    assert code == 2
    assert "nothing is chosen" in err
    code, out, _ = run("prune", "--store", "answers.db", "--older-than", "30d")
    assert code == 0
    assert "would delete 30 answers" in out
    assert "--yes" in out
    with open_store(filled, readonly=True) as store:
        assert sum(group.answers for group in store.groups()) == 60
    code, out, _ = run("prune", "--store", "answers.db", "--older-than", "30d", "--yes")
    assert "deleted 30 answers" in out
    assert "nothing to delete" in run("prune", "--store", "answers.db", "--older-than", "30d", "--yes")[1]
    code, _, err = run("prune", "--store", "answers.db", "--model", LONG[:-1], "--yes")
    assert code == 2
    assert LONG in err.replace("\n", "").replace(" ", "")
    assert "deleted 20" in run("prune", "--store", "answers.db", "--model", "*70b", "--yes")[1]
    assert "deleted 10" in run("prune", "--store", "answers.db", "--all", "--yes")[1]
    assert "no answers in" in run("list", "--store", "answers.db")[1]


def test_check_and_recover(run: Run, filled: Path, tmp_path: Path) -> None:
    assert run("check", "--store", "answers.db")[1] == "sound: 60 answers in answers.db\n"
    raw = filled.read_bytes()
    at = raw.index(b"answer 11 ")
    filled.write_bytes(raw.replace(raw[at : at + 9], b"ANSWER 11", 1))
    code, _, err = run("check", "--store", "answers.db")
    assert code == 5
    assert "59 answers are whole, 1 are not" in err
    command = "weighbridge store recover --store answers.db --out answers-recovered.db"
    assert command in " ".join(err.split())
    code, out, _ = run(*command.split()[2:])
    assert code == 0
    assert "59 answers brought over" in out
    assert "1 were found but are not whole" in out
    assert run("check", "--store", "answers-recovered.db")[1].startswith("sound: 59")
    assert run("recover", "--store", "answers.db", "--out", "answers-recovered.db")[0] == 2


@pytest.mark.parametrize("command", ["list", "check", "export", "show x", "prune --all --yes"])
def test_bad_files_are_told_by_every_command(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "notes.txt").write_text("not a database\n" * 20)
    for name, code in (("notes.txt", 5), ("absent.db", 2), (".", 2), ("postgres://h/d", 2)):
        ended, out, err = run(*command.split(), "--store", name)
        assert ended == code, err
        assert not out
        assert "fix:" in err


def test_ages() -> None:
    now = time.time()
    for written, seconds in (("45m", 2_700), ("12h", 43_200), ("1.5d", 129_600), ("2w", 1_209_600)):
        assert moment(written, "--older-than") == pytest.approx(now - seconds, abs=5)
    assert moment("2026-01-31", "x") == 1769817600
    assert moment("2026-01-31T01:00+01:00", "x") == 1769817600
    assert moment(None, "x") is None
    with pytest.raises(UsageError, match="neither an age nor a date"):
        moment("a month", "--older-than")


def test_counts_are_short() -> None:
    counts = [0, 7, 999, 1_000, 12_345, 999_499, 999_600, 4_100_000, 123_456_789, None]
    assert [short(n) for n in counts] == [
        *("0", "7", "999", "1.0k", "12.3k", "999k", "1.0M", "4.1M", "123M", "-"),
    ]


def test_a_store_being_written_can_be_looked_at(run: Run, filled: Path, answer: Callable[..., Answer]) -> None:
    with open_store(filled) as store:
        asyncio.run(store.put(answer(100)))
        assert "61 answers" in run("list", "--store", "answers.db")[1]
        assert run("check", "--store", "answers.db")[1].startswith("sound: 61")
        assert store.prune(Selection(item="item-100")) == 1
