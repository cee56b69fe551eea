"""Real outputs of lm-evaluation-harness 0.4.13; scripts/fixtures/lm_eval.sh made them."""

from __future__ import annotations

import gzip
import json
import math
import shutil
from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.lm_eval import read_lm_eval, recognise
from weighbridge.logs.recognise import read_logs
from weighbridge.logs.table import evidence_of

RUNS = Path(__file__).parent / "fixtures" / "lm_eval" / "runs"
CHAT = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A copy of one run, to be spoilt."""
    return Path(shutil.copytree(RUNS / "pairs-a", tmp_path / "pairs-a"))


def samples_of(run: Path, task: str = "sums") -> Path:
    return next(run.glob(f"samples_{task}_*"))


def results_of(run: Path) -> Path:
    return next(run.glob("results_*"))


@pytest.mark.parametrize(
    ("model", "metric"),
    [
        *((model, metric) for model in ("pairs-a", "pairs-b") for metric in (None, "acc", "acc_norm")),
        *((model, "exact_match,flexible-extract") for model in ("pairs-a", "pairs-b", "smollm2-135m")),
        ("smollm2-135m", None),
    ],
)
def test_means_and_errors_are_those_that_lm_eval_reports_to_the_last_digit(model: str, metric: str | None) -> None:
    told = json.loads(results_of(RUNS / model).read_text())["results"]
    logs = read_lm_eval(RUNS / model, metric)
    assert {log.settings.task for log in logs} == set(told)
    for log in logs:
        name, _, label = (log.settings.metric or "").partition(",")
        scores = [row.score for row in log.rows()]
        mean = sum(scores) / len(scores)
        assert len(scores) == told[log.settings.task]["sample_len"]
        assert mean == told[log.settings.task][f"{name},{label}"] == log.reported[f"{name},{label}"]
        spread = math.sqrt(sum((score - mean) ** 2 for score in scores) / (len(scores) - 1))
        assert spread / math.sqrt(len(scores)) == log.reported[f"{name}_stderr,{label}"]


def test_the_first_listed_figure_is_the_score_and_the_others_are_named() -> None:
    capitals, sums = read_lm_eval(RUNS / "pairs-a")
    assert capitals.settings.metric == "acc,none"
    assert sums.settings.metric == "exact_match,strict-match"
    assert any("acc_norm,none" in note for note in capitals.notes)
    assert any("log-likelihood" in note for note in capitals.notes)
    assert not any("log-likelihood" in note for note in sums.notes)


def test_a_folder_of_models_is_read_through_recognition() -> None:
    logs = read_logs(RUNS)
    assert [(log.model, log.settings.task) for log in logs] == [
        ("pairs-a", "capitals"),
        ("pairs-a", "sums"),
        ("pairs-b", "capitals"),
        ("pairs-b", "sums"),
        ("smollm2-135m", "sums"),
    ]
    assert {log.format for log in logs} == {"lm_eval"}
    assert [log.side for log in logs] == ["open"] * 4 + ["unknown"]


def test_logs_become_evidence_over_the_same_items() -> None:
    evidence, _ = evidence_of(read_logs(RUNS / "pairs-a") + read_logs(RUNS / "pairs-b"))
    assert len(evidence.items) == 52
    reported = [
        [log.reported[log.settings.metric or ""] for log in read_lm_eval(RUNS / m)] for m in ("pairs-a", "pairs-b")
    ]
    for row, (capitals, sums) in enumerate(reported):
        assert evidence.score[row].mean() == pytest.approx((22 * capitals + 30 * sums) / 52, abs=1e-12)


@pytest.mark.parametrize("metric", ["acc", "acc_norm"])
def test_the_option_shown_as_the_answer_is_the_one_that_was_scored(metric: str) -> None:
    rows = list(read_lm_eval(samples_of(RUNS / "pairs-b", "capitals"), metric)[0].rows())
    assert {row.answer == row.reference for row in rows if row.score == 1} == {True}
    assert {row.answer == row.reference for row in rows if row.score == 0} == {False}
    docs = [json.loads(line)["doc"] for line in samples_of(RUNS / "pairs-b", "capitals").read_text().splitlines()]
    assert [row.reference for row in rows] == [doc["capital"] for doc in docs]


def test_a_generated_row_has_question_prompt_answer_and_what_was_read_out_of_it() -> None:
    (log,) = read_lm_eval(RUNS / "smollm2-135m")
    first = next(log.rows())
    assert first.item_id == "sums:0"
    assert first.question == "I have 41 apples and get 18 more. How many apples do I have?"
    assert first.prompt is not None
    assert first.prompt.startswith("system: You are a careful clerk.\n\nuser: Q: I have 41 apples")
    assert first.reference == "59"
    assert first.answer == "41 (apples) - 18 (apples) = 2 (apples)"
    assert (first.extracted, first.status) == ("[invalid]", Status.UNPARSABLE)
    assert log.settings.system_prompt == "You are a careful clerk."
    assert log.settings.decoding["seed"] == 7
    assert log.settings.decoding["max_tokens"] == 24
    assert log.settings.decoding["temperature"] == 0
    assert log.settings.shots == 0
    assert log.settings.task_version == "1.0"
    assert log.settings.tool == "lm-evaluation-harness 0.4.13"


def test_what_the_filter_did_not_find_is_unparsable_and_nothing_else_is() -> None:
    rows = list(read_lm_eval(samples_of(RUNS / "pairs-a"))[0].rows())
    assert {row.status for row in rows if row.extracted == "[invalid]"} == {Status.UNPARSABLE}
    assert {row.status for row in rows if row.extracted != "[invalid]"} == {Status.OK}
    assert {row.status for row in rows} == {Status.OK, Status.UNPARSABLE}


def test_two_filters_give_another_scorer_and_the_same_prompt() -> None:
    strict = read_lm_eval(samples_of(RUNS / "pairs-a"))[0].settings
    loose = read_lm_eval(samples_of(RUNS / "pairs-a"), "exact_match,flexible-extract")[0].settings
    assert strict.scorer != loose.scorer
    assert strict.prompt_template == loose.prompt_template
    assert "Answer: (" in (strict.scorer or "")


def test_one_samples_file_is_read_with_its_results_and_so_is_a_results_file() -> None:
    (one,) = read_logs(samples_of(RUNS / "pairs-a"))
    assert one.model == "pairs-a"
    assert len(read_logs(results_of(RUNS / "pairs-a"))) == 2


def test_renamed_files_find_each_other_by_the_hash_of_the_samples(run: Path) -> None:
    samples_of(run).rename(run / "mine.jsonl")
    samples_of(run, "capitals").rename(run / "a.jsonl")
    results_of(run).rename(run / "b.json")
    capitals, sums = read_logs(run)
    assert (capitals.settings.task, sums.settings.task) == ("capitals", "sums")
    assert sums.model == "pairs-a"
    assert next(sums.rows()).item_id == "sums:0"


def test_samples_without_results_are_read_and_say_so(run: Path) -> None:
    results_of(run).unlink()
    capitals, sums = read_logs(run)
    assert (capitals.model, capitals.settings.task, sums.settings.task) == ("pairs-a", "capitals", "sums")
    assert any("no results file" in note for note in sums.notes)
    assert sum(row.score or 0 for row in sums.rows()) == 12


def test_results_without_samples_say_how_to_make_them(run: Path) -> None:
    for path in run.glob("samples_*"):
        path.unlink()
    with pytest.raises(UsageError, match="no samples") as caught:
        read_logs(run)
    assert "--log_samples" in (caught.value.fix or "")


def test_the_newest_run_of_a_task_counts_and_older_ones_are_mentioned(run: Path) -> None:
    for path in list(run.iterdir()):
        shutil.copy(path, path.with_name(path.name.replace("2026-11-21", "2026-11-22")))
    logs = read_logs(run)
    assert len(logs) == 2
    assert all("2026-11-22" in log.path.name for log in logs)
    assert any("2 older samples files" in note for note in logs[0].notes)


def test_samples_that_lack_lines_are_not_taken_for_the_whole(run: Path) -> None:
    path = samples_of(run)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-3]))
    with pytest.raises(UsageError, match="hashes differ"):
        read_logs(run)


def test_a_gzipped_samples_file_is_read(run: Path) -> None:
    path = samples_of(run)
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    (log,) = read_logs(packed)
    assert sum(row.score or 0 for row in log.rows()) == 12


def test_a_metric_that_is_not_there_is_met_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no metric 'acc_nrom'") as caught:
        read_lm_eval(RUNS / "pairs-a", "acc_nrom")
    assert "acc_norm" in (caught.value.fix or "")


def written(path: Path, *samples: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in samples))
    return path


def sample(**more: object) -> dict[str, object]:
    frame = {"doc_id": 0, "doc": {"question": "q"}, "target": "t", "arguments": [["prompt", {}]]}
    return {**frame, "resps": [["a"]], "filtered_resps": ["a"], **more}


def test_the_form_of_older_versions_is_read(tmp_path: Path) -> None:
    old = sample(arguments=[["prompt", {"until": ["."]}]], exact_match=1.0)
    (log,) = read_logs(written(tmp_path / "old.jsonl", old, {**old, "doc_id": 1, "exact_match": 0.0}))
    assert [row.score for row in log.rows()] == [1.0, 0.0]
    assert next(log.rows()).prompt == "prompt"
    assert log.settings.metric == "exact_match,none"


def test_values_outside_0_to_1_and_nan_are_no_scores(tmp_path: Path) -> None:
    rolling = sample(metrics=["word_perplexity"], word_perplexity=[-12.5, 3])
    (log,) = read_logs(written(tmp_path / "a.jsonl", rolling))
    assert [row.score for row in log.rows()] == [None]
    assert any("no score between 0 and 1" in note for note in log.notes)
    missing = sample(metrics=["acc", "f1"], acc=float("nan"), f1=0.5)
    (log,) = read_logs(written(tmp_path / "b.jsonl", missing))
    assert [row.score for row in log.rows()] == [0.5]
    with pytest.raises(UsageError, match="no score"):
        read_lm_eval(tmp_path / "b.jsonl", "acc")


def test_numpy_numbers_that_became_texts_are_numbers(tmp_path: Path) -> None:
    (log,) = read_logs(
        written(tmp_path / "a.jsonl", sample(metrics=["acc"], acc="1.0"), sample(metrics=["acc"], acc="True"))
    )
    assert [row.score for row in log.rows()] == [1.0, 1.0]


def test_a_metric_of_which_less_is_better_is_not_the_score(run: Path) -> None:
    results = json.loads(results_of(run).read_text())
    results["higher_is_better"]["capitals"] = {"acc": False, "acc_norm": True}
    results_of(run).write_text(json.dumps(results))
    assert read_lm_eval(run)[0].settings.metric == "acc_norm,none"


def test_what_lm_eval_did_not_write_is_not_recognised(tmp_path: Path) -> None:
    for name, text in {"a.jsonl": '{"id": 1}', "b.json": '{"results": []}', "c.jsonl": "", "d.json": "[]"}.items():
        (tmp_path / name).write_text(text)
        assert not recognise(tmp_path / name)
    assert not recognise(tmp_path)


def test_a_results_file_of_absurd_size_is_refused_unread(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighbridge.logs.lm_eval_results.LARGEST", 100)
    with pytest.raises(UsageError, match="not lm-eval's") as caught:
        read_logs(run)
    assert caught.value.where == str(results_of(run))
