"""The race: right verdicts, errors at exact nulls, catching up, replay, and what may be said at any stop."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.stats.race import Race
from weighbridge.stats.rules import Rules

POOL = Rules(claim="pool")


def answers(seed: int, levels: list[float], units: int, shared: float = 0.5) -> np.ndarray:
    """0/1 scores (K, N) whose difficulty is partly shared, so that pairs correlate."""
    rng = np.random.default_rng(seed)
    own = rng.random((len(levels), units))
    common = rng.random(units)
    luck = np.where(rng.random((len(levels), units)) < shared, common, own)
    return (luck < np.array(levels)[:, None]).astype(float)


def run(scores: np.ndarray, rules: Rules, stop_after: int | None = None, **kw) -> Race:
    race = Race(*scores.shape, rules, **kw)
    while not race.finished and (stop_after is None or race.drawn < stop_after):
        spans = race.wanted()
        assert spans, "an unfinished race wants something"
        for span in spans:
            assert span.start == race.paid[span.candidate] < span.stop <= race.units
            race.feed(span.candidate, scores[span.candidate, span.start : span.stop])
        race.step()
    return race


GOALS = [
    replace(POOL, epsilon=0.05),
    replace(POOL, epsilon=0.0),
    replace(POOL, goal="non_inferior", margin=0.05, challengers=(0, 1), references=(2, 3)),
    replace(POOL, goal="superior", challengers=(0, 1), references=(2, 3)),
    replace(POOL, goal="pareto", epsilon=0.05, costs=(4.0, 1.0, 2.0, 2.0)),
]


def allowed(scores: np.ndarray, rules: Rules, kind: str, winners: tuple[int, ...]) -> bool:
    """Whether the exhaustive run would allow this verdict."""
    means = scores.mean(axis=1)
    if rules.goal == "best":
        return kind == "best" and means[winners[0]] >= means.max() - rules.epsilon - 1e-9
    if rules.goal == "pareto":
        costs = np.array(rules.costs)
        for k in range(len(means)):
            cheaper = means[(costs <= costs[k]) & (np.arange(len(means)) != k)]
            if k in winners and (cheaper > means[k] + rules.epsilon + 1e-9).any():
                return False
            if k not in winners and not (cheaper > means[k] + 1e-9).any():
                return False
        return kind == "frontier"
    best = means[list(rules.references)].max()
    margin = rules.margin if rules.goal == "non_inferior" else 0.0
    slack = 1e-9 if rules.goal == "non_inferior" else -1e-9
    good = means[list(rules.challengers)] >= best - margin - slack
    if kind == "none":
        return not good.any()
    return kind == rules.goal and bool(good[list(rules.challengers).index(winners[0])])


@pytest.mark.parametrize("rules", GOALS, ids=[f"{rules.goal}-{rules.epsilon}" for rules in GOALS])
def test_pool_verdicts_are_those_of_the_exhaustive_run(rules: Rules) -> None:
    wrong = 0
    for seed in range(60):
        levels = list(np.random.default_rng(seed).uniform(0.5, 0.95, 4))
        scores = answers(seed, levels, 150)
        outcome = run(scores, rules).outcome()
        assert outcome.kind != "undecided"
        wrong += not allowed(scores, rules, outcome.kind, outcome.winners)
    assert wrong <= 3 + 3, f"{wrong} of 60 wrong at a 5 % error"


def test_equal_costs_leave_the_better_one_on_the_frontier() -> None:
    scores = answers(2, [0.9, 0.5, 0.0], 300)
    outcome = run(scores, replace(POOL, goal="pareto", epsilon=0.02, costs=(1.0, 1.0, 1.0))).outcome()
    assert (outcome.kind, outcome.winners) == ("frontier", (0,))


@given(
    st.integers(0, 10_000),
    st.integers(1, 6),
    st.integers(1, 60),
    st.sampled_from(["best", "strict", "non_inferior", "superior", "pareto"]),
    st.sampled_from(["pool", "population"]),
    st.sampled_from([None, 1, 7]),
)
@settings(max_examples=150, deadline=None)
def test_any_race_ends(seed: int, arms: int, units: int, goal: str, claim: str, look: int | None) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.choice([0.0, 0.5, 1.0], (arms, units)) if seed % 2 else np.ones((arms, units))
    rules = Rules(claim=claim, look=look, epsilon=0.0 if goal == "strict" else 0.03)
    if goal in ("non_inferior", "superior"):
        arms_ = max(arms, 2)
        scores = np.resize(scores, (arms_, units))
        rules = replace(rules, goal=goal, challengers=(0,), references=tuple(range(1, arms_)))
    elif goal == "pareto":
        rules = replace(rules, goal=goal, costs=tuple(float(c) for c in rng.integers(0, 4, arms)))
    race = run(scores, rules)
    outcome = race.outcome()
    assert race.finished
    assert outcome.kind in ("best", "none", "frontier", "undecided", "non_inferior", "superior")
    assert ((outcome.certified >= 0) & (outcome.certified <= 1)).all()
    if claim == "pool":
        assert outcome.kind != "undecided"


@pytest.mark.parametrize("claim", ["pool", "population"])
def test_false_claims_at_the_exact_null(claim: str) -> None:
    """Two candidates exactly a margin apart: YES just outside, NONE just inside."""
    yes = none = 0
    runs = 160
    for seed in range(runs):
        scores = answers(seed, [0.8, 0.8], 160)
        truth = float(scores[1].mean() - scores[0].mean()) if claim == "pool" else 0.0
        rules = Rules(goal="non_inferior", claim=claim, challengers=(0,), references=(1,))
        yes += run(scores, replace(rules, margin=truth - 1e-6)).outcome().kind == "non_inferior"
        none += run(scores, replace(rules, margin=truth + 1e-6)).outcome().kind == "none"
    limit = 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)
    assert yes / runs <= limit
    assert none / runs <= limit


@pytest.mark.slow
@pytest.mark.parametrize("arms", [4, 16])
def test_many_candidates_at_the_hard_null(arms: int) -> None:
    """All but one are a hair more than epsilon below the best: any other winner is wrong."""
    wrong = 0
    runs = 150
    for seed in range(runs):
        scores = answers(seed, [0.85] + [0.80] * (arms - 1), 220)
        means = scores.mean(axis=1)
        epsilon = float(means.max() - np.sort(means)[-2]) - 1e-6
        if epsilon <= 0:
            continue
        outcome = run(scores, replace(POOL, epsilon=epsilon)).outcome()
        wrong += means[outcome.winners[0]] < means.max() - epsilon
    assert wrong / runs <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


def test_a_clear_case_takes_a_fraction_of_the_calls() -> None:
    scores = answers(4, [0.9, 0.6, 0.5, 0.4], 1000)
    race = run(scores, replace(POOL, epsilon=0.02))
    assert race.outcome().winners == (0,)
    assert race.paid.sum() < 0.15 * scores.size


def test_population_runs_out_undecided_and_says_how_many_more() -> None:
    scores = answers(1, [0.80, 0.80], 60)
    outcome = run(scores, Rules(epsilon=0.01)).outcome()
    assert outcome.kind == "undecided"
    assert outcome.exhausted
    assert outcome.more_units is not None
    assert outcome.more_units > 200


def test_certified_margins_hold_at_any_stop() -> None:
    broken = 0
    runs = 300
    for seed in range(runs):
        scores = answers(seed, [0.75, 0.75, 0.7], 200)
        race = run(scores, Rules(epsilon=0.001), stop_after=20 + seed % 150)
        outcome = race.outcome()
        deficit = np.array([0.75, 0.75, 0.7]) - [0.75, 0.75, 0.7][outcome.leader]
        broken += bool((deficit > outcome.certified + 1e-9).any())
    assert broken / runs <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


def test_without_is_the_race_that_never_had_the_candidate() -> None:
    scores = answers(9, [0.8, 0.78, 0.6, 0.7], 300)
    race = run(scores, Rules(epsilon=0.02), stop_after=120)
    rest = race.without(1, "engine died")
    fresh = run(scores[[0, 2, 3]], Rules(epsilon=0.02), stop_after=120)
    while rest.drawn < 120 and not rest.finished:
        for span in rest.wanted():
            rest.feed(span.candidate, scores[span.candidate, span.start : span.stop])
        rest.step()
    assert rest.paid[[0, 2, 3]].tolist() == fresh.paid.tolist()
    assert rest.active[[0, 2, 3]].tolist() == fresh.active.tolist()
    assert rest.outcome().out[1] == "engine died"
    assert rest.outcome().winners[0] != 1


def test_without_the_last_candidate_is_refused() -> None:
    with pytest.raises(ValueError, match="no candidate"):
        Race(1, 10, Rules()).without(0, "gone")


def test_known_candidates_are_never_asked() -> None:
    scores = answers(3, [0.9, 0.6, 0.6], 200)
    rules = replace(POOL, goal="non_inferior", margin=0.03, challengers=(0,), references=(1, 2))
    race = run(scores, rules, known={1: scores[1], 2: scores[2]})
    assert race.outcome().kind == "non_inferior"
    assert race.drawn == race.paid[0] < 100


def test_look_size_changes_the_calls_but_not_who_may_win() -> None:
    scores = answers(5, [0.9, 0.7, 0.88], 400)
    calls = {look: run(scores, replace(POOL, epsilon=0.05, look=look)) for look in (1, 4, 64)}
    assert all(race.outcome().winners[0] in (0, 2) for race in calls.values())
    assert calls[1].paid.sum() <= calls[64].paid.sum()


@pytest.mark.parametrize(
    ("values", "message"), [([1.5], "in \\[0, 1\\]"), ([float("nan")], "in \\[0, 1\\]"), ([0.0] * 11, "more than 10")]
)
def test_bad_scores_are_refused(values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Race(2, 10, Rules()).feed(0, values)


def test_fifty_candidates_and_fourteen_thousand_stored_items_take_seconds() -> None:
    scores = answers(8, list(np.linspace(0.6, 0.8, 50)), 14_000)
    import time

    began = time.process_time()
    race = run(scores, Rules(epsilon=0.02, look=112))
    outcome = race.outcome()
    assert outcome.kind == "best"
    assert time.process_time() - began < 2.0
