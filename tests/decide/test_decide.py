"""From stored scores to a decision: verdicts, requirements, figures and words."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.decide.tables import binary, evidence_of

from weighbridge.decide import Decision, decide
from weighbridge.evidence import Evidence, Finding, Question, Requirements
from weighbridge.report.html import render_html
from weighbridge.stats.fixed import paired_interval
from weighbridge.weighing.stored import weigh_stored


def demanded(decision: Decision) -> list[Finding]:
    return [finding for finding in decision.findings if finding.dimension != "fairness"]


def decided(
    evidence: Evidence, requirements: Requirements | None = None, *, sequential: bool = False, **question
) -> Decision:
    run = weigh_stored(evidence, Question(**question), 3, sequential=sequential)
    return decide(run, requirements or Requirements())


def test_a_clear_best() -> None:
    decision = decided(evidence_of(binary([0.9, 0.7, 0.5], 600), cost=0.0002))
    assert decision.verdict.kind == "best"
    assert decision.verdict.candidates == ["a"]
    assert decision.verdict.sentence == (
        "Use a with 90.0 %: the best of 3 candidates or within 2 points of it, 20 points above b "
        "(interval +16.7 to +23.3), 95 % sure, about the traffic these items were drawn from (population claim); "
        "it costs 0.2 USD per 1,000 requests."
    )
    assert decision.calls.made == decision.calls.exhaustive == 1800
    assert decision.cost.spent == pytest.approx(1800 * 0.0002)
    assert decision.cost.exhaustive == pytest.approx(1800 * 0.0002)
    assert decision.pool_answer is not None
    assert "a 90.0 %, b 70.0 %, c 50.0 %" in decision.pool_answer


def test_pairs_count_and_agree_with_the_fixed_sample_tools() -> None:
    scores = binary([0.8, 0.7], 400)
    pair = decided(evidence_of(scores)).pairs[0]
    assert (pair.a, pair.b) == ("a", "b")
    assert pair.win == int(((scores[0] == 1) & (scores[1] == 0)).sum())
    assert pair.loss == int(((scores[0] == 0) & (scores[1] == 1)).sum())
    assert pair.win + pair.tie + pair.loss == pair.items == 400
    drawn = weigh_stored(evidence_of(scores), Question(), 3).evidence.order
    assert pair.interval == pytest.approx(paired_interval(*scores[:, drawn]).interval)


def test_sequential_uses_fewer_calls_and_wider_intervals() -> None:
    evidence = evidence_of(binary([0.9, 0.6], 2000), cost=0.001)
    whole, early = decided(evidence), decided(evidence, sequential=True)
    assert early.verdict.kind == whole.verdict.kind == "best"
    assert early.calls.made < 0.3 * early.calls.exhaustive
    assert early.cost.spent == pytest.approx(early.calls.made * 0.001)
    assert early.cost.exhaustive == pytest.approx(4.0)
    assert early.pool_answer is None
    assert early.candidates[0].exhausted_score is None
    assert early.candidates[1].out_at is not None
    assert early.items_drawn < 2000
    width = [result.interval[1] - result.interval[0] for result in (whole.candidates[0], early.candidates[0])]
    assert width[1] > width[0]
    assert early.trace[-1].calls == early.calls.made
    assert all(a.items < b.items for a, b in pairwise(early.trace))
    assert len(early.trace) <= 62
    first = [point.high[0] - point.low[0] for point in early.trace]
    assert all(a >= b - 1e-9 for a, b in pairwise(first))


def test_undecided_says_how_far_it_got() -> None:
    decision = decided(evidence_of(binary([0.70, 0.69], 150)), epsilon=0.005)
    assert decision.verdict.kind == "undecided"
    assert decision.verdict.candidates == ["a"]
    assert decision.more_items is not None
    assert f"about {decision.more_items:,} more items would settle it" in decision.verdict.sentence
    certified = decision.candidates[1].certified_epsilon
    assert certified is not None
    assert 0.005 < certified < 1
    assert f"certified to be at most {100 * certified:.1f}".removesuffix(".0") in decision.verdict.sentence
    # What deciding again found is told in place of what the bounds of pairs promise.
    (flip,) = [flip for flip in decision.flips if flip.parameter == "epsilon"]
    assert isinstance(flip.at, float)
    assert 0.005 < flip.at < 0.1
    assert not any("epsilon" in line for line in decision.verdict.would_change)


def test_nobody_leads_where_scores_are_equal() -> None:
    score = binary([0.6], 40)[0]
    tied = decided(evidence_of([score, np.roll(score, 1)], cost=0.001), epsilon=0.05)
    assert tied.verdict.kind == "undecided"
    assert tied.verdict.sentence.startswith("Undecided: a and b are level with 60.0 %, ")
    assert "leads" not in tied.verdict.sentence
    assert "a costs 1.00 USD per 1,000 requests" in tied.verdict.sentence
    assert tied.more_items is not None
    assert 80 < tied.more_items < 4000
    three = decided(evidence_of([score, score, score]), epsilon=0.0)
    assert "a, b and c are level with 60.0 %" in three.verdict.sentence
    assert three.more_items is None
    same = decided(evidence_of([score, score]), epsilon=0.05)
    assert same.more_items is not None
    assert 40 <= same.more_items <= 400, "an exact tie on 40 items is not settled by four more"
    page = render_html(same, same.evidence)
    assert "are level" in page
    assert "> leads<" not in page


def test_equal_candidates_are_not_told_apart_but_one_is_near_best() -> None:
    same = binary([0.7], 300)[0]
    strict = decided(evidence_of([same, same]), epsilon=0.0)
    assert strict.verdict.kind == "undecided"
    pair = strict.pairs[0]
    assert pair.tie == 300
    assert pair.interval[0] < 0 < pair.interval[1]
    pool = decided(evidence_of([same, same]), epsilon=0.02, claim="pool")
    assert pool.verdict.kind == "best"
    assert any("only. For traffic like them" in line for line in pool.warnings)


def test_non_inferior_open_candidate() -> None:
    scores = binary([0.80, 0.80, 0.5], 2500)
    decision = decided(evidence_of(scores, sides=("open", "closed", "open")), goal="non_inferior", margin=0.05)
    assert decision.verdict.kind == "non_inferior"
    assert decision.verdict.candidates == ["a"]
    assert "at most 5 points below the best closed candidate" in decision.verdict.sentence
    evidence = evidence_of(scores[[2, 1]], sides=("open", "closed"))
    worse = decided(evidence, sequential=True, goal="non_inferior", margin=0.05)
    assert worse.verdict.kind == "none"
    assert worse.verdict.candidates == []
    assert worse.verdict.sentence.startswith("No open candidate comes within 5 points of the best closed candidate")


def test_superior_names_its_reference() -> None:
    scores = binary([0.9, 0.6], 800)
    evidence = evidence_of(scores, sides=("open", "closed"))
    decision = decided(evidence, goal="superior", reference="b")
    assert decision.verdict.kind == "superior"
    assert "Use a with 90.0 %: better than b" in decision.verdict.sentence


def test_frontier() -> None:
    costs = np.array([[0.01], [0.001], [0.02]])
    decision = decided(evidence_of(binary([0.9, 0.6, 0.5], 1500), cost=costs), goal="pareto")
    assert decision.verdict.kind == "frontier"
    assert sorted(decision.verdict.candidates) == ["a", "b"]
    assert "c is not" in decision.verdict.sentence


COSTS = np.array([[0.010], [0.001], [0.001]])


def test_the_best_may_be_too_dear() -> None:
    evidence = evidence_of(binary([0.9, 0.75, 0.5], 600), cost=COSTS)
    decision = decided(evidence, Requirements(cost_per_1000=5))
    assert decision.verdict.kind == "best"
    assert decision.verdict.candidates == ["b"]
    assert "the best of 2 candidates that meet the requirements" in decision.verdict.sentence
    first = decision.findings[0]
    assert (first.candidate, first.met, first.value, first.limit) == ("a", "not met", 10.0, 5)
    assert decision.verdict.reasons[0].startswith("a: 10.00 USD per 1,000 requests; the limit is 5.00 USD")
    assert any(line.startswith("a, cost: a limit of at least") for line in decision.verdict.would_change)


def test_nobody_meets_the_requirements() -> None:
    decision = decided(evidence_of(binary([0.9, 0.7], 300), cost=0.01), Requirements(cost_per_1000=5))
    assert decision.verdict.kind == "none"
    assert decision.verdict.candidates == []
    assert decision.verdict.sentence == "No candidate meets the requirements (2 candidates checked)."


def test_one_is_left() -> None:
    decision = decided(evidence_of(binary([0.9, 0.7], 300), cost=COSTS[:2]), Requirements(cost_per_1000=5))
    assert decision.verdict.candidates == ["b"]
    assert "the only one of 2 candidates that meets the requirements" in decision.verdict.sentence


def test_unknown_never_becomes_yes() -> None:
    costs = np.array([[np.nan], [0.001]])
    evidence = evidence_of(binary([0.9, 0.7], 300), cost=costs)
    decision = decided(evidence, Requirements(cost_per_1000=5))
    assert decision.findings[0].met == "unknown"
    assert decision.verdict.kind == "undecided"
    assert "whether a meets the requirements is not known" in decision.verdict.sentence
    weaker = decided(replace(evidence, score=evidence.score[::-1].copy()), Requirements(cost_per_1000=5))
    assert weaker.verdict.kind == "best"
    assert weaker.verdict.candidates == ["b"]


def test_partly_known_costs_are_unknown() -> None:
    costs = np.full((2, 300), 0.001)
    costs[0, 7] = np.nan
    decision = decided(evidence_of(binary([0.9, 0.7], 300), cost=costs), Requirements(cost_per_1000=5))
    assert [finding.met for finding in demanded(decision)] == ["unknown", "met"]
    assert "known for only 299 of 300 items" in decision.findings[0].statement


def test_latency_needs_enough_answers_and_counts_those_that_never_came() -> None:
    limit = Requirements(latency_p95=1.0)
    rng = np.random.default_rng(0)
    times = rng.uniform(0.1, 0.9, (2, 400))
    met = decided(evidence_of(binary([0.9, 0.7], 400), latency=times), limit)
    assert [finding.met for finding in demanded(met)] == ["met", "met"]
    few = decided(evidence_of(binary([0.9, 0.4], 40), latency=times[:, :40]), limit)
    assert [finding.met for finding in demanded(few)] == ["unknown", "unknown"]
    assert "at least 59 answers" in (few.findings[0].would_change or "")
    failed = np.zeros((2, 400), dtype=bool)
    failed[0, :60] = True
    times[0, :60] = np.nan
    late = decided(evidence_of(binary([0.9, 0.7], 400), latency=times, failed=failed), limit)
    assert [finding.met for finding in demanded(late)] == ["not met", "met"]
    assert "15.0 % never came and count as late" in late.findings[0].statement
    assert late.verdict.candidates == ["b"]
    assert any("15.0 % failed" in line for line in late.warnings)


def test_cost_that_straddles_the_limit_is_unknown() -> None:
    costs = np.random.default_rng(1).exponential(0.005, (2, 200))
    decision = decided(evidence_of(binary([0.9, 0.7], 200), cost=costs), Requirements(cost_per_1000=5))
    assert decision.findings[0].met == "unknown"
    assert decision.findings[0].interval is not None
    low, high = decision.findings[0].interval
    assert low < 5 < high


def test_a_sequential_run_that_stopped_on_a_barred_winner_says_so() -> None:
    evidence = evidence_of(binary([0.95, 0.55, 0.54], 3000), cost=COSTS)
    decision = decided(evidence, Requirements(cost_per_1000=5), sequential=True)
    assert decision.verdict.kind == "undecided"
    assert decision.verdict.candidates[0] in ("b", "c")
    assert any("were not asked enough" in line for line in decision.verdict.reasons)


def test_clusters_count_once_under_the_population_claim() -> None:
    sizes = np.random.default_rng(0).integers(1, 9, 60)
    cluster = np.repeat(np.arange(60), sizes)
    scores = binary([0.8, 0.6], cluster.size)
    decision = decided(evidence_of(scores, cluster=cluster))
    assert (decision.unit, decision.units, decision.items) == ("cluster", 60, cluster.size)
    means = np.array([scores[0, cluster == c].mean() for c in range(60)])
    assert decision.candidates[0].score == pytest.approx(means.mean())
    assert decision.candidates[0].items == cluster.size
    assert decision.pairs[0].items == cluster.size
    assert any("60 clusters; a cluster counts once" in line for line in decision.warnings)
    pool = decided(evidence_of(scores, cluster=cluster), claim="pool")
    assert (pool.unit, pool.units) == ("item", cluster.size)
    assert pool.candidates[0].score == pytest.approx(scores[0].mean())


def test_own_randomness_of_repeated_answers() -> None:
    rng = np.random.default_rng(4)
    easy = rng.uniform(0.3, 0.9, 3000)
    answers = rng.random((4, 3000)) < easy
    scores = np.vstack([answers.mean(0), answers.mean(0) * 0.5])
    within = np.vstack([answers.var(0, ddof=1)] * 2)
    decision = decided(evidence_of(scores, repeats=4, within=within))
    own = np.mean(easy * (1 - easy)) / 4
    assert decision.candidates[0].own_randomness == pytest.approx(own / (own + easy.var()), abs=0.04)
    assert decision.calls.made == 2 * 4 * 3000
    assert decided(evidence_of(scores)).candidates[0].own_randomness is None


def test_simulated_is_said_everywhere() -> None:
    decision = decided(evidence_of(binary([0.9, 0.5], 200), simulated=True))
    assert decision.simulated
    assert decision.verdict.sentence.startswith("[simulated] Use a")
    assert decision.warnings[0].startswith("Simulated: the answers of a and b are made up")
    assert all(result.simulated for result in decision.candidates)


def test_small_pools_are_warned_of() -> None:
    assert any("Only 30 items" in line for line in decided(evidence_of(binary([0.9, 0.2], 30))).warnings)
    assert decided(evidence_of(binary([0.9, 0.2], 300))).warnings == []


def test_the_json_form_comes_back_without_evidence() -> None:
    decision = decided(evidence_of(binary([0.9, 0.7, 0.6], 400), cost=COSTS, latency=0.4))
    data = decision.to_json()
    tree = msgspec.json.decode(data)
    assert {"verdict", "claim", "alpha", "calls", "cost", "candidates"} <= set(tree)
    assert "evidence" not in tree
    back = msgspec.json.decode(data, type=Decision)
    assert back == decision
    assert back.evidence is None
    assert decision.evidence is not None
    assert decision.evidence.score.shape == (3, 400)
    candidate = tree["candidates"][0]
    assert candidate["latency_p50"] == candidate["latency_p95"] == 0.4
    assert candidate["statuses"]["ok"] == 400
    assert candidate["cost_per_1000"] == pytest.approx(10)


def test_many_candidates_list_the_leaders_pairs_alone() -> None:
    decision = decided(evidence_of(binary(list(np.linspace(0.9, 0.4, 20)), 300)))
    assert len(decision.pairs) == 19
    assert {pair.a for pair in decision.pairs} == {"a"}
    assert len(decision.candidates) == 20


@given(
    table=st.integers(2, 5).flatmap(
        lambda k: st.lists(
            st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=k, max_size=k), min_size=1, max_size=25
        )
    ),
    goal=st.sampled_from(["best", "pareto", "non_inferior", "superior"]),
    claim=st.sampled_from(["population", "pool"]),
    sequential=st.booleans(),
    limit=st.sampled_from([None, 1.0, 2.5]),
)
@settings(max_examples=120, deadline=None)
def test_any_scores_give_a_whole_decision(table, goal, claim, sequential, limit) -> None:
    scores = np.array(table).T
    size = len(scores)
    evidence = evidence_of(
        scores,
        sides=("open", "closed", *["open"] * (size - 2)),
        cost=np.arange(size)[:, None] / 1000,
        latency=0.1,
    )
    decision = decided(evidence, Requirements(cost_per_1000=limit), goal=goal, claim=claim, sequential=sequential)
    names = [column.name for column in evidence.columns]
    verdict = decision.verdict
    assert set(verdict.candidates) <= set(names)
    assert verdict.sentence.endswith(".")
    assert (verdict.kind == "none") == (not verdict.candidates)
    for result in decision.candidates:
        assert result.interval is not None
        assert result.score is not None
        low, high = result.interval
        assert 0 <= low <= high <= 1
        if claim == "population":
            assert high > low
            assert low - 1e-9 <= result.score <= high + 1e-9
    if verdict.kind not in ("undecided", "none"):
        met = {finding.candidate: finding.met for finding in decision.findings}
        assert all(met.get(name, "met") == "met" for name in verdict.candidates)
    assert msgspec.json.decode(decision.to_json(), type=Decision) == decision
