from __future__ import annotations

import csv
from pathlib import Path

import pytest

import weighbridge
from report.sample import hostile
from weighbridge.errors import UsageError
from weighbridge.report.rerun import write_project

TEAMS = ("billing", "shipping", "technical")


def table(path: Path, *, texts: bool = True) -> Path:
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["item_id", "model", "score", "cost", "side"] + (["answer", "question", "reference"] * texts))
        for n in range(90):
            right = TEAMS[n % 3]
            for model, side, wrong in (("good", "open", n % 15 == 0), ("weak", "closed", n % 2 == 0)):
                answer = TEAMS[(n + 1) % 3] if wrong else right
                held = [answer, f"Ticket {n}: {{{{ braces }}}}", right] if texts else []
                rows.writerow([f"t{n}", model, int(not wrong), 0.001, side, *held])
    return path


def test_the_project_gives_the_same_verdict_again(tmp_path: Path) -> None:
    first = weighbridge.compare_scores(table(tmp_path / "scores.csv"), seed=3)
    write_project(first, tmp_path / "again.yaml")
    again = weighbridge.compare(tmp_path / "again.yaml", store=tmp_path / "answers.db", claim="pool", epsilon=0)
    assert again.verdict.candidates == first.verdict.candidates == ["good"]
    assert again.seed == 3
    assert {one.name: one.side for one in again.candidates} == {"good": "open", "weak": "closed"}
    result = {one.name: one for one in again.candidates}["good"]
    assert result.cost_per_1000 == pytest.approx(1.0)
    assert "http://" in (tmp_path / "again.yaml").read_text()


def test_every_item_scores_as_it_did(tmp_path: Path) -> None:
    first = weighbridge.compare_scores(table(tmp_path / "scores.csv"))
    write_project(first, tmp_path / "again.yaml")
    again = weighbridge.compare(tmp_path / "again.yaml", store=tmp_path / "a.db")
    assert first.evidence is not None
    assert again.evidence is not None
    place = {item: n for n, item in enumerate(again.evidence.items)}
    for k in range(2):
        for n, item in enumerate(first.evidence.items):
            if again.evidence.asked[k, place[item]]:
                assert again.evidence.score[k, place[item]] == first.evidence.score[k, n]


def test_scores_without_texts_cannot_be_run_again(tmp_path: Path) -> None:
    decision = weighbridge.compare_scores(table(tmp_path / "scores.csv", texts=False))
    with pytest.raises(UsageError, match="no questions and no references and no answers"):
        write_project(decision, tmp_path / "again.yaml")
    assert not (tmp_path / "again.yaml").exists()


def test_hostile_texts_can_be_written(tmp_path: Path) -> None:
    base = hostile()
    write_project(base.decision.carrying(base.evidence), tmp_path / "again.yaml")
    assert (tmp_path / "again.yaml").stat().st_size > 100


@pytest.mark.parametrize(
    ("answer", "scorer"),
    [("{}", "exact"), ("The team is {}, I think.", "contains"), ("no such thing", None)],
)
def test_the_scorer_is_the_one_that_gives_the_scores_again(answer: str, scorer: str | None, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["item_id", "model", "score", "answer", "question", "reference"])
        for n in range(60):
            for model, right in (("a", n % 3 > 0), ("b", n % 4 > 0)):
                word = f"word{n}" if right else f"other{n}"
                rows.writerow([n, model, int(right), answer.format(word), f"question {n}", f"word{n}"])
    write_project(weighbridge.compare_scores(path), tmp_path / "again.yaml")
    text = (tmp_path / "again.yaml").read_text()
    assert (f"scorer: {scorer}\n" in text) if scorer else "No scorer is named" in text
