"""`weighbridge rate` from the command line: an address, votes, Ctrl-C, and on again."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from rate.test_votes import answers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    given = answers(5)
    with (tmp_path / "answers.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["item_id", "model", "answer", "question"])
        for (model, item), text in given.texts.items():
            rows.writerow([item, model, text, given.questions[item]])
    return tmp_path


def session(folder: Path, votes: list[str], *more: str) -> str:
    """Votes in a session of its own, ends it with Ctrl-C, and gives what it printed."""
    command = [sys.executable, "-u", "-m", "weighbridge", "rate", "answers.csv", *more]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        printed = ""
        while not (found := re.search(r"http://\S+", printed)):
            line = process.stdout.readline()
            assert line, printed
            printed += line
        for vote in votes:
            with urllib.request.urlopen(f"{found[0]}state") as reply:  # noqa: S310 - the page's own address
                ballot = json.load(reply)["ballot"]["id"]
            body = json.dumps({"ballot": ballot, "vote": vote}).encode()
            asked = urllib.request.Request(f"{found[0]}vote", body, {"Content-Type": "application/json"})  # noqa: S310 - the same
            with urllib.request.urlopen(asked) as reply:  # noqa: S310 - the same
                assert reply.status == 200
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=120)
        assert process.returncode == 0, printed + rest
        return printed + rest
    finally:
        process.kill()
        process.wait()


def test_a_session_that_is_taken_up_again(folder: Path) -> None:
    first = session(folder, ["left", "right", "bad"])
    assert "5 comparisons, 0 of them done" in first
    assert "open-7b" not in first.split("open http")[0]
    assert "3 of 5 compared; left was better 1 times, right 1" in first
    again = session(folder, ["tie", "left"])
    assert "5 comparisons, 3 of them done" in again
    assert "5 of 5 compared" in again
    done = subprocess.run(
        [sys.executable, "-m", "weighbridge", "compare", "preferences.csv"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 3), done.stderr
    assert "open-7b" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["answers.csv", "--models", "open-7b,closed"], "did you mean 'closed-xl'?"),
        (["answers.csv", "--out", "answers.csv"], "did not make"),
        (["answers.csv", "--out", "no/p.csv"], "no/p.csv"),
        (["none.csv"], "answers.csv"),
        (["answers.csv", "--column", "question"], "ROLE=NAME"),
    ],
)
def test_mistakes_are_told(folder: Path, arguments: list[str], words: str) -> None:
    before = (folder / "answers.csv").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "weighbridge", "rate", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert (folder / "answers.csv").read_bytes() == before
