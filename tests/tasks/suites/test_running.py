"""Suites run from their names to a verdict and figures, on simulated candidates; `test_real_data` has SmolLM2."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.models.specs import open_model
from weighbridge.suites import Terms, candidates_for, run_suite
from weighbridge.tasks.suites import suite_task
from weighbridge.weighing.limits import Limits

GOOD, POOR = "simulated:accuracy=0.9,seed=1", "simulated:accuracy=0.5,seed=2"


def test_a_comparison_has_a_verdict_and_figures(shared_data: Path, tmp_path: Path) -> None:
    suite = suite_task("cb", data=[shared_data])
    done = run_suite(suite, [GOOD, POOR], terms=Terms(everything=True), store=tmp_path / "s.db")
    assert done.decision is not None
    assert done.decision.verdict.candidates == [GOOD]
    assert done.figures.complete
    by_name = {(one.metric, one.candidate): one for one in done.figures.own}
    for candidate in (GOOD, POOR):
        column = [c.name for c in done.evidence.columns].index(candidate)
        accuracy = by_name["accuracy", candidate]
        assert accuracy.value == pytest.approx(float(done.evidence.score[column].mean()))
        assert accuracy.interval is not None
        assert accuracy.interval[0] < accuracy.value < accuracy.interval[1]
    from sklearn.metrics import f1_score

    gold = [str(item.reference) for item in suite.task.items]
    said = [text or "nothing" for text in done.evidence.extracted[0]]  # type: ignore[index] # kept by the run
    theirs = f1_score(gold, said, labels=list(suite.suite.labels), average="macro")
    assert by_name["macro_f1", GOOD].value == pytest.approx(theirs)
    apart = {one.metric: one for one in done.figures.differences}["macro_f1"]
    assert apart.value == pytest.approx(by_name["macro_f1", GOOD].value - by_name["macro_f1", POOR].value)
    assert apart.interval is not None
    assert apart.interval[0] > 0
    again = run_suite(suite, [GOOD, POOR], terms=Terms(everything=True), store=tmp_path / "s.db")
    assert again.from_store == again.calls == done.calls
    assert again.figures == done.figures
    written = json.loads(json.dumps(done.to_builtins()))
    assert written["schema"] == "weighbridge.suite/1"
    assert written["data"]["digest"] == suite.digest


def test_one_candidate_is_measured_on_every_item(shared_data: Path, tmp_path: Path) -> None:
    done = run_suite("copa", [GOOD], data=[shared_data], store=tmp_path / "s.db")
    assert done.decision is None
    assert done.calls == 100
    assert [one.metric for one in done.figures.own] == ["accuracy"]
    low, high = done.figures.own[0].interval or (0, 0)
    assert low < 0.9 < high


def test_a_race_may_stop_before_every_item(shared_data: Path, tmp_path: Path) -> None:
    done = run_suite("boolq", [GOOD, POOR], data=[shared_data], limit=400, store=tmp_path / "s.db")
    assert done.decision is not None
    assert done.decision.verdict.kind == "best"
    assert done.calls < 400
    assert not done.figures.complete


def test_pass_at_k_from_repeats(tmp_path: Path) -> None:
    from weighbridge.tasks.running import why_not

    if why_not():
        pytest.skip(str(why_not()))
    rows = [
        {
            "task_id": n,
            "text": f"Add {n}.",
            "code": "",
            "test_list": [f"assert add(1) == {n + 1}"],
            "test_setup_code": "",
        }
        for n in range(11, 17)
    ]
    (tmp_path / "mbpp.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    answers = []
    for number in range(11, 17):
        for repeat in range(4):
            right = repeat < number - 11
            code = f"def add(x):\n    return x + {number if right else 0}"
            answers.append(
                {"item_id": str(number), "model": "m", "answer": f"```python\n{code}\n```", "repeat": repeat}
            )
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    module = tmp_path / "rules.py"
    module.write_text(
        "import json, pathlib\nheld = {}\n"
        "for line in (pathlib.Path(__file__).parent / 'answers.jsonl').read_text().splitlines():\n"
        "    row = json.loads(line)\n    held.setdefault(row['item_id'], []).append(row['answer'])\n"
        "seen = {}\ndef answer(item):\n    n = seen[item.id] = seen.get(item.id, -1) + 1\n"
        "    return held[item.id][n % 4]\n"
    )
    model = open_model("python:rules.answer", base_dir=tmp_path)
    done = run_suite(
        "mbpp", [model], data=[tmp_path], terms=Terms(repeats=4, temperature=0.5), store=tmp_path / "s.db"
    )
    figures = {one.metric: one.value for one in done.figures.own}
    assert set(figures) == {"pass@1"}
    passing = [min(4, number - 11) for number in range(11, 17)]
    assert figures["pass@1"] == pytest.approx(np.mean([c / 4 for c in passing]))
    from weighbridge.tasks.suites import figures_of

    suite = suite_task("mbpp", data=[tmp_path])
    at = {one.metric: one.value for one in figures_of(suite, done.evidence, ks=(1, 2, 4)).own}
    for k in (2, 4):
        wanted = np.mean([1 - math.comb(4 - c, k) / math.comb(4, k) for c in passing])
        assert at[f"pass@{k}"] == pytest.approx(wanted)


def test_what_cannot_be_asked_is_refused_before_a_call(shared_data: Path, tmp_path: Path) -> None:
    for name, terms, words in (
        ("gsm8k", Terms(protocol="loglikelihood"), "not answered by"),
        ("truthfulqa_mc2", Terms(protocol="generate"), "not answered by"),
        ("truthfulqa_mc2", Terms(), "cannot score"),
        ("boolq", Terms(protocol="loglikelihood"), "cannot score"),
    ):
        with pytest.raises(UsageError, match=words):
            run_suite(name, [GOOD], data=[shared_data], limit=3, terms=terms, store=tmp_path / "s.db")
    with pytest.raises(UsageError, match="no model"):
        run_suite("boolq", [], data=[shared_data], limit=3, store=tmp_path / "s.db")
    with pytest.raises(UsageError, match="named"):
        run_suite("boolq", [GOOD, GOOD], data=[shared_data], limit=3, store=tmp_path / "s.db")


def test_a_model_that_never_answers_fails_the_run(shared_data: Path, tmp_path: Path) -> None:
    with pytest.raises(WeighbridgeError, match="nothing was answered"):
        run_suite(
            *("boolq", ["http://127.0.0.1:9/v1#none"]),
            data=[shared_data],
            limit=2,
            terms=Terms(limits=Limits(attempts=1)),
            store=tmp_path / "s.db",
        )


def test_candidates_of_each_protocol(shared_data: Path) -> None:
    suite = suite_task("copa", data=[shared_data], limit=4)
    model = open_model(GOOD)
    generate, choice, scored = (
        candidates_for(suite, [model], protocol=name)[0] for name in ("generate", "choice", "loglikelihood")
    )
    item = suite.task.items[0]
    assert generate.choices == ("A", "B")
    assert generate.continuations is None
    assert choice.continuations is not None
    assert choice.continuations.written(item, chat=True) == ("A", "B")
    assert scored.continuations is not None
    assert scored.prompt.name == "loglikelihood"
    assert scored.continuations.written(item, chat=False)[0].startswith(" ")
