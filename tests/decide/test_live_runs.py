"""Decisions on live runs that went wrong or ended early."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.weighing.parts import LocalModel, candidate, coin, pair, task_of

from weighbridge import Budget, Decision, Question, Requirements, WeighbridgeError, compare
from weighbridge.evidence import Price
from weighbridge.models.protocol import ModelError


def refused_key(text: str, attempt: int) -> ModelError:
    return ModelError("the key is not accepted", kind="auth")


def test_a_candidate_that_is_taken_down_stays_in_the_table(tmp_path: Path) -> None:
    people = [*pair(0.9, 0.5), candidate(LocalModel("c", refused_key, place="here://c"))]
    decision = compare(task=task_of(300), candidates=people, store=tmp_path / "answers.db")
    assert decision.verdict.candidates == ["a"]
    assert "the best of 2 candidates" in decision.verdict.sentence
    dead = decision.candidates[2]
    assert (dead.score, dead.interval) == (None, None)
    assert dead.out is not None
    assert "key is not accepted" in dead.out
    assert sum("c was taken down" in line for line in decision.warnings) == 1
    assert {(one.a, one.b) for one in decision.pairs} == {("a", "b")}
    assert all(point.score[2] is None and point.low[2] is None for point in decision.trace)
    assert msgspec.json.decode(decision.to_json(), type=Decision) == decision


def test_one_that_dies_in_the_middle_keeps_what_it_had(tmp_path: Path) -> None:
    right = coin("b", 0.8)
    calls = []

    def dies(text: str, attempt: int) -> str | ModelError:
        calls.append(text)
        return right(text, attempt) if len(calls) <= 30 else ModelError("the engine died", kind="dead")

    people = [*pair(0.9), candidate(LocalModel("b", dies, place="here://b", slots=1)), *pair(0, 0, 0.85)[2:]]
    decision = compare(
        task=task_of(900), candidates=people, store=tmp_path / "answers.db", question=Question(epsilon=0)
    )
    b = decision.candidates[1]
    assert 0 < b.items <= 30
    assert b.interval is not None
    assert b.score is not None
    assert decision.verdict.kind in ("best", "undecided")
    assert "b" not in decision.verdict.candidates
    assert any("engine died" in line for line in decision.warnings)


@pytest.mark.parametrize("calls", [1, 2, 3, 7, 20, 61])
def test_any_budget_ends_in_a_valid_decision(tmp_path: Path, calls: int) -> None:
    decision = compare(
        task=task_of(500),
        candidates=pair(0.8, 0.79, 0.5),
        store=tmp_path / "answers.db",
        budget=Budget(calls=calls),
        requirements=Requirements(cost_per_1000=20, latency_p95=5),
    )
    assert decision.verdict.kind == "undecided"
    assert decision.verdict.stopped == "budget"
    assert decision.calls.made <= calls
    assert decision.verdict.sentence.startswith("Undecided")
    assert any("budget" in line for line in decision.warnings)
    assert all(finding.met == "unknown" for finding in decision.findings if finding.dimension == "latency")


def test_clusters_are_the_unit_of_a_live_run(tmp_path: Path) -> None:
    decision = compare(task=task_of(300, clusters=60), candidates=pair(0.9, 0.4), store=tmp_path / "answers.db")
    assert decision.unit == "cluster"
    assert decision.units == 60
    assert decision.verdict.candidates == ["a"]
    assert decision.items_drawn % 5 == 0
    assert decision.trace[-1].calls == decision.calls.made


def test_all_dear_leaves_nobody(tmp_path: Path) -> None:
    people = [candidate(one.model, price=Price(per_request=3.0)) for one in pair(0.9, 0.4)]
    decision = compare(
        task=task_of(100),
        candidates=people,
        store=tmp_path / "answers.db",
        requirements=Requirements(cost_per_1000=1),
    )
    assert decision.verdict.kind == "none"
    assert decision.verdict.candidates == []


def test_nobody_answers(tmp_path: Path) -> None:
    people = [candidate(LocalModel(name, refused_key, place=f"here://{name}")) for name in "ab"]
    with pytest.raises(WeighbridgeError, match="nothing is left to compare"):
        compare(task=task_of(50), candidates=people, store=tmp_path / "answers.db")


def test_the_race_among_the_rest_does_not_wait_for_the_dead(tmp_path: Path) -> None:
    people = [*pair(0.95, 0.6, 0.4), candidate(LocalModel("d", refused_key, place="here://d"))]
    people[0] = candidate(people[0].model, price=Price(per_request=3.0))
    decision = compare(
        task=task_of(1500),
        candidates=people,
        store=tmp_path / "answers.db",
        requirements=Requirements(cost_per_1000=20),
    )
    assert decision.verdict.kind == "best"
    assert decision.verdict.candidates == ["b"]
    assert "the best of 2 candidates that meet the requirements" in decision.verdict.sentence
