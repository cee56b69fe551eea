"""What a call of the command is about to ask, and what that will cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from weighbridge.drifting.anchors import NEW, Anchored
from weighbridge.tasks.task import Task
from weighbridge.weighing.guessed import guess
from weighbridge.weighing.job import Job
from weighbridge.weighing.order import DrawOrder


@dataclass(frozen=True, slots=True)
class Coming:
    """What a call of the command is about to ask."""

    names: tuple[str, ...]
    looks: tuple[int, ...]
    """The number of each candidate's look; 0 where answers are only kept."""
    calls: int
    stored: int
    """Of the answers needed, those that are in the store."""
    money: float | None
    """About; None where it cannot be said."""
    at_most: float | None
    """What no call can go beyond, as long as the price per token is right; None where there is no price."""


def coming_calls(task: Task, every: Sequence[Anchored], jobs: Sequence[Sequence[Job]], order: DrawOrder) -> Coming:
    """What it takes: at the mean cost of the kept answers, else of counted tokens and answers at their longest."""
    money: float | None = 0.0
    most: float | None = 0.0
    needed = 0
    for one, mine in zip(every, jobs, strict=True):
        look = len(one.look.anchors) * NEW if one.look is not None else 0
        needed += len(one.items) * len(one.baseline.repeats) + look
        bill = one.contender.bill
        mean = _mean_cost(task, one, order)
        money = None if money is None or mean is None else money + mean * len(mine)
        bound = sum(bill.at_most(job.request) for job in mine) if bill.known else None
        most = None if most is None or bound is None else most + bound
    calls = sum(len(mine) for mine in jobs)
    return Coming(
        names=tuple(one.name for one in every),
        looks=tuple(one.look.number if one.look is not None else 0 for one in every),
        calls=calls,
        stored=needed - calls,
        money=money,
        at_most=most,
    )


def _mean_cost(task: Task, one: Anchored, order: DrawOrder) -> float | None:
    bill = one.contender.bill
    # Looks are asked live, whatever price the kept answers were had for.
    live = ((msgspec.structs.replace(a.completion.usage, batched=False), a) for a in one.kept.values())
    costs = [bill.cost(usage, answer.machine_seconds) for usage, answer in live]
    known = [cost for cost in costs if cost is not None]
    if known:
        return sum(known) / len(known)
    if bill.free:
        return 0.0
    guessed = guess(task, one.contender.candidate, replace(order, items=order.items[: len(one.items)]))
    return None if guessed is None else guessed.money
