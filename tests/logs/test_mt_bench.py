from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from logs.samples import answer, pair, question, single, write_lines
from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.recognise import read_logs
from weighbridge.logs.table import evidence_of


def bench(folder: Path) -> Path:
    write_lines(folder / "question.jsonl", [question(81), question(82, category="writing", reference=None)])
    write_lines(folder / "model_answer" / "vicuna-13b.jsonl", [answer(81), answer(82)])
    write_lines(folder / "model_answer" / "claude.jsonl", [answer(81, "claude"), answer(82, "claude")])
    return folder


RATINGS = {("vicuna-13b", 81): (8, 5), ("vicuna-13b", 82): (9, -1), ("claude", 81): (10, 9.5), ("claude", 82): (7, 7)}


def rated(folder: Path) -> Path:
    lines = [
        single(number, turn, rating, model)
        for (model, number), ratings in RATINGS.items()
        for turn, rating in enumerate(ratings, start=1)
    ]
    write_lines(folder / "model_judgment" / "gpt-4_single.jsonl", lines)
    return folder


def test_a_rating_is_a_tenth_and_an_item_is_one_turn(tmp_path: Path) -> None:
    logs = read_logs(rated(bench(tmp_path)))
    assert [log.model for log in logs] == ["vicuna-13b", "claude"]
    rows = list(logs[0].rows())
    assert [(row.item_id, row.score) for row in rows] == [
        ("mtbench-81-turn1", 0.8),
        ("mtbench-81-turn2", 0.5),
        ("mtbench-82-turn1", 0.9),
        ("mtbench-82-turn2", None),
    ]
    assert logs[0].notes == ("1 of 4 judgements hold no rating and give no score.",)
    assert logs[0].settings.scorer == "gpt-4, ratings 1 to 10"
    assert rows[1].question == "And twice that?"
    assert rows[1].answer == "Then 164."
    assert rows[1].reference == "164"
    assert rows[1].cluster == "81"
    assert rows[0].meta == {"category": "math", "turn": "1"}
    # FastChat's show_result: the mean over all ratings but -1.
    ours = statistics.fmean(row.score for row in rows if row.score is not None)
    assert 10 * ours == pytest.approx(statistics.fmean([8, 5, 9]))


def test_the_turns_of_a_question_stand_together_in_the_table(tmp_path: Path) -> None:
    evidence, notes = evidence_of(read_logs(rated(bench(tmp_path))))
    assert evidence.items == ("mtbench-81-turn1", "mtbench-81-turn2", "mtbench-82-turn1")
    assert evidence.cluster is not None
    assert evidence.cluster.tolist() == [0, 0, 1]
    assert any("vicuna-13b lacks 1" in note for note in notes)


def test_judgements_stand_for_themselves_without_questions_and_answers(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x", [single(1, 1, 4), single(1, 1, 6)])
    rows = list(read_logs(path)[0].rows())
    assert [(row.score, row.repeat, row.question) for row in rows] == [(0.4, 0, None), (0.6, 1, None)]


def test_answers_without_judgements_can_be_scored_again(tmp_path: Path) -> None:
    logs = read_logs(bench(tmp_path))
    assert {log.model for log in logs} == {"vicuna-13b", "claude"}
    assert [row.score for row in logs[0].rows()] == [None] * 4
    assert all("score them again" in log.notes[0] for log in logs)
    (alone,) = read_logs(tmp_path / "model_answer" / "claude.jsonl")
    assert [row.question for row in alone.rows()][:2] == ["What is 81 + 1?", "And twice that?"]


def test_a_game_is_won_only_in_both_orders(tmp_path: Path) -> None:
    us = ("vicuna-13b", "claude")
    lines = [
        pair(1, us, ("model_1", "model_1")),
        pair(2, us, ("model_1", "model_2")),
        pair(3, us, ("tie", "tie")),
        pair(4, us, ("model_2", "model_2")),
        pair(5, us, ("error", "model_1")),
    ]
    logs = read_logs(write_lines(tmp_path / "x.jsonl", lines))
    scores = {log.model: [row.score for row in log.rows()] for log in logs}
    assert scores == {"vicuna-13b": [1.0, 0.5, 0.5, 0.0, None], "claude": [0.0, 0.5, 0.5, 1.0, None]}


def test_the_baseline_of_all_games_is_no_candidate(tmp_path: Path) -> None:
    lines = [pair(n, (model, "gpt-3.5"), ("model_1", "model_1")) for n in range(3) for model in ("a", "b")]
    logs = read_logs(write_lines(tmp_path / "x.jsonl", lines))
    assert [log.model for log in logs] == ["a", "b"]
    assert logs[0].settings.scorer == "gpt-4, pairwise against gpt-3.5"
    assert not logs[0].notes


def test_in_a_round_robin_games_are_repeats(tmp_path: Path) -> None:
    games = [("a", "b"), ("b", "c"), ("a", "c")]
    logs = read_logs(write_lines(tmp_path / "x.jsonl", [pair(1, two, ("model_1", "model_1")) for two in games]))
    assert {log.model: [(row.repeat, row.score) for row in log.rows()] for log in logs} == {
        "a": [(0, 1.0), (1, 1.0)],
        "b": [(0, 0.0), (1, 1.0)],
        "c": [(0, 0.0), (1, 0.0)],
    }
    assert "several opponents" in logs[0].notes[0]


def test_two_files_of_judgements_are_a_choice(tmp_path: Path) -> None:
    rated(bench(tmp_path))
    write_lines(tmp_path / "model_judgment" / "gpt-4_pair.jsonl", [pair(81, ("a", "b"), ("tie", "tie"))])
    with pytest.raises(UsageError, match="2 files of judgements"):
        read_logs(tmp_path)


def test_an_answer_that_never_came_has_failed(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "model_answer" / "m.jsonl", [answer(1, turns=["fine", "$ERROR$"])])
    rows = list(read_logs(path)[0].rows())
    assert [(row.status, row.answer) for row in rows] == [(Status.OK, "fine"), (Status.FAILED, None)]


def test_a_rating_off_the_scale_is_named_with_its_line(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl", [single(1, 1, 4), single(1, 2, 40)])
    (log,) = read_logs(path)
    with pytest.raises(UsageError) as caught:
        list(log.rows())
    assert caught.value.where == f"{path}:2"


def test_a_score_table_is_not_taken_for_judgements(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl", [{"question_id": "q", "model": "m", "judge": "j", "score": 1}])
    with pytest.raises(UsageError, match="not known"):
        read_logs(path)
