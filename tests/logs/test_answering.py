"""Logs that compared log-likelihoods beside logs of generated answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from weighbridge.api import compare_logs
from weighbridge.evidence import Answering
from weighbridge.logs.answering import helm_answering, lm_eval_answering
from weighbridge.logs.recognise import read_logs

RUNS = Path(__file__).parent / "fixtures" / "lm_eval" / "runs"


@pytest.mark.parametrize(
    ("output", "metric", "expected"),
    [
        ("multiple_choice", "acc,none", Answering("loglikelihood")),
        ("multiple_choice", "acc_norm,none", Answering("loglikelihood", normalise="characters")),
        ("multiple_choice", "acc_mutual_info,none", Answering("loglikelihood", normalise="unconditional")),
        ("generate_until", "exact_match,strict", Answering()),
        ("loglikelihood_rolling", "word_perplexity,none", None),
        (None, "acc,none", None),
    ],
)
def test_lm_eval_says_how_by_its_output_type(output: object, metric: str, expected: Answering | None) -> None:
    assert lm_eval_answering(output, metric) == expected


def test_helm_says_how_by_its_method() -> None:
    assert helm_answering("multiple_choice_joint") == Answering()
    assert helm_answering("multiple_choice_separate_original") == Answering("loglikelihood")
    assert helm_answering("multiple_choice_separate_calibrated").normalise == "unconditional"
    assert helm_answering("language_modeling") is None


def run_of(tmp_path: Path, run: str, task: str) -> Path:
    """One task's samples of a recorded run, with its results."""
    folder = tmp_path / run
    folder.mkdir()
    for file in (RUNS / run).iterdir():
        if file.name.startswith("results_") or f"samples_{task}_" in file.name:
            shutil.copy(file, folder)
    return folder


def test_log_likelihoods_beside_generated_answers_are_warned_about(tmp_path: Path) -> None:
    kinds = {}
    for log in (*read_logs(RUNS / "pairs-a"), *read_logs(RUNS / "pairs-b")):
        kinds.setdefault(log.settings.answering.protocol, set()).add(log.settings.task)
    assert set(kinds) == {"loglikelihood", "generate"}
    scored, generated = (sorted(kinds[kind])[0] for kind in ("loglikelihood", "generate"))
    same = compare_logs(run_of(tmp_path, "pairs-a", scored), run_of(tmp_path, "pairs-b", scored))
    assert not any("cored differently" in text for text in same.warnings)
    assert any("every model was scored by the log-likelihood" in one.statement for one in same.findings)
    other = tmp_path / "table.csv"
    rows = ["item_id,model,score"]
    for name in same.evidence.items:
        rows.append(f"{name},pairs-b,1")
    other.write_text("\n".join(rows))
    # A table does not say how its answers came about, and is not blamed.
    beside = compare_logs(tmp_path / "pairs-a", other)
    assert not any("cored differently" in text for text in beside.warnings)
    assert generated != scored


def test_the_same_items_scored_in_both_ways_differ_in_protocol(tmp_path: Path) -> None:
    """One model's log-likelihoods on a task beside another's generated answers to the same documents."""
    import msgspec

    logs = read_logs(RUNS / "pairs-a")
    choice = next(log for log in logs if log.settings.answering.protocol == "loglikelihood")
    folder = run_of(tmp_path, "pairs-a", choice.settings.task)
    twin = tmp_path / "twin"
    shutil.copytree(folder, twin)
    (results,) = twin.glob("results_*.json")
    tree = msgspec.json.decode(results.read_bytes())
    tree["model_name"] = "twin"
    tree["configs"][choice.settings.task]["output_type"] = "generate_until"
    results.write_bytes(msgspec.json.encode(tree))
    decision = compare_logs(folder, twin)
    (warning,) = [text for text in decision.warnings if "cored differently" in text]
    assert "by the log-likelihood of the given choices" in warning
    assert "by a generated answer" in warning
    assert [result.answering.protocol for result in decision.candidates] == ["loglikelihood", "generate"]
