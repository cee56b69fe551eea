"""All checks together: no false alarm, in order, cheap, and shown above the verdict."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console
from tests.audit.tables import doubts, prose, right, table

from weighbridge import compare_scores
from weighbridge.audit.fairness import DIMENSION, check_fairness
from weighbridge.decide import decide
from weighbridge.evidence import Evidence, Finding, Question, Requirements
from weighbridge.logs.log import Settings
from weighbridge.report.fairness import SHOWN
from weighbridge.report.html import render_html
from weighbridge.report.json import decision_json
from weighbridge.report.schema import decision_schema
from weighbridge.report.terminal import KINDS, render
from weighbridge.weighing.stored import weigh_stored


def whole(seed: int, items: int = 400) -> Evidence:
    """A sound comparison with everything in it: texts, references, categories."""
    scores = right([0.8, 0.6, 0.45], items, seed)
    references = [str((7919 * i + seed) % 9973) for i in range(items)]
    answers = [
        [
            f"{prose(10_000 * k + i, 25)} So it is {references[i] if row[i] else int(references[i]) + 11}."
            for i in range(items)
        ]
        for k, row in enumerate(scores)
    ]
    return table(
        scores,
        answers=answers,
        questions=[prose(90_000 + 1000 * seed + i, 40) for i in range(items)],
        references=references,
        meta={"topic": [f"t{i % 7}" for i in range(items)], "source": [f"s{i % 60}" for i in range(items)]},
    )


def test_a_sound_comparison_raises_no_alarm() -> None:
    alarms: list[str] = []
    for seed in range(12):
        findings = check_fairness(whole(seed), Question())
        assert len(findings) > 8
        assert {finding.dimension for finding in findings} == {DIMENSION}
        alarms += [finding.statement for finding in doubts(findings)]
    assert len(alarms) <= 1, alarms


@pytest.mark.parametrize("claim", ["population", "pool"])
@pytest.mark.parametrize("goal", ["best", "non_inferior", "superior", "pareto"])
def test_little_evidence_does_no_harm(goal: str, claim: str) -> None:
    question = Question(goal=goal, claim=claim, epsilon=0.0)
    for items in (0, 1, 2, 3, 19, 60):
        rng = np.random.default_rng(items)
        for scores in (
            rng.random((2, items)),
            np.zeros((3, items)),
            np.ones((2, items)),
            np.full((2, items), np.nan),
        ):
            texts = [["" if i % 2 else "x" for i in range(items)]] * len(scores)
            evidence = table(scores, answers=texts, questions=texts[0], references=texts[0], meta={"m": texts[0]})
            for finding in check_fairness(evidence, question, {"a": Settings(shots=1), "b": Settings(shots=2)}):
                assert "nan" not in finding.statement
                assert len(finding.evidence) <= 20
    assert check_fairness(table(np.ones((1, 5))), question) == []


def test_what_is_not_met_comes_first() -> None:
    scores = right([0.6, 0.6], 60)
    scores[1] = scores[0]
    order = [
        finding.met for finding in check_fairness(table(scores, meta={"a": ["x"] * 60}), Question(epsilon=0.001))
    ]
    assert order == sorted(order, key=["not met", "unknown", "met"].index)
    assert "unknown" in order


def test_fifty_models_by_fourteen_thousand_items_are_cheap() -> None:
    rng = np.random.default_rng(0)
    scores = (rng.random((50, 14_000)) < np.linspace(0.9, 0.4, 50)[:, None]).astype(float)
    evidence = table(np.vstack([scores[:16]]))
    large = Evidence(
        columns=evidence.columns[:1] * 50,
        items=evidence.items,
        order=evidence.order,
        score=scores,
        status=np.zeros(scores.shape, dtype=np.uint8),
        **dict.fromkeys(
            ("cost", "latency", "first_token", "tokens_in", "tokens_out", "within"), np.full(scores.shape, np.nan)
        ),
        repeats=np.ones(50, dtype=np.int64),
    )
    start = time.process_time()
    check_fairness(large, Question())
    assert time.process_time() - start < 2


def decided(evidence: Evidence, **more: object):
    return decide(weigh_stored(evidence, Question()), Requirements(cost_per_1000=1.0), **more)


def printed(decision) -> str:
    out = io.StringIO()
    render(decision, Console(file=out, width=80))
    return out.getvalue()


def test_doubts_stand_above_the_verdict() -> None:
    said = {"a": Settings(shots=5), "b": Settings(shots=0)}
    decision = decided(table(right([0.9, 0.6], 400)), settings=said)
    text, page = printed(decision), render_html(decision)
    heading = "Is it a fair comparison?"
    assert 0 < text.index(heading) < text.index(KINDS[decision.verdict.kind])
    assert "different number of examples in the prompt: 5 for a; 0 for b" in " ".join(text.split())
    assert page.index(heading) < page.index('class="verdict')
    assert "different number of examples" in page
    assert text.count("Requirements") == 1
    requirements = text[text.index("Requirements") :]
    assert "fairness" not in requirements
    found = json.loads(decision_json(decision))
    jsonschema.Draft202012Validator(decision_schema()).validate(found)
    assert any(one["dimension"] == "fairness" and one["met"] == "not met" for one in found["findings"])


def test_a_finding_on_fairness_bars_nobody() -> None:
    scores = right([0.9, 0.6], 400)
    plain = decide(weigh_stored(table(scores), Question()))
    doubtful = decide(
        weigh_stored(table(scores), Question()), settings={"a": Settings(shots=5), "b": Settings(shots=0)}
    )
    assert plain.verdict == doubtful.verdict
    assert "Is it a fair comparison" not in printed(plain)
    assert 'id="fairness"' not in render_html(plain)


def test_many_doubts_are_cut_short_in_a_terminal_alone() -> None:
    said = {
        name: Settings(
            task=name, scorer=name, metric=name, shots=k, decoding={"temperature": k, "top_p": k, "top_k": k}
        )
        for k, name in enumerate("ab")
    }
    decision = decided(table(right([0.9, 0.6], 400)), settings=said)
    found = doubts([one for one in decision.findings if one.dimension == DIMENSION])
    assert len(found) == SHOWN + 1
    assert "and 1 finding more, in the JSON and the HTML report" in printed(decision)
    assert all(one.statement.split(":")[0] in render_html(decision) for one in found)


def test_hostile_text_stays_text() -> None:
    hostile = "<script>alert(1)</script>\x1b[31m"
    said = {"a": Settings(scorer=hostile), "b": Settings(scorer="match")}
    decision = decided(table(right([0.9, 0.6], 400)), settings=said)
    assert "<script>alert(1)" not in render_html(decision)
    assert "\x1b" not in printed(decision)


def test_stored_scores_with_gaps(tmp_path: Path) -> None:
    scores = right([0.7, 0.6, 0.5], 600, seed=1)
    hard = set(np.flatnonzero(scores[1:].sum(axis=0) == 0)[:60].tolist())
    lines = ["item_id,model,score"]
    lines += [
        f"q{i},{name},{int(row[i])}"
        for name, row in zip("abc", scores, strict=True)
        for i in range(600)
        if name != "a" or i not in hard
    ]
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(lines))
    for missing in ("shared", "failed"):
        decision = compare_scores(path, missing=missing)
        first: Finding = next(one for one in decision.findings if one.dimension == DIMENSION)
        assert (first.met, first.candidate) == ("not met", "a")
        assert "60 of 600 items (10.0 %), and not at random" in first.statement


def test_recorded_boards_raise_few_alarms(shared_data: Path) -> None:
    for folder in ("routellm_gsm8k", "zeroeval_gsm", "zeroeval_crux"):
        decision = compare_scores(shared_data / folder / "scores.csv.gz")
        found = [one for one in decision.findings if one.dimension == DIMENSION]
        assert found
        assert [one.statement for one in doubts(found)] == []
