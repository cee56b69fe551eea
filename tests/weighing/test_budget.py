"""The purse: nothing is sent that could go beyond a cap, at any concurrency and in any order of answers."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Budget, Price, Question, Usage
from weighbridge.models.protocol import ModelError, Request, Sampling
from weighbridge.tasks.item import Message
from weighbridge.weighing.bill import Bill, prompt_tokens_at_most
from weighbridge.weighing.budget import Purse
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.weigh import weigh
from weighing.parts import LocalModel, candidate, coin, pair, task_of

HARD = Question(claim="population", epsilon=0.0)
"""With candidates this alike nothing is decided before the pool is exhausted."""
QUICK = Limits(backoff=0.001, backoff_most=0.002)


@settings(deadline=None, max_examples=60)
@given(
    st.floats(0.5, 20),
    st.lists(st.tuples(st.floats(0.01, 1.0), st.floats(0.0, 1.0)), min_size=1, max_size=60),
    st.integers(1, 64),
    st.randoms(use_true_random=False),
)
def test_reserved_plus_settled_never_exceeds_the_cap(cap, calls, width, chance):
    purse = Purse(Budget(money=cap), 0.0)
    spent = 0.0

    async def call(worst: float, share: float) -> None:
        nonlocal spent
        hold = await purse.reserve(worst)
        if hold is None:
            return
        for _ in range(chance.randint(0, 3)):
            await asyncio.sleep(0)
        spent += worst * share
        purse.settle(hold, worst * share)

    async def work(queue) -> None:
        while queue:
            await call(*queue.pop())

    async def whole() -> None:
        queue = list(calls)
        await asyncio.gather(*(work(queue) for _ in range(width)))

    asyncio.run(whole())
    assert spent <= cap * (1 + 1e-6)
    assert purse.settled == pytest.approx(spent)
    if purse.empty is None:
        assert purse.calls == len(calls)


async def test_a_call_that_does_not_fit_waits_for_one_that_settles_for_less():
    purse = Purse(Budget(money=1.0), 0.0)
    first = await purse.reserve(0.8)
    waiting = asyncio.ensure_future(purse.reserve(0.8))
    await asyncio.sleep(0)
    assert not waiting.done()
    purse.settle(first, 0.1)
    assert (await asyncio.wait_for(waiting, 1)).money == 0.8
    assert purse.empty is None


async def test_with_nothing_under_way_what_does_not_fit_empties_the_purse():
    purse = Purse(Budget(money=1.0), 0.0)
    purse.settle(await purse.reserve(0.9), 0.9)
    assert await purse.reserve(0.2) is None
    assert purse.empty == "money"


def test_ten_calls_at_a_tenth_fit_into_one():
    purse = Purse(Budget(money=1.0), 0.0)
    for _ in range(10):
        purse.settle(purse.try_reserve(0.1, 0.0), 0.1)
    assert purse.try_reserve(0.1, 0.0) is None


@pytest.mark.parametrize("calls", [1, 7, 64, 100])
async def test_a_cap_on_calls_holds_at_concurrency_64(store, calls):
    chance = random.Random(1)
    models = [
        LocalModel(n, coin(n, 0.5), wait=lambda _: chance.uniform(0, 0.01), slots=64, place=f"here://{n}")
        for n in "ab"
    ]
    run = await weigh(
        task_of(400), [candidate(m) for m in models], HARD, store=store, budget=Budget(calls=calls), limits=QUICK
    )
    assert run.stopped == "budget"
    assert sum(len(m.asked) for m in models) == calls
    assert run.outcome.kind == "undecided"
    assert any("budget of calls" in note for note in run.notes)
    assert sum(1 for _ in store.answers()) == calls


async def test_a_cap_on_calls_counts_repeated_attempts(store):
    flaky = [
        LocalModel(n, lambda t, a: ModelError("x", kind="server") if a == 0 else "yes", place=f"here://{n}")
        for n in "ab"
    ]
    await weigh(task_of(100), [candidate(m) for m in flaky], HARD, store=store, budget=Budget(calls=25), limits=QUICK)
    assert sum(len(m.asked) for m in flaky) == 25


@pytest.mark.parametrize("money", [0.02, 0.35, 2.0])
async def test_money_is_never_exceeded_though_answers_cost_as_they_like(store, money):
    chance = random.Random(2)
    billed = 0.0
    price = Price(input_per_million=1000.0, output_per_million=5000.0)

    class Pricey(LocalModel):
        async def complete(self, request):
            nonlocal billed
            answer = await super().complete(request)
            usage = Usage(input_tokens=chance.randint(5, 12), output_tokens=chance.randint(1, 16))
            billed += price.call(usage)
            return type(answer)(answer.text, usage=usage)

    models = [
        Pricey(n, coin(n, 0.5), wait=lambda _: chance.uniform(0, 0.01), slots=64, place=f"here://{n}") for n in "ab"
    ]
    run = await weigh(
        task_of(300),
        [candidate(m, price=price) for m in models],
        HARD,
        store=store,
        budget=Budget(money=money),
        limits=QUICK,
    )
    assert run.stopped == "budget"
    assert billed <= money
    assert run.spent_now == pytest.approx(billed)
    worst = price.call(Usage(input_tokens=100, output_tokens=16))
    assert billed > money - 2 * worst or money < worst


async def test_what_a_cut_stream_may_have_cost_counts_as_spent(store):
    def speak(text, attempt):
        return ModelError("cut", kind="cut", usage_may_be_billed=True) if attempt == 0 else "yes"

    models = [LocalModel(n, speak, place=f"here://{n}") for n in "ab"]
    run = await weigh(
        task_of(100), [candidate(m) for m in models], HARD, store=store, budget=Budget(money=0.5), limits=QUICK
    )
    assert sum(len(m.asked) for m in models) == 50
    assert run.spent_now == pytest.approx(0.5)
    assert any("upper bound" in note for note in run.notes)


async def test_minutes_end_the_run_in_time_and_what_was_under_way_is_not_a_failure(store):
    models = [LocalModel(n, coin(n, 0.5), wait=lambda _: 0.03, place=f"here://{n}") for n in "ab"]
    loop = asyncio.get_running_loop()
    begin = loop.time()
    run = await weigh(
        task_of(5000), [candidate(m) for m in models], HARD, store=store, budget=Budget(minutes=0.3 / 60)
    )
    assert loop.time() - begin < 0.6
    assert run.stopped == "budget"
    assert not (run.evidence.status == 4).any()
    assert run.calls_made > 0


async def test_minutes_cut_a_call_that_would_outlast_them(store):
    models = [LocalModel(n, wait=lambda _: 30.0, place=f"here://{n}") for n in "ab"]
    begin = asyncio.get_running_loop().time()
    run = await weigh(task_of(50), [candidate(m) for m in models], HARD, store=store, budget=Budget(minutes=0.2 / 60))
    assert asyncio.get_running_loop().time() - begin < 1
    assert run.stopped == "budget"
    assert run.calls_made == 0
    assert not run.dead


async def test_answers_from_the_store_cost_nothing_of_the_budget(store):
    first = await weigh(task_of(100), pair(0.5, 0.5), HARD, store=store, budget=Budget(money=0.5))
    assert first.stopped == "budget"
    again = pair(0.5, 0.5)
    second = await weigh(task_of(100), again, HARD, store=store, budget=Budget(money=0.5))
    assert sum(len(c.model.asked) for c in again) == 50
    assert second.calls_made > first.calls_made


async def test_a_budget_of_money_needs_every_price(store):
    candidates = [*pair(0.5), candidate(LocalModel("free?"), price=Price())]
    with pytest.raises(UsageError, match=r"'free\?' has none") as caught:
        await weigh(task_of(5), candidates, HARD, store=store, budget=Budget(money=1.0))
    assert "per_request: 0" in caught.value.fix


async def test_a_rule_needs_no_price(store):
    rule = candidate(LocalModel("rule", local=True), price=Price())
    run = await weigh(task_of(20), [*pair(0.5), rule], HARD, store=store, budget=Budget(money=1.0))
    assert run.spent_now == pytest.approx(0.01 * len(run.evidence.asked[0].nonzero()[0]))


@given(st.text(max_size=200), st.text(max_size=50))
def test_no_more_tokens_are_reckoned_than_bytes_and_never_fewer(user, system):
    request = Request((Message("system", system), Message("user", user)))
    size = len(user.encode("utf-8", "surrogatepass")) + len(system.encode("utf-8", "surrogatepass"))
    assert size < prompt_tokens_at_most(request) <= size + 80


def test_the_largest_call_seen_raises_the_bound():
    bill = Bill(candidate(LocalModel("m"), price=Price(output_per_million=1e6)), 60.0)
    request = Request((Message("user", "hi"),), Sampling(max_tokens=10))
    assert bill.at_most(request) == pytest.approx(10)
    bill.learn(request, Usage(input_tokens=3, output_tokens=40), 0.1, 40.0)
    assert bill.at_most(request) == pytest.approx(40)


def test_machine_hours_are_bounded_by_the_deadline_until_something_was_measured():
    bill = Bill(candidate(LocalModel("m"), price=Price(per_hour=3600.0)), 60.0)
    request = Request((Message("user", "hi"),))
    assert bill.at_most(request) == pytest.approx(60)
    bill.learn(request, Usage(), 0.5, 0.5)
    assert bill.at_most(request) == pytest.approx(1.0)
