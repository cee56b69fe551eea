"""The bill before the run: exact where it can be, near enough where it is an estimate."""

from __future__ import annotations

import numpy as np
import pytest

from weighbridge.evidence import Budget, Price, Question, Usage
from weighbridge.models.protocol import ModelError
from weighbridge.stats.rules import Rules
from weighbridge.weighing.likely import likely_draws
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.plan import plan
from weighbridge.weighing.weigh import weigh
from weighing.parts import LocalModel, candidate, pair, task_of

QUICK = Limits(backoff=0.001, backoff_most=0.002)
POOL = Question(claim="pool", epsilon=0.02)


async def test_the_worst_case_is_every_item_at_the_measured_cost(store):
    price = Price(input_per_million=100.0, output_per_million=200.0)
    candidates = pair(0.9, 0.5, price=price)
    made = await plan(task_of(200), candidates, POOL, store=store, seed=1)
    each = price.call(Usage(input_tokens=10, output_tokens=2))
    assert made.worst.calls == 400
    assert made.worst.money == pytest.approx(400 * each)
    assert made.worst.tokens_in == pytest.approx(4000)
    assert made.worst.tokens_out == pytest.approx(800)
    assert made.rows[0].cost_per_1000 == pytest.approx(1000 * each)
    assert made.worst.minutes > 0
    assert made.pilot_calls_now == made.pilot.calls == 16
    assert made.pilot.money == pytest.approx(16 * each)
    assert [len(c.model.asked) for c in candidates] == [8, 8]
    assert 16 <= made.likely.calls <= made.worst.calls


async def test_nothing_of_the_pilot_is_wasted(store):
    await plan(task_of(200), pair(0.9, 0.3), POOL, store=store, seed=1)
    again = pair(0.9, 0.3)
    run = await weigh(task_of(200), again, POOL, store=store, seed=1)
    assert run.calls_from_store == 16
    assert sum(len(c.model.asked) for c in again) == run.calls_made - 16


async def test_a_plan_without_calls_says_what_it_cannot_know(store):
    candidates = pair(0.9, 0.3)
    made = await plan(task_of(50), candidates, POOL, store=store, ask=False)
    assert not any(c.model.asked for c in candidates)
    assert made.likely is None
    assert made.worst.calls == 100
    assert made.worst.money == pytest.approx(1.0), "100 calls at 0.01, as far as the price alone tells"
    assert made.worst.about
    assert made.worst.minutes is None
    assert any("no answers to reckon from" in note for note in made.notes)


async def test_stored_answers_are_used_as_far_as_they_reach(store):
    run = await weigh(task_of(300), pair(0.6, 0.55), POOL, store=store, seed=2, budget=Budget(calls=200))
    made = await plan(task_of(300), pair(0.6, 0.55), POOL, store=store, seed=2, ask=False)
    assert made.pilot_calls_now == 0
    assert 64 <= made.rows[0].answers <= run.calls_made
    assert made.likely is not None


async def test_the_likely_stop_is_near_the_real_one_on_average(tmp_path):
    from weighbridge.store import open_store

    ratios = []
    for seed in range(12):
        with open_store(tmp_path / f"{seed}.db") as store:
            made = await plan(task_of(500), pair(0.85, 0.55), POOL, store=store, seed=seed, pilot=24)
            run = await weigh(task_of(500), pair(0.85, 0.55), POOL, store=store, seed=seed)
            ratios.append(made.likely.calls / run.calls_made)
    assert 0.6 < np.exp(np.mean(np.log(ratios))) < 3


def test_a_wide_gap_needs_fewer_draws_than_a_narrow_one():
    generator = np.random.default_rng(0)
    wide = (generator.random((2, 30)) < np.array([[0.95], [0.2]])).astype(float)
    narrow = (generator.random((2, 30)) < np.array([[0.6], [0.55]])).astype(float)
    rules = Rules(claim="pool")
    assert likely_draws(wide, rules, 1000).max() < 0.3 * likely_draws(narrow, rules, 1000).max()


@pytest.mark.parametrize(
    "rules",
    [
        Rules(goal="best", claim="population"),
        Rules(goal="non_inferior", challengers=(0, 1), references=(2,), margin=0.05),
        Rules(goal="superior", challengers=(0,), references=(1, 2)),
        Rules(goal="pareto", costs=(1.0, 2.0, 3.0)),
    ],
)
def test_draws_lie_between_the_pilot_and_the_pool(rules):
    values = (np.random.default_rng(3).random((3, 8)) < 0.5).astype(float)
    for units in (8, 50, 5000):
        draws = likely_draws(values, rules, units)
        assert draws.shape == (3,)
        assert (draws >= min(8, units)).all()
        assert (draws <= units).all()


async def test_a_budget_that_will_not_do_is_said_beforehand(store):
    made = await plan(task_of(400), pair(0.5, 0.5), POOL, store=store, budget=Budget(calls=60, money=100.0))
    assert any("budget of 60 calls" in note for note in made.notes)
    assert not any("money" in note for note in made.notes)


async def test_the_budget_holds_for_the_pilot(store):
    candidates = pair(0.5, 0.5)
    made = await plan(task_of(400), candidates, POOL, store=store, budget=Budget(calls=5))
    assert sum(len(c.model.asked) for c in candidates) == 5
    assert made.likely is None


async def test_a_candidate_that_cannot_answer_is_named(store):
    dead = LocalModel("dead", lambda t, n: ModelError("no such key", kind="auth"))
    made = await plan(task_of(50), [*pair(0.9, 0.1), candidate(dead)], POOL, store=store, limits=QUICK)
    assert "no such key" in made.rows[2].down
    assert any("dead cannot take part" in note for note in made.notes)


async def test_a_missing_price_is_said(store):
    candidates = [*pair(0.5), candidate(LocalModel("free?"), price=Price())]
    made = await plan(task_of(50), candidates, POOL, store=store)
    assert made.worst.money is None
    assert any("no price" in note and "free?" in note for note in made.notes)


async def test_before_any_answer_tokens_are_estimated_and_the_first_answers_correct_that(store):
    price = Price(input_per_million=100.0, output_per_million=200.0)
    before = await plan(task_of(200), pair(0.9, 0.5, price=price), POOL, store=store, seed=1, ask=False)
    most = pair(0.9, 0.5)[0].sampling.max_tokens
    assert before.worst.about
    assert before.worst.tokens_out == 400 * most
    assert before.worst.tokens_in > 400
    assert before.worst.money == pytest.approx(
        (before.worst.tokens_in * 100 + before.worst.tokens_out * 200) / 1e6, rel=0.1
    )
    assert any("counted about" in note for note in before.notes)
    after = await plan(task_of(200), pair(0.9, 0.5, price=price), POOL, store=store, seed=1)
    assert not after.worst.about
    assert after.worst.tokens_in == pytest.approx(4000)
    assert not any("counted about" in note for note in after.notes)
