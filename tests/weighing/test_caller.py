"""Attempts, deadlines, rate limits, Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from weighbridge.evidence import Price, Question, Status
from weighbridge.models.protocol import ModelError
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import Slowed
from weighbridge.weighing.weigh import weigh
from weighing.parts import LocalModel, Plain, candidate, coin, heard, pair, task_of

HARD = Question(claim="population", epsilon=0.0)
QUICK = Limits(backoff=0.001, backoff_most=0.002)
FAILED = list(Status).index(Status.FAILED)


@pytest.mark.parametrize("kind", ["timeout", "server", "connection", "cut", "malformed", "empty", "rate_limit"])
async def test_every_passing_fault_is_tried_again(store, kind):
    flaky = LocalModel("flaky", lambda text, n: ModelError("x", kind=kind) if n < 2 else "yes")
    run = await weigh(task_of(10), [candidate(flaky), *pair(0.4)], HARD, store=store, limits=QUICK)
    assert not (run.evidence.status == FAILED).any()
    assert {flaky.asked.count(text) for text in set(flaky.asked)} == {3}


async def test_a_refused_request_is_not_tried_again(store):
    picky = LocalModel("p", lambda text, n: ModelError("x", kind="bad_request") if text == "item-3" else "yes")
    run = await weigh(task_of(10), [candidate(picky), *pair(0.4)], HARD, store=store, limits=QUICK)
    assert picky.asked.count("item-3") == 1
    assert run.evidence.status[0, 3] == FAILED


async def test_one_deadline_covers_the_whole_chain(store):
    hanging = LocalModel("h", lambda text, n: "yes", wait=lambda n: 10.0 if n == 2 else 0.0, slots=1)
    limits = Limits(deadline=0.1, backoff=0.001)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    run = await weigh(task_of(6), [candidate(hanging), *pair(0.4)], HARD, store=store, limits=limits)
    assert loop.time() - begin < 1.0
    assert int((run.evidence.status[0] == FAILED).sum()) == 1
    assert hanging.cancelled == 1


async def test_a_deadline_ends_a_chain_of_quick_failures(store):
    bad = LocalModel("b", lambda text, n: ModelError("x", kind="server") if text == "item-1" else "yes")
    limits = Limits(deadline=0.15, attempts=10_000, backoff=0.01, backoff_most=0.02, retries=10_000)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    run = await weigh(task_of(6), [candidate(bad), *pair(0.4)], HARD, store=store, limits=limits)
    assert 0.1 < loop.time() - begin < 0.6
    assert run.evidence.status[0, 1] == FAILED
    assert bad.asked.count("item-1") > 3


async def test_the_retry_budget_is_one_for_the_run(store):
    flaky = [
        LocalModel(n, lambda t, a: ModelError("x", kind="malformed") if a == 0 else "yes", place=f"here://{n}")
        for n in "ab"
    ]
    limits = Limits(retries=5, backoff=0.001, give_up=1000)
    run = await weigh(task_of(20), [candidate(m) for m in flaky], HARD, store=store, limits=limits)
    assert run.retries == 5
    assert sum(len(m.asked) for m in flaky) == 45
    assert int((run.evidence.status == FAILED).sum()) == 35
    assert any("retry budget" in note for note in run.notes)


async def test_a_retry_after_holds_the_whole_endpoint_and_nothing_fails(store):
    loop = asyncio.get_running_loop()
    times: list[float] = []

    def speak(text, attempt):
        times.append(loop.time())
        return ModelError("slow down", kind="rate_limit", retry_after=0.15) if len(times) == 5 else "yes"

    limited = LocalModel("l", speak, slots=2)
    other = LocalModel("o", lambda t, n: times.append(loop.time()) or "no", slots=2)
    events = []
    run = await weigh(
        task_of(16), [candidate(limited), candidate(other)], HARD, store=store, limits=QUICK, progress=events.append
    )
    refused = times[4]
    assert not [when for when in times if refused + 0.02 < when < refused + 0.14]
    assert not (run.evidence.status == FAILED).any()
    assert heard(events, Slowed)[0].pause == 0.15


async def test_a_retry_after_beyond_the_deadline_fails_at_once(store):
    asked = ModelError("come back tomorrow", kind="rate_limit", retry_after=0.2)
    model = LocalModel("m", lambda t, n: asked if t == "item-2" and n == 0 else "yes", slots=1)
    run = await weigh(
        task_of(5), [candidate(model), *pair(0.4)], HARD, store=store, limits=Limits(deadline=0.1, backoff=0.001)
    )
    assert run.evidence.status[0, 2] == FAILED
    assert int((run.evidence.status == FAILED).sum()) == 1


async def test_concurrency_follows_what_the_server_bears(store):
    """A server that takes 6 at once, asked by 64 workers: every answer comes, few calls are refused."""
    refused = 0

    class Limited(LocalModel):
        async def complete(self, request):
            nonlocal refused
            if self.in_flight >= 6:
                refused += 1
                raise ModelError("429", kind="rate_limit", retry_after=0.005)
            return await super().complete(request)

    model = Limited("m", coin("m", 0.5), wait=lambda n: 0.002, slots=8)
    run = await weigh(
        task_of(500), [candidate(model), *pair(0.5)], HARD, store=store, limits=Limits(retries=1000, backoff=0.005)
    )
    assert not (run.evidence.status == FAILED).any()
    assert model.peak <= 6
    assert refused < 150


async def test_an_engine_here_gets_no_more_calls_than_it_has_slots(store):
    models = [LocalModel(n, coin(n, 0.5), wait=lambda _: 0.001, place="engine", slots=4) for n in "ab"]
    peak = 0
    for model in models:
        model.wait = lambda _: 0.001
    run = await weigh(task_of(200), [candidate(m) for m in models], HARD, store=store)
    peak = max(m.peak for m in models)
    assert run.calls_made == 400
    assert peak <= 4


@pytest.mark.parametrize("fixed", [False, True])
async def test_a_server_gets_more_calls_than_the_first_guess_unless_the_user_named_a_number(store, fixed):
    models = [
        LocalModel(n, coin(n, 0.5), wait=lambda _: 0.002, place=f"https://{n}", slots=3, fixed=fixed) for n in "ab"
    ]
    await weigh(task_of(400), [candidate(m) for m in models], HARD, store=store)
    assert {m.peak for m in models} == {3} if fixed else min(m.peak for m in models) > 3


async def test_machine_hours_are_spread_over_the_measured_throughput(store):
    price = Price(per_hour=3600.0)
    models = [LocalModel(n, coin(n, 0.5), wait=lambda _: 0.01, place="engine", slots=4) for n in "ab"]
    begin = asyncio.get_running_loop().time()
    run = await weigh(task_of(100), [candidate(m, price=price) for m in models], HARD, store=store)
    wall = asyncio.get_running_loop().time() - begin
    assert 0.4 < run.spent <= wall
    assert run.spent == pytest.approx(run.spent_now, rel=1e-6)
    assert "per machine hour at" in run.evidence.columns[0].price_note
    again = await weigh(task_of(100), [candidate(m, price=price) for m in models], HARD, store=store)
    assert again.spent == pytest.approx(run.spent)


async def test_machine_hours_of_answers_that_only_state_their_time_are_charged_one_at_a_time(store):
    from pathlib import Path

    from weighbridge.models.options import ModelOptions
    from weighbridge.models.specs import open_model

    specs = [f"simulated:accuracy=0.5,latency=0.5,seed={seed}" for seed in (1, 2)]
    models = [open_model(spec, ModelOptions(), Path()) for spec in specs]
    weighed = [Candidate(m.spec, m, Plain(), price=Price(per_hour=3600.0)) for m in models]
    run = await weigh(task_of(20), weighed, HARD, store=store)
    assert run.evidence.cost[run.evidence.asked] == pytest.approx(0.5)


async def test_an_interruption_keeps_what_was_under_way_and_a_rerun_ends_the_same(store, tmp_path):
    from weighbridge.store import open_store

    halt = Halt()
    candidates = pair(0.5, 0.45)
    for one in candidates:
        one.model.wait = lambda n: 0.01
    asyncio.get_running_loop().call_later(0.12, halt.call, "interrupted")
    run = await weigh(task_of(300), candidates, HARD, store=store, seed=6, halt=halt)
    assert run.stopped == "interrupted"
    assert run.outcome.kind == "undecided"
    asked = sum(len(c.model.asked) for c in candidates)
    assert sum(1 for _ in store.answers()) == asked
    assert not any(c.model.cancelled for c in candidates)

    resumed = await weigh(task_of(300), candidates, HARD, store=store, seed=6)
    assert sum(len(c.model.asked) for c in candidates) == resumed.calls_made
    with open_store(tmp_path / "other.db") as other:
        whole = await weigh(task_of(300), pair(0.5, 0.45), HARD, store=other, seed=6)
    assert resumed.outcome.winners == whole.outcome.winners
    assert resumed.calls_made == whole.calls_made


async def test_what_outlasts_the_grace_is_let_go_and_a_second_ctrl_c_does_not_wait(store):
    for twice in (False, True):
        halt = Halt()
        candidates = pair(0.5, 0.45)
        for one in candidates:
            one.model.wait = lambda n: 20.0
        loop = asyncio.get_running_loop()
        begin = loop.time()
        loop.call_later(0.05, halt.call, "interrupted")
        if twice:
            loop.call_later(0.1, halt.call, "interrupted")
        run = await weigh(
            task_of(30), candidates, HARD, store=store, halt=halt, limits=Limits(grace=3.0 if twice else 0.1)
        )
        assert loop.time() - begin < 0.5
        assert run.stopped == "interrupted"
        assert not run.dead


async def test_ctrl_c_is_heard(store):
    candidates = pair(0.5, 0.45)
    for one in candidates:
        one.model.wait = lambda n: 0.01
    before = signal.getsignal(signal.SIGINT)
    asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGINT)
    run = await weigh(task_of(2000), candidates, HARD, store=store)
    assert run.stopped == "interrupted"
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("after", [0.02, 0.05, 0.051, 0.052, 0.053, 0.054, 0.055, 0.1])
async def test_a_cancelled_run_leaves_its_answers_in_the_store(store, after):
    candidates = pair(0.5, 0.5)
    for one in candidates:
        one.model.wait = lambda n: 0.004
    running = asyncio.ensure_future(weigh(task_of(3000), candidates, HARD, store=store))
    await asyncio.sleep(after)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    kept = sum(1 for _ in store.answers())
    assert kept == sum(len(c.model.asked) - c.model.cancelled for c in candidates)
