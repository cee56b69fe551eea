"""No call is paid for a candidate that fails a demand which needs no answer; and scores travel with a decision."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.decide.subjects import four
from tests.decide.tables import binary, evidence_of

from weighbridge import compare
from weighbridge.api.again import decide_again
from weighbridge.api.kept import Kept, kept_project, kept_report, kept_scores
from weighbridge.decide import Decision, decide
from weighbridge.decide.measured import MOST_CELLS, measured_of
from weighbridge.errors import UsageError
from weighbridge.evidence import DataHandling, Question, Requirements
from weighbridge.report.json import decision_json
from weighbridge.weighing.stored import weigh_stored

PROJECT = """\
data: {path: items.csv, reference: team, input: [message]}
choices: [a, b, c]
candidates:
  - {name: service, model: "http://127.0.0.1:9/v1#gpt-4.1", side: closed, facts: gpt-4.1, policy: openai_api,
     price: {per_request: 0.01}}
  - {name: better, model: "simulated:accuracy=0.95,seed=1", side: open, facts: llama-3.1-8b, policy: self_hosted,
     price: {per_request: 0.0003}}
  - {name: worse, model: "simulated:accuracy=0.6,seed=2", side: open, facts: qwen3-8b, policy: self_hosted,
     price: {per_request: 0.0001}}
question: {goal: GOAL}
requirements: {REQUIREMENTS}
"""


@pytest.fixture
def project(tmp_path: Path):
    rows = ["message,team", *(f"message {n},{'abc'[n * 7 % 3]}" for n in range(240))]
    (tmp_path / "items.csv").write_text("\n".join(rows) + "\n")

    def write(requirements: str, goal: str = "best") -> Path:
        path = tmp_path / "weighbridge.yaml"
        path.write_text(PROJECT.replace("{REQUIREMENTS}", requirements).replace("GOAL", goal))
        return path

    return write


def row(decision: Decision, name: str):
    return next(result for result in decision.candidates if result.name == name)


def test_who_may_not_be_used_is_not_asked(project) -> None:
    """Nothing listens on the service's port: one call would take it down with another reason."""
    decision = compare(project("{data: {leaves: never}}"))
    assert decision.verdict.candidates == ["better"]
    service = row(decision, "service")
    assert (service.items, service.score) == (0, None)
    assert service.out == "not asked, because of its data"
    assert decision.calls.made == sum(result.items for result in decision.candidates)
    cost = {finding.candidate for finding in decision.findings if finding.dimension == "cost"}
    assert "service" not in cost


def test_with_nobody_to_compare_with_the_best_of_the_rest_is_sought(project) -> None:
    decision = compare(project("{data: {leaves: never}}", "non_inferior"))
    assert decision.question.goal == "best"
    assert decision.verdict.candidates == ["better"]
    assert any("nobody to compare with" in warning for warning in decision.warnings)


def test_one_left_is_asked_for_its_figures_and_nobody_left_not_at_all(project) -> None:
    path = project("{openness: {mof: I}, accept_unknown: [openness], data: {leaves: never}}")
    alone = compare(project("{licence: {use: [service], monthly_users: 2000000000}, data: {leaves: never}}"))
    assert alone.verdict.kind == "best"
    assert alone.verdict.candidates == ["worse"]
    assert "the only one of 3 candidates" in alone.verdict.sentence
    assert row(alone, "worse").items == 100
    assert row(alone, "better").items == 0
    del path
    nobody = compare(
        project(
            "{licence: {use: [ship_weights], monthly_users: 2000000000}, customisation: [adapter], hardware: "
            "[{accelerator: T4-16GB}], data: {leaves: never}}"
        )
    )
    assert nobody.verdict.kind == "none"
    assert nobody.calls.made == 0
    assert msgspec.json.decode(decision_json(nobody), type=Decision).verdict.kind == "none"


def test_facts_and_contradictions_are_told_with_their_line(project) -> None:
    path = project("{data: {leaves: never, training: true}}")
    with pytest.raises(UsageError) as caught:
        compare(path)
    assert "weighbridge.yaml:11" in (caught.value.where or "")
    path.write_text(path.read_text().replace("facts: qwen3-8b", "facts: qwen3-8bb"))
    with pytest.raises(UsageError) as caught:
        compare(path)
    assert "weighbridge.yaml:8" in (caught.value.where or "")
    assert "facts" in (caught.value.where or "")


