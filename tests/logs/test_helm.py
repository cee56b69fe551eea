"""Real outputs of crfm-helm 0.5.16; scripts/fixtures/helm.sh made them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.helm import read_helm, recognise, task_name
from weighbridge.logs.recognise import read_logs
from weighbridge.logs.table import evidence_of

RUNS = Path(__file__).parent / "fixtures" / "helm"
SMOL, SIMPLE, TRIALS = (
    RUNS / name
    for name in ("simple_mcqa-huggingface_smollm2-135m-local", "simple_mcqa-simple_model1", "simple1-simple_model1")
)
METRICS = ["exact_match", "quasi_exact_match", "prefix_exact_match", "quasi_prefix_exact_match", "exact_match@5"]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A copy of one run, to be spoilt."""
    return Path(shutil.copytree(SMOL, tmp_path / "run"))


def changed(path: Path, change: Any) -> None:
    tree = json.loads(path.read_text())
    change(tree)
    path.write_text(json.dumps(tree))


@pytest.mark.parametrize("folder", [SMOL, SIMPLE], ids=["smollm2", "simple"])
@pytest.mark.parametrize("metric", METRICS)
def test_means_are_those_of_helm_to_the_last_digit(folder: Path, metric: str) -> None:
    (log,) = read_helm(folder, metric)
    scores = [row.score for row in log.rows()]
    told = [
        stat["mean"]
        for stat in json.loads((folder / "stats.json").read_text())
        if stat["name"] == {"name": metric, "split": "test"}
    ]
    assert [sum(scores) / len(scores)] == told == [log.reported[metric]]


def test_a_suite_is_read_run_by_run() -> None:
    logs = read_logs(RUNS)
    assert [(log.model, log.settings.task) for log in logs] == [
        ("simple/model1", "simple1"),
        ("huggingface/smollm2-135m-local", "simple_mcqa"),
        ("simple/model1", "simple_mcqa"),
    ]
    assert [log.settings.task for log in read_helm(RUNS)] == ["simple1", "simple_mcqa", "simple_mcqa"]


def test_a_row_has_what_was_asked_answered_and_used() -> None:
    (log,) = read_logs(SMOL)
    rows = {row.item_id: row for row in log.rows()}
    right = next(row for row in rows.values() if row.score == 1)
    assert (right.answer, right.extracted) in [("A", "Even"), ("B", "Odd")]
    assert right.extracted == right.reference
    assert right.question is not None
    assert right.question.startswith("Is ")
    assert right.prompt is not None
    assert right.prompt.count("Question:") == 6
    assert right.latency is not None
    assert 0 < right.latency < 60
    assert right.tokens_out is None, "the client reported none; HELM wrote 0"
    cut = [row for row in rows.values() if row.status is Status.TRUNCATED]
    assert {row.score for row in cut} == {0.0}
    assert log.settings.shots == 5
    assert log.settings.decoding == {"max_tokens": 5, "temperature": 0.0, "stop": ["\n"]}
    assert log.settings.metric == "exact_match"


def test_two_models_share_their_items() -> None:
    evidence, _ = evidence_of(read_logs(SMOL) + read_logs(SIMPLE))
    assert len(evidence.items) == 12
    assert evidence.score[0].mean() == pytest.approx(read_helm(SMOL)[0].reported["exact_match"])


def test_trials_are_repeats_and_a_run_without_a_score_says_so() -> None:
    (log,) = read_helm(TRIALS)
    rows = list(log.rows())
    assert {row.repeat for row in rows} == {0, 1, 2}
    assert len({row.item_id for row in rows}) * 3 == len(rows)
    assert {row.score for row in rows} == {None}
    assert any("no statistic" in note for note in log.notes)


def test_perturbed_instances_and_other_splits_are_left_out_and_counted(run: Path) -> None:
    def spoil(tree: list[dict[str, Any]]) -> None:
        tree[0]["perturbation"] = {"name": "typos", "robustness": True}
        for stat in tree[1]["stats"]:
            stat["name"]["split"] = "valid"

    def spoil_states(tree: dict[str, Any]) -> None:
        tree["request_states"][0]["instance"]["perturbation"] = {"name": "typos"}
        tree["request_states"][1]["instance"]["split"] = "valid"

    changed(run / "per_instance_stats.json", spoil)
    changed(run / "scenario_state.json", spoil_states)
    (log,) = read_helm(run)
    assert len(list(log.rows())) == 10
    assert any("1 answers to perturbed" in note for note in log.notes)
    assert any("1 answers outside the split 'test'" in note for note in log.notes)


