"""The bill: from reported usage at the price's own rates, and held against what was foretold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weighbridge.decide import decide
from weighbridge.evidence import Budget, Price, Question, Tier, Usage
from weighbridge.models.protocol import Request, Sampling
from weighbridge.report.figures import off_plan
from weighbridge.report.html import render_html
from weighbridge.report.terminal import report_lines
from weighbridge.store import open_store
from weighbridge.tasks.item import Message
from weighbridge.weighing.bill import Bill
from weighbridge.weighing.plan import plan
from weighbridge.weighing.weigh import weigh
from weighing.parts import pair, task_of

POOL = Question(claim="pool", epsilon=0.02)
PRICE = Price(
    input_per_million=100.0,
    output_per_million=200.0,
    cached_per_million=10.0,
    cache_write_per_million=125.0,
    batch_share=0.5,
    tiers=(Tier(1_000, input_per_million=300.0),),
)


def pair_at(price: Price, source: str | None = None):
    return [replace(one, price=price, price_source=source) for one in pair(0.9, 0.5, price=price)]


@pytest.mark.parametrize("claim", ["pool", "population"])
async def test_a_run_tells_how_far_its_own_plan_was_off(store, tmp_path, claim):
    question = Question(claim=claim, epsilon=0.02)
    made = await plan(task_of(200), pair_at(PRICE), question, store=store, seed=1)
    with open_store(tmp_path / "another.db") as fresh:
        run = await weigh(task_of(200), pair_at(PRICE), question, store=fresh, seed=1)
    assert made.likely is not None
    assert run.planned == pytest.approx(made.likely.money)
    assert run.spent == pytest.approx(run.calls_made * (10 * 100 + 2 * 200) / 1e6)
    decision = decide(run, currency="USD")
    assert decision.cost.planned == run.planned
    line = off_plan(run.planned, run.spent, "USD")
    assert line is not None
    assert line in render_html(decision, decision.evidence)
    assert any(line in one.text for one in report_lines(decision, 80))


async def test_a_run_that_was_cut_short_is_held_against_no_plan(store):
    run = await weigh(task_of(200), pair_at(PRICE), POOL, store=store, seed=1, budget=Budget(calls=10))
    assert run.stopped == "budget"
    assert run.planned is None


async def test_without_a_price_there_is_no_plan_to_be_off(store):
    run = await weigh(task_of(200), pair_at(Price()), POOL, store=store, seed=1)
    assert run.planned is None
    assert off_plan(run.planned, run.spent) is None


async def test_where_a_price_comes_from_stands_in_plan_and_report(store):
    source = "100 input / 200 output per million tokens (USD, v/m, by litellm, 2026-08-06)"
    made = await plan(task_of(200), pair_at(PRICE, source), POOL, store=store, seed=1)
    assert any(source in note for note in made.notes)
    decision = decide(await weigh(task_of(200), pair_at(PRICE, source), POOL, store=store, seed=1))
    assert set(decision.cost.prices.values()) == {source}
    assert source in render_html(decision, decision.evidence)
    assert sum(source in line.text for line in report_lines(decision, 80)) == 2


def test_off_plan_is_a_share_of_the_plan():
    assert off_plan(1.2, 1.31) == "planned $1.20, billed $1.31 (+9 %)"
    assert off_plan(2.0, 1.0) == "planned $2.00, billed $1.00 (-50 %)"
    assert off_plan(0.0, 0.0) is None
    assert off_plan(None, 1.0) is None


def test_the_worst_of_a_call_reckons_with_its_dearest_tier():
    flat = Price(input_per_million=100.0, output_per_million=200.0)
    tiered, plain = (pair(0.9, 0.5, price=price)[0] for price in (PRICE, flat))
    request = Request((Message("user", "x" * 2_000),), Sampling(max_tokens=10))
    assert Bill(tiered, 60.0).at_most(request) > 2.9 * Bill(plain, 60.0).at_most(request)
    brief = Request((Message("user", "x"),), Sampling(max_tokens=10))
    assert Bill(tiered, 60.0).at_most(brief) >= (PRICE.call(Usage(input_tokens=1, output_tokens=10)) or 0.0)