def test_a_project_is_decided_again_from_its_store(project) -> None:
    path = project("{data: {leaves: never}, cost_per_1000: 1}")
    first = compare(path)
    kept = kept_project(path)
    again = decide_again(kept, kept.requirements, search=False)
    assert again.verdict.sentence == first.verdict.sentence
    assert again.calls.made == first.calls.made
    assert again.cost.now == 0
    cheap = decide_again(kept, msgspec.structs.replace(kept.requirements, cost_per_1000=0.2), search=False)
    assert cheap.verdict.candidates == ["worse"]


def test_a_store_without_answers_is_told(project) -> None:
    with pytest.raises(UsageError, match="holds no answer"):
        kept_project(project("{cost_per_1000: 1}"))


@pytest.mark.parametrize("sequential", [False, True])
def test_scores_travel_with_the_json(sequential: bool, tmp_path: Path) -> None:
    evidence = four(rates=(0.9, 0.8, 0.7, 0.5))
    needed = Requirements(cost_per_1000=1.0)
    decision = decide(weigh_stored(evidence, Question(), 2, sequential=sequential), needed)
    file = tmp_path / "d.json"
    file.write_bytes(decision_json(decision))
    kept = kept_report(file)
    assert kept.requirements == needed
    again = decide_again(kept, needed)
    assert again.verdict.sentence == decision.verdict.sentence
    assert again.verdict.kind == decision.verdict.kind
    assert [point.statement for point in again.flips] == [point.statement for point in decision.flips]
    assert [result.score for result in again.candidates] == [result.score for result in decision.candidates]
    free = decide_again(kept, Requirements(), search=False)
    assert free.verdict.candidates == (["gpt"] if not sequential else free.verdict.candidates)
    assert again.evidence is not None
    np.testing.assert_array_equal(again.evidence.status, decision.evidence.status)  # type: ignore[union-attr]


def test_reports_that_cannot_be_decided_again(tmp_path: Path) -> None:
    whole = decision_json(decide(weigh_stored(four(), Question()), search=False))
    tree = msgspec.json.decode(whole)
    file = tmp_path / "d.json"

    def said(change) -> str:
        broken = msgspec.json.decode(whole)
        change(broken)
        file.write_bytes(msgspec.json.encode(broken))
        with pytest.raises(UsageError) as caught:
            kept_report(file)
        assert caught.value.fix
        return str(caught.value)

    assert "leaves its scores out" in said(lambda tree: tree.update(measured=None))
    assert "is read here" in said(lambda tree: tree.update(schema="x/2"))
    assert "damaged" in said(lambda tree: tree["measured"]["columns"][0]["score"].pop())
    assert "damaged" in said(lambda tree: tree["measured"]["order"].reverse() or tree["measured"]["order"].append(0))
    assert "damaged" in said(lambda tree: tree["measured"]["columns"][0]["score"].__setitem__(0, 3.0))
    assert "no decision" in said(lambda tree: tree.pop("verdict"))
    assert tree["measured"]["columns"][0]["name"] == "gpt"
    with pytest.raises(UsageError, match="cannot read"):
        kept_report(tmp_path / "absent.json")


def test_large_tables_do_not_travel() -> None:
    size = MOST_CELLS // 2 + 1
    assert measured_of(evidence_of(np.zeros((2, size)))) is None
    assert measured_of(evidence_of(np.zeros((2, 10)))) is not None


def test_stored_scores_are_decided_on(tmp_path: Path) -> None:
    rows = ["item_id,model,score,cost"]
    for n, (a, b) in enumerate(binary([0.9, 0.7], 300).T):
        rows += [f"i{n},gpt-4.1,{a},0.002", f"i{n},llama-3.1-8b,{b},0.0002"]
    file = tmp_path / "scores.csv"
    file.write_text("\n".join(rows) + "\n")
    kept = kept_scores([file], sides={"gpt-4.1": "closed", "llama-3.1-8b": "open"})
    assert decide_again(kept, Requirements(), search=False).verdict.candidates == ["gpt-4.1"]
    home = decide_again(kept, Requirements(data=DataHandling(leaves="never")), search=False)
    assert home.verdict.candidates == ["llama-3.1-8b"], "both are known by their names"
    dear = decide_again(kept, Requirements(cost_per_1000=1.0), prices={"gpt-4.1": 0.5}, search=False)
    assert dear.verdict.candidates == ["gpt-4.1"]
    assert any("Prices as stated" in warning for warning in dear.warnings)
    later = decide_again(kept, Requirements(), Question(epsilon=0.1), search=False)
    assert any("changed after the scores were seen" in warning for warning in later.warnings)
    with pytest.raises(UsageError, match="no candidate"):
        decide_again(Kept(kept.run, Requirements(), "", "USD"), Requirements(), prices={"x": 1.0})
