"""Every flip point, verified by deciding again on both sides of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.decide.subjects import four
from tests.decide.tables import binary, evidence_of

from weighbridge.api.again import decide_again
from weighbridge.api.kept import Kept
from weighbridge.cli.decide import _demanded, _prices
from weighbridge.decide import Decision, decide
from weighbridge.decide.counsel import FlipPoint
from weighbridge.decide.crossing import away, crossing
from weighbridge.evidence import (
    ContinuityFor,
    DataHandling,
    Evidence,
    Job,
    Load,
    Question,
    Requirements,
)
from weighbridge.weighing.stored import weigh_stored

TODAY = date(2026, 11, 21)
USE = ("best", "preferred", "non_inferior", "superior", "frontier")


def named(decision: Decision) -> tuple[str, tuple[str, ...]]:
    kind = "use" if decision.verdict.kind in USE else decision.verdict.kind
    return kind, tuple(sorted(decision.verdict.candidates))


def beyond(kept: Kept, requirements: Requirements, point: FlipPoint, at: float | str | None) -> Decision:
    """What the command line's option of the flip point decides, with `at` as its value."""
    option, text = (point.option or "").split(" ", 1)
    text = text.strip("'")
    if at is not None and point.at is not None:
        name, _, _ = text.rpartition("=")
        text = str(at) if option == "--as-of" else f"{name}={at}"
    if option == "--as-of":
        return decide_again(kept, requirements, today=date.fromisoformat(text), search=False)
    if option == "--price":
        return decide_again(kept, requirements, prices=_prices((text,)), today=TODAY, search=False)
    again, question = _demanded(Kept(kept.run, requirements, "", "USD"), None, (text,))
    return decide_again(kept, again, question, today=TODAY, search=False)


def checked(evidence: Evidence, requirements: Requirements, **question: object) -> Decision:
    """The decision, with every one of its flip points verified by what the command line says for it."""
    run = weigh_stored(evidence, Question(**question), 4)
    kept = Kept(run, requirements, "", "USD")
    decision = decide(run, requirements, today=TODAY)
    for point in decision.flips:
        there = beyond(kept, requirements, point, point.at)
        assert named(there) != named(decision), point
        assert (there.verdict.kind, sorted(there.verdict.candidates)) == (point.kind, sorted(point.candidates)), point
        if point.until is not None:
            assert named(beyond(kept, requirements, point, point.until)) == named(decision), point
    return decision


def flips(decision: Decision) -> dict[str, FlipPoint]:
    return {f"{point.parameter} {point.candidate or ''}".strip(): point for point in reversed(decision.flips)}


def test_limits_and_prices() -> None:
    evidence = evidence_of(
        binary([0.9, 0.8, 0.6], 400), cost=[[0.002], [0.001], [0.0002]], latency=[[2.0], [1.0], [0.1]]
    )
    decision = checked(evidence, Requirements(cost_per_1000=3.0, latency_p95=5.0))
    assert decision.verdict.candidates == ["a"]
    found = flips(decision)
    assert found["cost_per_1000"].at == pytest.approx(2.0, rel=0.01)
    assert found["cost_per_1000"].candidates == ["b"]
    assert found["price a"].at == pytest.approx(3.0, rel=0.01)
    assert found["price a"].now == pytest.approx(2.0)
    assert found["latency_p95"].at == pytest.approx(2.0, rel=0.01)
    assert "price b" not in found, "nothing hangs on it"


def test_a_dear_one_left_out_comes_back_at_a_lower_price() -> None:
    evidence = evidence_of(binary([0.9, 0.75], 400), cost=[[0.004], [0.001]])
    decision = checked(evidence, Requirements(cost_per_1000=2.0))
    assert decision.verdict.candidates == ["b"]
    found = flips(decision)
    assert found["price a"].at == pytest.approx(2.0, rel=0.01)
    assert found["price a"].candidates == ["a"]
    assert found["without"].now == "cost_per_1000"
    assert found["without"].candidates == ["a"]


def test_the_margin_at_which_it_would_be_certified() -> None:
    evidence = evidence_of(binary([0.86, 0.88], 500), sides=("open", "closed"))
    decision = checked(evidence, Requirements(), goal="non_inferior", margin=0.01)
    assert decision.verdict.kind == "undecided"
    point = flips(decision)["margin"]
    assert isinstance(point.at, float)
    assert 0.01 < point.at < 0.1
    assert point.kind == "non_inferior"


def test_weights() -> None:
    evidence = evidence_of(binary([0.92, 0.84], 600), cost=[[0.002], [0.0005]])
    decision = checked(evidence, Requirements(prefer={"quality": 1.0, "cost": 1.0}))
    assert decision.verdict.kind == "preferred"
    assert decision.verdict.candidates == ["b"]
    assert {"weight of quality", "weight of cost", "price b"} <= set(flips(decision))