def test_options_asked_separately_are_one_row_with_the_likeliest(run: Path) -> None:
    def separate(tree: dict[str, Any]) -> None:
        first = tree["request_states"][0]
        states = []
        for index, logprob in enumerate([-9.0, -2.0]):
            state = json.loads(json.dumps(first)) | {"reference_index": index, "request_mode": "original"}
            state["result"]["completions"][0] |= {"text": "", "logprob": logprob}
            states.append(state)
        tree["request_states"] = [*states, *tree["request_states"][1:]]

    changed(run / "scenario_state.json", separate)
    rows = list(read_helm(run)[0].rows())
    assert len(rows) == 12
    assert rows[0].answer == "Odd"


def test_a_failed_request_is_a_failed_answer(run: Path) -> None:
    def fail(tree: dict[str, Any]) -> None:
        tree["request_states"][0]["result"] = {"success": False, "completions": [], "error": "503", "embedding": []}

    changed(run / "scenario_state.json", fail)
    first = next(read_helm(run)[0].rows())
    assert (first.status, first.error, first.answer) == (Status.FAILED, "503", None)


def test_the_task_is_the_run_without_the_model() -> None:
    assert task_name("mmlu:subject=law,method=joint,model=openai_gpt2") == "mmlu:subject=law,method=joint"
    assert task_name("simple_mcqa:model=simple_model1") == "simple_mcqa"
    assert task_name("simple") == "simple"


def test_python_s_nan_and_infinity_are_read(run: Path) -> None:
    path = run / "scenario_state.json"
    path.write_text(path.read_text().replace('"logprob": 0', '"logprob": -Infinity'))
    assert len(list(read_helm(run)[0].rows())) == 12


@pytest.mark.parametrize("name", ["scenario_state.json", "per_instance_stats.json"])
def test_a_missing_or_cut_or_deep_file_is_named(run: Path, name: str) -> None:
    path = run / name
    whole = path.read_bytes()
    for raw, told in (
        (whole[:2000], "not JSON"),
        (b'{"request_states": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
        (whole.decode().encode("utf-16"), "not UTF-8"),
        (b"{}", "does not hold a list"),
        (b"[1]" if "stats" in name else b'{"request_states": [1]}', "no object"),
    ):
        path.write_bytes(raw)
        with pytest.raises(UsageError, match=told) as caught:
            list(read_helm(run)[0].rows())
        assert str(path) in (caught.value.where or "")
    path.unlink()
    with pytest.raises(UsageError, match=f"no {name}"):
        read_helm(run)


def test_a_file_of_absurd_size_is_refused_unread(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighbridge.logs.helm_json.LARGEST", 10_000)
    with pytest.raises(UsageError, match="larger than") as caught:
        read_helm(run)
    assert caught.value.where == str(run / "per_instance_stats.json")


def test_a_metric_that_is_not_there_is_met_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no metric 'exact_mach'") as caught:
        read_helm(SMOL, "exact_mach")
    assert "exact_match" in (caught.value.fix or "")


def test_other_folders_are_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "run_spec.json").write_text('{"name": "x"}')
    assert not recognise(tmp_path)
    with pytest.raises(UsageError, match="no HELM run"):
        read_helm(tmp_path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
quick = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(
    state=st.dictionaries(
        st.sampled_from(["instance", "request", "result", "output_mapping", "reference_index", "train_trial_index"]),
        json_values,
    ),
    entry=st.dictionaries(
        st.sampled_from(["instance_id", "stats", "train_trial_index", "perturbation"]), json_values
    ),
    spec=st.dictionaries(st.sampled_from(["name", "adapter_spec", "metric_specs"]), json_values),
)
def test_fields_of_any_other_type(
    run: Path, state: dict[str, object], entry: dict[str, object], spec: dict[str, object]
) -> None:
    for name in ("scenario_state.json", "per_instance_stats.json", "run_spec.json"):
        shutil.copy(SMOL / name, run / name)
    changed(run / "scenario_state.json", lambda tree: tree["request_states"][0].update(state))
    changed(run / "per_instance_stats.json", lambda tree: tree[0].update(entry))
    changed(run / "run_spec.json", lambda tree: tree.update(spec))
    (log,) = read_helm(run)
    for row in log.rows():
        assert row.score is None or 0 <= row.score <= 1


@quick
@given(
    name=st.sampled_from(["scenario_state.json", "per_instance_stats.json"]),
    at=st.integers(0, 3000),
    junk=st.binary(max_size=9),
)
def test_spoilt_bytes_end_in_rows_or_a_clear_error(run: Path, name: str, at: int, junk: bytes) -> None:
    raw = (SMOL / name).read_bytes()
    (run / name).write_bytes(raw[:at] + junk + raw[at:])
    try:
        list(read_helm(run)[0].rows())
    except UsageError as error:
        told = error
    else:
        told = None
    (run / name).write_bytes(raw)
    assert told is None or str(run) in (told.where or "")
