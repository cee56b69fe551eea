"""The core: run candidates on items in one random order, and stop as soon as the race says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from weighbridge.evidence import Budget, Question
from weighbridge.store import Store
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.checks import check_run
from weighbridge.weighing.course import Course
from weighbridge.weighing.halt import Halt, interruptible
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import Progress, silent
from weighbridge.weighing.ready import made_ready
from weighbridge.weighing.run import Run

NO_BUDGET = Budget()
NO_CALLS = Budget(calls=0)
DEFAULT_LIMITS = Limits()


async def weigh(
    task: Task,
    candidates: Sequence[Candidate],
    question: Question,
    *,
    store: Store,
    budget: Budget = NO_BUDGET,
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    halt: Halt | None = None,
    kept_only: bool = False,
) -> Run:
    """Weigh `candidates` on `task` until `question` is answered, the budget is spent, or the items are.

    Items are drawn in one random order fixed by `seed`; answers already in `store` cost no call, and every new one is
    committed there before it is scored, so that the same call after any interruption goes on where it stopped. An
    answer that never comes is scored ``failed`` and is not stored: running again asks for it again, so that a verdict
    that rests on failures may change when they heal. With `kept_only` no call is made at all: what is in the store is
    all there is.

    Ctrl-C (in the main thread) or ``halt.call("interrupted")`` stops the run and leaves a valid outcome. The budget
    is that of this call; what earlier runs paid is in the store and is not counted against it.

    Raises `UsageError` where the run cannot answer its question, `StoreError` where an answer cannot be written,
    `WeighbridgeError` where the scorer breaks or fewer than two candidates ever answered.
    """
    check_run(task, candidates, question, budget)
    halt = halt or Halt()
    budget = NO_CALLS if kept_only else budget
    with interruptible(halt):
        candidates = await made_ready(candidates, store)
        course = Course(task, candidates, question, budget, store, seed, limits, progress or silent, halt)
        return await course.run()


def weigh_now(
    task: Task,
    candidates: Sequence[Candidate],
    question: Question,
    *,
    store: Store,
    budget: Budget = NO_BUDGET,
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Run:
    """`weigh` for callers without an event loop; closes the candidates' models."""

    async def whole() -> Run:
        try:
            return await weigh(
                task,
                candidates,
                question,
                store=store,
                budget=budget,
                seed=seed,
                limits=limits,
                progress=progress,
            )
        finally:
            await asyncio.gather(*{id(c.model): c.model.close() for c in candidates}.values())

    return asyncio.run(whole())