def test_the_first_user_at_which_a_licence_bites() -> None:
    job = Job(use=("service",), monthly_users=1000)
    decision = checked(four(), Requirements(licence=job, data=DataHandling(leaves="never")))
    assert decision.verdict.candidates == ["llama"]
    point = flips(decision)["monthly_users"]
    assert (point.until, point.at) == (700_000_000, 700_000_001)
    assert point.candidates == ["qwen"]


def test_the_day_on_which_a_service_ends() -> None:
    """The date is searched under what is known today, and moves with it."""
    from weighbridge.decide.bench import Bench
    from weighbridge.decide.flips import flip_points
    from weighbridge.decide.terms import Terms

    needed = Requirements(continuity=ContinuityFor(1, 0.5), licence=Job(use=("internal",), monthly_users=10))
    early = date(2025, 6, 1)
    run = weigh_stored(four(rates=(0.95, 0.8, 0.7, 0.6)), Question(), 4)
    bench = Bench(run)
    judged = bench.judge(Terms(needed, today=early))
    assert judged.named == ("use", ("gpt",))
    points = [point for point in flip_points(bench, judged) if point.parameter == "date"]
    assert len(points) == 1
    at, until = date.fromisoformat(str(points[0].at)), date.fromisoformat(str(points[0].until))
    assert (at - until).days == 1
    assert decide(run, needed, today=until, search=False).verdict.candidates == ["gpt"]
    assert decide(run, needed, today=at, search=False).verdict.candidates != ["gpt"]


@pytest.mark.slow
def test_the_volume_at_which_ones_own_machines_pay() -> None:
    evidence = four(rates=(0.9, 0.9, 0.6, 0.5), prices=(1.0, 0.5, 0.3, 0.1))
    needed = Requirements(
        load=Load(2000.0, input_tokens=400, output_tokens=100),
        prefer={"quality": 1.0, "cost": 1.0},
        licence=Job(use=("service",), monthly_users=1000),
    )
    decision = checked(evidence, needed)
    assert decision.verdict.candidates == ["gpt"]
    found = flips(decision)
    assert float(found["volume"].at or 0) > 2000
    curve = next(one for one in decision.break_even if (one.own, one.api) == ("llama", "gpt"))
    assert curve.requests_per_day is not None
    low, high = curve.interval
    assert low is not None
    assert low <= curve.requests_per_day <= (high or float("inf"))
    before = [p for p in curve.points if p.requests_per_day < low * 0.98]
    after = [p for p in curve.points if p.requests_per_day > curve.requests_per_day * 1.02]
    assert all(p.own[1] > p.api for p in before)
    assert after[0].own[1] <= after[0].api * 1.05
    assert "llama" in curve.statement


def test_money_per_month_under_the_load() -> None:
    needed = Requirements(load=Load(10_000.0), cost_per_month=800.0)
    decision = checked(evidence_of(binary([0.9, 0.8], 300), cost=[[0.002], [0.001]]), needed)
    costs = {f.candidate: f for f in decision.findings if f.dimension == "cost"}
    assert costs["a"].value == pytest.approx(0.002 * 10_000 * 30.4375)
    assert (costs["a"].met, costs["b"].met) == ("met", "met")
    found = flips(decision)
    assert found["cost_per_month"].at == pytest.approx(609, abs=1)
    assert found["volume"].at == pytest.approx(800 / 0.002 / 30.4375, rel=0.01)


@given(st.floats(0.5, 2e6), st.floats(1e-3, 1e7), st.booleans())
def test_a_crossing_is_found_on_both_sides(now: float, edge: float, up: bool) -> None:
    same: Callable[[float], bool] = (lambda v: v < edge) if up else (lambda v: v > edge)
    if not same(now):
        return
    found = crossing(now, away(now, up=up, most=now * 1e9, least=now / 1e9), same)
    if found is None:
        assert not (now / 4000 < edge < now * 1e8)
        return
    assert same(found.until)
    assert not same(found.at)
    assert abs(found.at - found.until) <= 0.03 * max(found.at, found.until)


@given(st.integers(0, 10**6), st.integers(1, 10**9))
def test_whole_numbers_are_neighbours(now: int, more: int) -> None:
    edge = now + more
    found = crossing(
        now, [float(int(v)) for v in away(float(now), up=True, most=1e10)], lambda v: v < edge, whole=True
    )
    assert found is not None
    assert (found.until, found.at) == (edge - 1, edge)


def test_nothing_flips_where_nothing_hangs() -> None:
    decision = checked(evidence_of(binary([0.95, 0.5], 300), cost=0.001), Requirements(cost_per_1000=1000.0))
    assert [point.parameter for point in decision.flips] == ["cost_per_1000"], (
        "a price a thousand times as high is not tried"
    )
