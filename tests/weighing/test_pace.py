"""No candidate is asked far ahead of the others, and nobody waits longer for it than the slowest takes anyway."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest

from weighbridge.models.protocol import ModelError, Request
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.measure import measure
from weighbridge.weighing.pace import AHEAD
from weighing.parts import LocalModel, candidate, coin, task_of


@dataclass
class Clocked(LocalModel):
    """Notes when each item was asked."""

    times: dict[str, float] = field(default_factory=dict)

    async def complete(self, request: Request):
        self.times.setdefault(request.messages[-1].content, time.perf_counter())
        return await super().complete(request)


def clocked(name: str, seconds: float, slots: int, share: float = 0.5, speak=None):
    model = Clocked(
        name, speak or coin(name, share), lambda n: seconds, place=f"here://{name}", slots=slots, fixed=True
    )
    return candidate(model)


def lead(first: Clocked, second: Clocked) -> int:
    """The most items by which the first was ahead of the second when it was asked, over its calls."""
    moments = sorted([(at, 1) for at in first.times.values()] + [(at, -1) for at in second.times.values()])
    ahead = most = 0
    for _, step in moments:
        ahead += step
        most = max(most, ahead)
    return most


@pytest.mark.parametrize(
    ("slots", "seconds"), [((8, 1), (0.001, 0.005)), ((4, 4), (0.0, 0.01)), ((1, 1), (0.001, 0.004))]
)
async def test_unequal_speeds_do_not_part_candidates_in_time(store, slots, seconds):
    people = [clocked(name, s, k) for name, s, k in zip("ab", seconds, slots, strict=True)]
    fast, slow = (one.model for one in people)
    began = time.perf_counter()
    await measure(task_of(300), people, store=store, seed=1)
    took = time.perf_counter() - began
    assert len(fast.times) == len(slow.times) == 300
    assert lead(fast, slow) <= AHEAD + 1
    # In time: the same item is never asked of the two further apart than the slow one needs for the items between.
    # (All but a few: a machine that stands still for a moment parts the items of that moment.)
    apart = sorted(abs(fast.times[text] - slow.times[text]) for text in fast.times)
    assert apart[270] < 0.35 * took
    # Over the run as a whole both are asked at the same moments on average.
    middle = [sum(one.times.values()) / len(one.times) for one in (fast, slow)]
    assert abs(middle[0] - middle[1]) < 0.2 * took


async def test_nobody_waits_for_the_pace_longer_than_the_slowest_takes(store):
    people = [clocked("a", 0.0, 8), clocked("b", 0.004, 2)]
    began = time.perf_counter()
    await measure(task_of(200), people, store=store, seed=1)
    took = time.perf_counter() - began
    slow = people[1].model
    assert took < 10 * 0.004 * len(slow.times) / 2


async def test_a_batch_as_wide_as_its_engine_is_not_torn(store):
    people = [clocked("a", 0.005, 48), clocked("b", 0.005, 48)]
    await measure(task_of(200), people, store=store, seed=1)
    assert [one.model.peak for one in people] == [48, 48]


async def test_one_that_dies_or_stumbles_holds_nobody_back(store):
    def dies(text: str, attempt: int):
        return ModelError("gone", kind="dead") if text == "item-7" else "yes"

    def stumbles(text: str, attempt: int):
        return "yes" if attempt or int(text[5:]) % 5 else ModelError("busy", kind="server")

    people = [clocked("a", 0.0, 8), clocked("b", 0.001, 1, speak=dies), clocked("c", 0.001, 2, speak=stumbles)]
    quick = Limits(backoff=0.001, backoff_most=0.002)
    found = await measure(task_of(120), people, store=store, seed=1, limits=quick)
    assert "b" in found.dead
    assert found.evidence.asked[[0, 2]].all()
    assert lead(people[0].model, people[2].model) <= AHEAD + 1


async def test_answers_in_the_store_hold_nobody_back(store):
    await measure(task_of(200), [clocked("a", 0.0, 8), clocked("b", 0.0, 8)], store=store, seed=1)
    again = [clocked("a", 0.0, 8), clocked("c", 0.0, 8)]
    await measure(task_of(200), again, store=store, seed=1)
    assert [len(one.model.times) for one in again] == [0, 200]
