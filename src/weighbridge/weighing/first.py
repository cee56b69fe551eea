"""The first draws of a run for every candidate, without a race: what a comparison of all with all needs."""

from __future__ import annotations

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
from weighbridge.weighing.weigh import DEFAULT_LIMITS, NO_BUDGET, NO_CALLS


async def ask_first(
    task: Task,
    candidates: Sequence[Candidate],
    question: Question,
    items: int,
    *,
    store: Store,
    budget: Budget = NO_BUDGET,
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    halt: Halt | None = None,
    least: int = 2,
    kept_only: bool = False,
) -> Run:
    """Every candidate answers the first items that `weigh` with this seed and claim would draw: `items` of them, or
    as many more as their clusters hold.

    `least` candidates must be there; with `kept_only` no call is made. Of `question` only the claim decides what is
    drawn. The run's outcome claims nothing. Raises as `weigh` does.
    """
    check_run(task, candidates, question, budget, least=least)
    halt = halt or Halt()
    budget = NO_CALLS if kept_only else budget
    with interruptible(halt):
        ready = await made_ready(candidates, store)
        course = Course(task, ready, question, budget, store, seed, limits, progress or silent, halt)
        units = course.order.units
        enough = next((unit for unit in range(1, units) if course.order.starts[unit] >= items), units)
        return await course.first(enough)
