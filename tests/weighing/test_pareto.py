"""A question about quality and cost: costs are measured on the first draws and kept up to date."""

import pytest

from weighbridge.errors import UsageError
from weighbridge.evidence import Price, Question
from weighbridge.models.protocol import ModelError
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.weigh import weigh
from weighing.parts import LocalModel, candidate, coin, task_of

PARETO = Question(goal="pareto", claim="pool", epsilon=0.05)
QUICK = Limits(backoff=0.001, backoff_most=0.002)


def priced(name, share, per_request):
    price = Price() if per_request is None else Price(per_request=per_request)
    return candidate(LocalModel(name, coin(name, share), place=f"here://{name}"), price=price)


async def test_the_dominated_one_is_off_the_frontier(store):
    candidates = [priced("good", 0.9, 0.02), priced("cheap", 0.5, 0.001), priced("bad-buy", 0.4, 0.05)]
    run = await weigh(task_of(300), candidates, PARETO, store=store)
    assert run.outcome.kind == "frontier"
    assert set(run.outcome.winners) == {0, 1}
    assert run.calls_made < run.calls_exhaustive


async def test_a_cost_that_is_not_known_is_a_usage_error(store):
    with pytest.raises(UsageError, match="'free\\?' is not known"):
        await weigh(task_of(30), [priced("good", 0.9, 0.02), priced("free?", 0.5, None)], PARETO, store=store)


async def test_one_that_dies_in_the_pilot_leaves_the_others_their_question(store):
    dead = candidate(LocalModel("dead", lambda t, n: ModelError("gone", kind="dead"), place="here://dead"))
    run = await weigh(
        task_of(300),
        [priced("good", 0.9, 0.02), priced("cheap", 0.5, 0.001), dead],
        PARETO,
        store=store,
        limits=QUICK,
    )
    assert list(run.dead) == ["dead"]
    assert set(run.outcome.winners) == {0, 1}
