"""The user's weights, the frontier of quality, cost and risk, and what hosting oneself costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.decide.subjects import four
from tests.decide.tables import binary, evidence_of

from weighbridge.decide import Decision, decide
from weighbridge.decide.bench import Bench
from weighbridge.decide.counsel import Standpoint
from weighbridge.decide.frontier import _beats
from weighbridge.decide.hosting import Plant, Plants, plants_of
from weighbridge.decide.subject import Subject
from weighbridge.decide.terms import Terms
from weighbridge.evidence import ContinuityFor, DataHandling, Evidence, Load, Owned, Question, Requirements
from weighbridge.weighing.stored import weigh_stored

TODAY = date(2026, 11, 21)


def decided(evidence: Evidence, requirements: Requirements, **question: object) -> Decision:
    return decide(weigh_stored(evidence, Question(**question), 4), requirements, today=TODAY, search=False)


def test_weights_choose_among_those_who_meet_every_demand() -> None:
    evidence = evidence_of(binary([0.95, 0.85, 0.5], 600), cost=[[0.01], [0.001], [0.0001]])
    plain = decided(evidence, Requirements())
    assert (plain.verdict.kind, plain.verdict.candidates) == ("best", ["a"])
    cheap = decided(evidence, Requirements(prefer={"quality": 1.0, "cost": 1.0}))
    assert (cheap.verdict.kind, cheap.verdict.candidates) == ("preferred", ["b"])
    found = cheap.preferred
    assert found is not None
    assert found.weights == {"quality": 0.5, "cost": 0.5}
    assert found.worth["b"] == pytest.approx(0.5 * 0.85 + 0.5 * (1 - 1 / 10))
    assert found.values["a"]["cost"] == pytest.approx(0.0)
    assert all(low > 0 for low, _ in found.leads.values())
    assert "a point of score is worth 0.1 USD" in cheap.verdict.sentence
    barred = decided(evidence, Requirements(cost_per_1000=5.0, prefer={"quality": 1.0, "cost": 0.01}))
    assert barred.verdict.candidates == ["b"], "a costs more than is allowed, however good"


def test_weights_that_settle_nothing_say_so() -> None:
    evidence = evidence_of(binary([0.80, 0.79], 200), cost=[[0.001], [0.00098]])
    found = decided(evidence, Requirements(prefer={"quality": 1.0, "cost": 1.0}))
    assert found.verdict.kind == "undecided"
    assert "not certain against" in found.verdict.sentence
    assert not any(line.startswith("With epsilon") for line in found.verdict.would_change)


def test_what_is_not_known_is_any_value() -> None:
    """An unknown cost may be nothing: nobody is certain to stand above it."""
    cost = np.full((2, 400), 0.001)
    cost[1] = np.nan
    found = decided(
        evidence_of(binary([0.9, 0.85], 400), cost=cost), Requirements(prefer={"quality": 1.0, "cost": 1.0})
    )
    assert found.verdict.kind == "undecided"
    assert found.preferred is not None
    assert found.preferred.worth["b"] is None


def test_of_non_inferior_ones_and_their_reference_the_weights_choose() -> None:
    evidence = evidence_of(
        binary([0.90, 0.90, 0.6], 800), sides=("open", "closed", "open"), cost=[[0.0002], [0.004], [0.0001]]
    )
    found = decided(evidence, Requirements(prefer={"quality": 1.0, "cost": 1.0}), goal="non_inferior", margin=0.05)
    assert found.verdict.candidates == ["a"]
    assert found.preferred is not None
    assert set(found.preferred.worth) == {"a", "b"}, "c was not certified to be good enough"


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_a_sure_preference_is_seldom_wrong(seed: int) -> None:
    """Two that are worth the same: a lead is certified in few of many tries."""
    rng = np.random.default_rng(seed)
    scores = (rng.random((2, 300)) < 0.7).astype(float)
    found = decided(evidence_of(scores, cost=[[0.001], [0.001]]), Requirements(prefer={"quality": 1.0, "cost": 1.0}))
    low, high = next(iter(found.preferred.leads.values())) if found.preferred else (0.0, 0.0)
    assert low <= high
    assert found.verdict.kind == ("preferred" if low > 0 else "undecided")


def test_the_rate_of_wrong_preferences() -> None:
    rng = np.random.default_rng(5)
    terms = Terms(Requirements(prefer={"quality": 1.0, "cost": 0.5}))
    wrong = 0
    for _ in range(200):
        evidence = evidence_of((rng.random((2, 100)) < 0.7).astype(float), cost=[[0.001], [0.001]])
        wrong += Bench(weigh_stored(evidence, Question(), 4)).judge(terms).settled.kind == "preferred"
    assert wrong <= 20, "at most 5 % are, and 20 of 200 would be a wonder"


def test_the_frontier_of_quality_cost_and_risk() -> None:
    evidence = evidence_of(binary([0.9, 0.8, 0.7, 0.6], 400), cost=[[0.003], [0.001], [0.002], [0.0001]])
    found = decided(evidence, Requirements(cost_per_1000=10.0))
    points = {point.candidate: point for point in found.frontier}
    assert [name for name, point in points.items() if point.on] == ["a", "b", "d"]
    assert points["c"].beaten_by == "b"
    real = decided(four(), Requirements(data=DataHandling(), continuity=ContinuityFor(12)))
    seen = {point.candidate: point for point in real.frontier}
    assert seen["gpt"].leaves is True
    assert seen["llama"].leaves is False
    assert seen["llama"].gone == 0.0
    assert (seen["gpt"].gone or 0) > 0.5
    assert seen["unheard of"].open_questions == 2


@given(
    st.lists(
        st.builds(
            Standpoint,
            candidate=st.uuids().map(str),
            score=st.floats(0, 1),
            cost_per_1000=st.none() | st.floats(0, 10),
            open_questions=st.integers(0, 3),
            gone=st.none() | st.floats(0, 1),
            leaves=st.none() | st.booleans(),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda point: point.candidate,
    )
)
def test_to_beat_is_an_order(points: list[Standpoint]) -> None:
    for a in points:
        assert not _beats(a, a)
        for b in points:
            assert not (_beats(a, b) and _beats(b, a))
            if a.cost_per_1000 is None and b.cost_per_1000 is not None:
                assert not _beats(a, b), "what is not known beats nothing that is"


def test_hosting_oneself_costs_machines_for_the_peak_and_one_to_spare() -> None:
    plant = Plant("1 x A", (4.0, 5.0, 8.0), (1.0, 4.0), 1000)
    low, likely, high = plant.month(86_400 * 2, 3.0)  # 6 requests a second at the peak
    assert (low, likely, high) == (2 * 730.5 * 1.0, 3 * 730.5 * 2.0, 3 * 730.5 * 4.0)
    idle = plant.month(1.0, 1.0)
    assert idle[1] == 2 * 730.5 * 2.0
    big, small = Plant("8 x A", (50.0,) * 3, (8.0, 8.0), 8000), Plant("1 x B", (1.0,) * 3, (1.0, 1.0), 1000)
    full = Plant("1 x A", (4.0, 5.0, 8.0), (1.0, 4.0), 4)  # few places: a queue leaves room for chance
    assert full.machines(6.0, 5.0) > plant.machines(6.0, 5.0)
    both = Plants((big, small))
    assert both.at(1000, 3.0) is small
    assert both.at(86_400 * 100, 3.0) is big


@given(st.floats(1, 1e7), st.floats(1.01, 10))
def test_more_requests_never_cost_less(per_day: float, more: float) -> None:
    plant = Plant("1 x A", (4.0, 5.0, 8.0), (1.0, 4.0), 1000)
    assert all(a <= b for a, b in zip(plant.month(per_day, 3.0), plant.month(per_day * more, 3.0), strict=True))


def test_machines_of_the_catalogue_and_what_is_missing() -> None:
    terms = Terms()
    subject = terms.subject(four().columns[1])
    found = plants_of(subject, Load(1000.0, input_tokens=400, output_tokens=100), (), (None, None))
    assert isinstance(found, Plants)
    assert all(plant.rate[0] <= plant.rate[1] <= plant.rate[2] for plant in found.kinds)
    mine = plants_of(subject, Load(1000.0), (Owned("L40S", 2),), (400.0, 100.0))
    assert isinstance(mine, Plants)
    assert [plant.machine for plant in mine.kinds] == ["2 x L40S"]
    assert "tokens" in str(plants_of(subject, Load(1000.0), (), (None, None)))
    assert "no such model" in str(plants_of(Subject("x", "open", "stored"), Load(1.0), (), (1.0, 1.0)))
    dark = replace(four(), tokens_in=np.full((4, 400), np.nan))
    asked = Requirements(load=Load(1000.0), cost_per_month=1e6)
    cost = {f.candidate: f for f in decided(dark, asked).findings if f.dimension == "cost"}
    assert "of hosting it oneself nothing is known" in cost["llama"].statement
