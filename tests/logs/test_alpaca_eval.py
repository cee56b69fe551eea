from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs.samples import annotation, output, write_array
from weighbridge.errors import UsageError
from weighbridge.logs.alpaca_eval import item_id, preference_score
from weighbridge.logs.figures import tallied
from weighbridge.logs.recognise import read_logs

PREFERENCES = [1.0, 2.0, 1.9900139974, 1.5, 0.0, None, 1.25]


def judged(path: Path, model: str = "open-7b") -> Path:
    return write_array(path, [annotation(n, preference, model) for n, preference in enumerate(PREFERENCES)])


def test_a_preference_is_a_score_from_0_to_1(tmp_path: Path) -> None:
    (log,) = read_logs(judged(tmp_path / "annotations.json"))
    rows = list(log.rows())
    assert [row.score for row in rows] == pytest.approx([0.0, 1.0, 0.9900139974, 0.5, 0.5, None, 0.25])
    assert (log.format, log.model, log.settings.metric) == ("alpaca_eval", "open-7b", "win_rate")
    assert log.settings.scorer == "weighted_judge against baseline-1"
    assert rows[1].question == "Explain point 1 of the agenda."
    assert rows[1].answer == "Point 1, said by open-7b."
    assert rows[1].meta == {"dataset": "helpful_base", "baseline": "baseline-1", "baseline_chars": "45"}
    assert rows[1].cost is None, "what the judge cost is not what the answer cost"
    assert log.notes == ("1 of 7 answers have no valid preference and no score.",)


@given(st.lists(st.one_of(st.none(), st.just(0.0), st.floats(0.5, 2.5)), min_size=1))
def test_the_mean_is_the_win_rate_by_alpaca_evals_rule(preferences: list[float | None]) -> None:
    """Its rule, from its documentation: 0 stands for 1.5, what is not in [1, 2] is dropped, win rate = mean - 1."""
    theirs = [1.5 if p == 0 else p for p in preferences if p is not None]
    theirs = [p - 1 for p in theirs if 1 <= p <= 2]
    ours = [s for s in map(preference_score, preferences) if s is not None]
    assert len(ours) == len(theirs)
    if ours:
        assert statistics.fmean(ours) == pytest.approx(statistics.fmean(theirs), abs=1e-12)


def test_one_instruction_has_one_id_in_every_file(tmp_path: Path) -> None:
    (first,) = read_logs(judged(tmp_path / "a.json"))
    (second,) = read_logs(write_array(tmp_path / "b.json", [output(n, "other") for n in range(7)]))
    assert [row.item_id for row in first.rows()] == [row.item_id for row in second.rows()]
    assert item_id("What are the names of some famous actors that started their careers on Broadway?") == (
        "alpacaeval-fb5e4d4705fb"
    )


def test_the_leaderboard_beside_the_annotations_is_what_the_log_reports(tmp_path: Path) -> None:
    path = judged(tmp_path / "open-7b" / "weighted_judge" / "annotations.json")
    (log, tally) = tallied(read_logs(path)[0])
    list(log.rows())
    rate = 100 * (0.0 + 1.0 + 0.9900139974 + 0.5 + 0.5 + 0.25) / 6
    board = f",win_rate,standard_error,n_total,mode\nopen-7b,{rate!r},1.5,6,community\nother,1.0,1.0,6,minimal\n"
    (path.parent / "leaderboard.csv").write_text(board, encoding="utf-8")
    (log, tally) = tallied(read_logs(path)[0])
    list(log.rows())
    assert log.reported == {"win_rate": rate, "standard_error": 1.5, "n_total": 6.0}
    assert tally.agrees is True
    (path.parent / "leaderboard.csv").write_text(board.replace(repr(rate), "61.2"), encoding="utf-8")
    (log, tally) = tallied(read_logs(path)[0])
    list(log.rows())
    assert tally.agrees is False


def test_a_result_folder_joins_judgements_and_outputs(tmp_path: Path) -> None:
    folder = tmp_path / "open-7b"
    write_array(folder / "model_outputs.json", [output(n) for n in range(7)])
    assert [row.score for row in read_logs(folder)[0].rows()] == [None] * 7
    judged(folder / "weighted_judge" / "annotations.json")
    (log,) = read_logs(folder)
    assert log.path.name == "annotations.json"
    judged(folder / "second_judge" / "annotations.json")
    with pytest.raises(UsageError, match=r"judged more than once: .*second_judge.*, .*weighted_judge"):
        read_logs(folder)


@pytest.mark.parametrize("place", ["{}/annotations.json", "{}/judge/annotations.json", "{}.json"])
def test_annotations_of_several_models_are_read_from_one_folder(tmp_path: Path, place: str) -> None:
    for model in ("a", "b"):
        judged(tmp_path / place.format(model), model)
    assert [log.model for log in read_logs(tmp_path)] == ["a", "b"]


def test_the_results_of_several_models_are_read_from_their_folder(tmp_path: Path) -> None:
    for model in ("a", "b"):
        write_array(tmp_path / model / "model_outputs.json", [output(n, model) for n in range(7)])
        judged(tmp_path / model / "weighted_judge" / "annotations.json", model)
    assert [log.model for log in read_logs(tmp_path)] == ["a", "b"]


def test_one_file_may_hold_several_models(tmp_path: Path) -> None:
    rows = [annotation(n, 1.0 + (model == "b"), model) for n in range(3) for model in ("a", "b")]
    logs = read_logs(write_array(tmp_path / "annotations.json", rows))
    assert {log.model: [row.score for row in log.rows()] for log in logs} == {"a": [0.0] * 3, "b": [1.0] * 3}


def test_what_is_wrong_is_named_with_its_element(tmp_path: Path) -> None:
    path = write_array(tmp_path / "x.json", [annotation(1, 1.5), {**annotation(2, 1.5), "preference": "much"}])
    with pytest.raises(UsageError) as caught:
        read_logs(path)
    assert caught.value.where == f"{path}: element 2"
    assert "preference" in caught.value.what
