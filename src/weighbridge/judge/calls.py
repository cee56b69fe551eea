"""Asks the judge: through the same gate, purse and store as a run's candidates."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from weighbridge.errors import WeighbridgeError
from weighbridge.evidence import Budget, Price
from weighbridge.judge.asking import JudgePrompt
from weighbridge.models.protocol import Model, Sampling
from weighbridge.store import Store, key_of
from weighbridge.tasks.item import Item
from weighbridge.weighing.bill import check_budget
from weighbridge.weighing.budget import Purse
from weighbridge.weighing.caller import Caller
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.contenders import contenders_for
from weighbridge.weighing.halt import Halt, interruptible
from weighbridge.weighing.job import Job
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import Progress, silent
from weighbridge.weighing.ready import made_ready

TASK = "judge"
"""What the store calls the job these answers were for."""

BATCH = 2048


@dataclass(frozen=True, slots=True)
class Replies:
    """What the judge said, and what it cost."""

    texts: dict[str, str] = field(default_factory=dict)
    """By item id; absent: never asked, because the budget ended before."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why no reply came, by item id."""
    made: int = 0
    from_store: int = 0
    spent: float | None = None
    """Money for every reply used, today's or an earlier run's; None where the price is unknown."""
    spent_now: float | None = None
    stopped: str | None = None
    """``budget`` or ``interrupted``, where not all was asked."""


async def ask_judge(
    model: Model,
    items: Sequence[Item],
    store: Store,
    *,
    price: Price,
    budget: Budget,
    limits: Limits,
    max_tokens: int = 512,
    choices: tuple[str, ...] | None = None,
    seed: int = 0,
    progress: Progress = silent,
    halt: Halt | None = None,
) -> Replies:
    """Have every item's reply, from the store where it is there, in the order given as far as the budget goes.

    `choices` are the only replies allowed, where the engine can be held to them.

    Raises `UsageError` for a budget that cannot be kept, `StoreError`, and `WeighbridgeError` where the judge never
    answered or stopped answering.
    """
    prompt = JudgePrompt()
    judge = Candidate("judge", model, prompt, Sampling(max_tokens=max_tokens), price, choices=choices)
    check_budget(budget, [judge])
    (judge,) = await made_ready([judge], store)
    contender = contenders_for(TASK, [judge], limits)[0]
    halt = halt or Halt()
    loop = asyncio.get_running_loop()
    purse = Purse(budget, loop.time())
    caller = Caller(limits, purse, store, halt, progress, seed)
    texts: dict[str, str] = {}
    failed: dict[str, str] = {}
    from_store = 0
    ends = purse.ends
    timer = loop.call_at(ends, halt.call, "budget") if ends is not None else None
    with interruptible(halt):
        try:
            for start in range(0, len(items), BATCH):
                jobs = []
                for index, item in enumerate(items[start : start + BATCH], start):
                    request = contender.request(prompt.render(item), item, 0)
                    jobs.append(Job(contender, index, item.id, request, key_of(model, request)))
                from_store += _look_up(jobs, store)
                asked = list({job.key: job for job in reversed(jobs) if job.answer is None}.values())[::-1]
                if asked:
                    await caller.ask(asked)
                done = {job.key: job for job in asked}
                for job in jobs:
                    over = done.get(job.key, job)
                    if over.answer is not None:
                        texts[job.item_id] = over.answer.completion.text
                    elif over.error is not None:
                        failed[job.item_id] = over.error
                if contender.down:
                    raise WeighbridgeError(
                        f"the judge {model.spec} {contender.down}",
                        where="option --judge",
                        fix="mend what it says and run the same command: replies that came are not paid for twice",
                    )
                if halt.reason:
                    break
        finally:
            if timer is not None:
                timer.cancel()
    known = contender.costed == contender.answers or contender.bill.free
    return Replies(
        texts,
        failed,
        purse.calls,
        from_store,
        contender.cost if known else None,
        purse.settled if contender.bill.known else None,
        halt.reason,
    )


def _look_up(jobs: Sequence[Job], store: Store) -> int:
    """Fill in what the store holds; returns how many that are."""
    found = store.get_many([job.key for job in jobs])
    for job in jobs:
        job.answer = found.get(job.key)
        if job.answer is not None:
            job.contender.count(job.answer, from_store=True)
    return sum(job.answer is not None for job in jobs)
