"""From a real run, or real stored scores, through `decide` to all three forms of the report."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console

from weighbridge.decide import Decision
from weighbridge.decide.decide import decide
from weighbridge.evidence import Budget, Column, Evidence, Question, Requirements
from weighbridge.report.clean import cells
from weighbridge.report.html import render_html
from weighbridge.report.json import decision_json
from weighbridge.report.schema import decision_schema
from weighbridge.report.terminal import KINDS, render
from weighbridge.store import open_store
from weighbridge.weighing.stored import weigh_stored
from weighbridge.weighing.weigh import weigh
from weighing.parts import pair, task_of


def check(decision: Decision) -> str:
    """All three forms say the same; returns the text of the terminal."""
    out = io.StringIO()
    render(decision, Console(file=out, width=80))
    text = out.getvalue()
    assert max(cells(line) for line in text.splitlines()) <= 80
    verdict_first = text.strip().startswith(KINDS[decision.verdict.kind])
    fair = all(f.met == "met" for f in decision.findings if f.dimension == "fairness")
    assert fair == verdict_first
    assert fair == ('id="fairness"' not in render_html(decision))
    assert f"\n  {KINDS[decision.verdict.kind]}" in text
    assert " ".join(decision.verdict.sentence.split()) in " ".join(text.split())
    found = json.loads(decision_json(decision))
    jsonschema.Draft202012Validator(decision_schema()).validate(found)
    assert "evidence" not in found
    page = render_html(decision, decision.evidence)
    for result in decision.candidates:
        assert result.name in text
        assert result.name in page
        assert result.score is None or f"{100 * result.score:.1f} %" in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1))
    assert len(data["ids"]) == decision.evidence.asked.any(axis=0).sum()
    return text


@pytest.mark.parametrize("goal", ["best", "pareto", "superior", "non_inferior"])
async def test_a_live_run(tmp_path: Path, goal: str) -> None:
    question = Question(goal=goal, epsilon=0.02, reference="b" if goal in ("superior", "non_inferior") else None)
    with open_store(tmp_path / "answers.db") as store:
        run = await weigh(task_of(300), pair(0.95, 0.6, 0.3), question, store=store, seed=1)
    decision = decide(run, Requirements(cost_per_1000=20.0, latency_p95=5.0), title="yes or no")
    text = check(decision)
    assert "Requirements" in text
    if goal == "best":
        # The chart finds a candidate's line by its place in `candidates`.
        for k, result in enumerate(decision.candidates):
            assert decision.trace[-1].score[k] == pytest.approx(result.score)


async def test_a_run_that_ran_out_of_calls(tmp_path: Path) -> None:
    with open_store(tmp_path / "answers.db") as store:
        run = await weigh(
            task_of(400), pair(0.8, 0.79), Question(epsilon=0.001), store=store, seed=1, budget=Budget(calls=60)
        )
    text = check(decide(run))
    assert "\n  UNDECIDED" in text
    assert "stopped: budget" in text


def table(scores: np.ndarray, cluster: np.ndarray | None = None) -> Evidence:
    count, items = scores.shape
    blank = np.full(scores.shape, np.nan)
    return Evidence(
        columns=tuple(Column(f"model {k}", ("open", "closed")[k % 2], spec="stored") for k in range(count)),
        items=tuple(map(str, range(items))),
        order=np.arange(items),
        score=scores,
        status=np.zeros(scores.shape, dtype=np.uint8),
        **dict.fromkeys(("cost", "latency", "first_token", "tokens_in", "tokens_out", "within"), blank),
        repeats=np.ones(count, dtype=np.int64),
        cluster=cluster,
    )


@pytest.mark.parametrize("sequential", [True, False])
@pytest.mark.parametrize("count", [2, 9, 20])
def test_stored_scores(count: int, sequential: bool) -> None:
    rng = np.random.default_rng(count)
    skill = np.linspace(0.9, 0.4, count)[:, None]
    scores = (rng.random((count, 400)) < skill).astype(float)
    decision = decide(weigh_stored(table(scores), Question(), seed=2, sequential=sequential), title="stored")
    text = check(decision)
    assert "no cost is known" in text
    assert ("stopped: stored" in text) == (not sequential)


def test_clusters_and_graded_scores() -> None:
    rng = np.random.default_rng(5)
    scores = np.clip(rng.normal(np.array([[0.8], [0.55], [0.5]]), 0.2, (3, 300)), 0, 1)
    decision = decide(weigh_stored(table(scores, np.arange(300) // 5), Question(), seed=2, sequential=True))
    assert decision.unit == "cluster"
    assert "in 60 clusters" in " ".join(check(decision).split())


def test_nobody_meets_the_requirements() -> None:
    scores = (np.random.default_rng(1).random((2, 50)) < 0.8).astype(float)
    evidence = table(scores)
    priced = {"cost": np.full(scores.shape, 0.01), "latency": np.full(scores.shape, 0.5)}
    run = weigh_stored(Evidence(**{**{f: getattr(evidence, f) for f in evidence.__slots__}, **priced}), Question())
    decision = decide(run, Requirements(cost_per_1000=1.0))
    assert decision.verdict.kind == "none"
    assert "not met" in check(decision)


def test_a_recorded_matrix(shared_data: Path) -> None:
    from weighbridge.api import compare_scores

    names = ["Athene-70B", "claude-3-5-sonnet-20241022", "Qwen2-7B-Instruct", "claude-3-haiku-20240307"]
    path = shared_data / "zeroeval_gsm" / "scores.csv.gz"
    decision = compare_scores(path, models=names, sequential=True, seed=3)
    check(decision)
    assert decision.calls.made < decision.calls.exhaustive
