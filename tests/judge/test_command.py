"""`weighbridge judge`, from a table, from a project's store, and with what a user can get wrong."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from judge.test_judging import answers

HERE = Path(__file__).resolve().parent


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-m", "weighbridge", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "judges.py").write_text((HERE / "judges.py").read_text())
    given = answers(60)
    with (tmp_path / "answers.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["item_id", "model", "answer", "question", "cost"])
        for (model, item), text in given.texts.items():
            rows.writerow([item, model, text, given.questions[item], 0.01])
    return tmp_path


def test_a_table_is_judged_and_weighed(folder: Path) -> None:
    with (folder / "humans.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["item_id", "model", "score"])
        rows.writerows([f"q{number}", "new", number % 2] for number in range(20))
    done = command(
        folder,
        *("judge", "answers.csv", "--judge", "python:judges.likes_the_first", "--against", "old"),
        *("--out", "judged.csv", "--json", "judgement.json", "--humans", "humans.csv", "--price-request", "0.01"),
    )
    assert done.returncode == 0, done.stderr
    for words in ("favours the answer that stands first", "won/tied/lost", "Krippendorff", "on the human scale new"):
        assert words in " ".join(done.stdout.split())
    tree = json.loads((folder / "judgement.json").read_text())
    assert tree["replies"]["made"] > 60
    assert tree["replies"]["spent"] == pytest.approx(tree["replies"]["made"] * 0.01)
    assert len(tree["scores"]) == 120
    rows = list(csv.DictReader((folder / "judged.csv").open(newline="")))
    assert {row["cost"] for row in rows} == {"0.01"}
    weighed = command(folder, "compare", "judged.csv")
    assert weighed.returncode in (0, 3), weighed.stderr


def test_a_projects_answers_are_judged_without_asking_the_candidates(folder: Path) -> None:
    (folder / "items.csv").write_text(
        "id,question,answer\n" + "".join(f"{n},What is {n}+1?,{n + 1}\n" for n in range(12))
    )
    (folder / "rules.py").write_text(
        "def good(item):\n    return f'quality=5 {item.id}'\n\n\ndef bad(item):\n    return f'quality=1 {item.id}'\n"
    )
    (folder / "weighbridge.yaml").write_text(
        "data: {path: items.csv, reference: answer}\nscorer: contains\nprompt: {user: '{{ question }}'}\n"
        "candidates:\n  - {model: python:rules.good, name: good}\n  - {model: python:rules.bad, name: bad}\n"
    )
    early = command(folder, "judge", "weighbridge.yaml", "--judge", "python:judges.fair", "--against", "bad")
    assert early.returncode != 0
    ran = command(folder, "run", "-q")
    assert ran.returncode in (0, 3), ran.stderr
    done = command(folder, "judge", "weighbridge.yaml", "--judge", "python:judges.fair", "--against", "bad")
    assert done.returncode == 0, done.stderr
    assert "100.0%" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["answers.csv", "--judge", "python:judges.fair", "--against", "odl"], "did you mean 'old'?"),
        (["none.csv", "--judge", "python:judges.fair"], "answers.csv"),
        (["answers.csv", "--judge", "pythn:judges.fair"], "python"),
        (["answers.csv", "--judge", "python:judges.fair", "--rubric", "@none.txt"], "none.txt"),
        (["answers.csv", "--judge", "python:judges.fair", "--out", "no/where.csv"], "no/where.csv"),
        (["answers.csv", "--judge", "python:judges.fair", "--humans", "answers.csv"], "no column 'score'"),
    ],
)
def test_mistakes_are_told(folder: Path, arguments: list[str], words: str) -> None:
    done = command(folder, "judge", *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_vendors_judge_is_kept_to_its_budget_by_its_known_price(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-a-test")
    budget = ("--budget-money", "0.000001")
    held = command(folder, "judge", "answers.csv", "--judge", "openai:gpt-4o-mini", "--against", "old", *budget)
    # Not one call fits, so none is sent; a model without a known price cannot be held to money at all and is refused.
    assert "the judge's budget" in held.stderr
    unknown = command(folder, "judge", "answers.csv", "--judge", "openai:nobody-1", "--against", "old", *budget)
    assert "price" in unknown.stderr
