"""Engines that take long to come up: loading is not counted against an answer, and its failure ends the candidate."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from weighbridge.evidence import Budget, Question, Status
from weighbridge.models.protocol import ModelError
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.weigh import weigh
from weighing.parts import LocalModel, candidate, coin, pair, task_of

HARD = Question(claim="population", epsilon=0.0)
SHORT = Limits(deadline=0.2, backoff=0.001)
FAILED = list(Status).index(Status.FAILED)


@dataclass
class Slow(LocalModel):
    """Loads for a while, once."""

    loading: float = 0.4
    broken: bool = False
    loaded: bool = False

    async def start(self) -> None:
        if not self.loaded:
            await asyncio.sleep(self.loading)
            if self.broken:
                raise ModelError("it cannot be loaded", kind="dead", fix="get it again")
            self.loaded = True


async def test_the_clock_of_an_answer_begins_when_the_engine_is_up(store) -> None:
    slow = Slow("slow", coin("slow", 0.9))
    run = await weigh(task_of(10), [candidate(slow), *pair(0.4)], HARD, store=store, limits=SHORT)
    assert slow.loaded
    assert not (run.evidence.status == FAILED).any()
    assert not run.dead
    again = Slow("slow", coin("slow", 0.9))
    run = await weigh(task_of(10), [candidate(again), *pair(0.4)], HARD, store=store, limits=SHORT)
    assert not again.loaded, "all answers are in the store: nothing is loaded"


async def test_an_engine_that_does_not_come_up_takes_its_candidate_down(store) -> None:
    broken = Slow("broken", broken=True, loading=0.01)
    run = await weigh(task_of(10), [candidate(broken), *pair(0.9, 0.4)], HARD, store=store, limits=SHORT)
    assert run.dead == {"broken": "it cannot be loaded (get it again)"}
    assert broken.asked == []


async def test_the_minutes_of_a_budget_end_a_loading_too(store) -> None:
    slow = Slow("slow", loading=30.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    run = await weigh(
        task_of(10), [candidate(slow), *pair(0.9)], HARD, store=store, limits=SHORT, budget=Budget(minutes=0.005)
    )
    assert loop.time() - began < 10
    assert run.stopped == "budget"
