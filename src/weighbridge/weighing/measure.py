"""Ask every candidate every item: for figures that need them all, and for one candidate that races nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.evidence import Budget, Evidence, Question
from weighbridge.store import Store
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.checks import check_run
from weighbridge.weighing.course import Course
from weighbridge.weighing.halt import Halt, interruptible
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import Ended, Progress, silent
from weighbridge.weighing.ready import made_ready
from weighbridge.weighing.weigh import DEFAULT_LIMITS, NO_BUDGET


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it."""

    evidence: Evidence
    calls: int
    """Answers it rests on, those in the store included."""
    from_store: int
    complete: bool
    """False where the budget, an interrupt or a candidate's end left items out."""
    dead: dict[str, str]
    """Candidates taken down in the middle, and why."""


async def measure(
    task: Task,
    candidates: Sequence[Candidate],
    *,
    store: Store,
    question: Question | None = None,
    budget: Budget = NO_BUDGET,
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    halt: Halt | None = None,
) -> Measured:
    """Have every item of `task` answered by every candidate, one candidate being enough.

    Items are asked in the order in which `weigh` with the same `question` and `seed` draws them, so that what a
    budget cuts short is a random sample. Raises as `weigh` does.
    """
    question = question or Question()
    check_run(task, candidates, Question(alpha=question.alpha), budget, least=1)
    halt = halt or Halt()
    with interruptible(halt):
        ready = await made_ready(candidates, store)
        plain = Question(alpha=question.alpha, claim=question.claim)
        course = _Whole(task, ready, plain, budget, store, seed, limits, progress or silent, halt)
        return await course.measured()


class _Whole(Course):
    """A course without a race."""

    async def measured(self) -> Measured:
        self._tell_start()
        timer = None
        if self.purse.ends is not None:
            import asyncio

            timer = asyncio.get_running_loop().call_at(self.purse.ends, self._minutes_up)
        try:
            whole = await self.room.fetch(self.spans(0, self.order.units))
        finally:
            if timer is not None:
                timer.cancel()
        evidence = self.ledger.evidence(await self._columns())
        dead = {c.candidate.name: c.down for c in self.contenders if c.down is not None}
        used = self.spent()
        self._progress(Ended("decided" if whole else self._halt.reason or "budget", used.seconds, used))
        return Measured(
            evidence,
            int((evidence.asked.sum(axis=1) * evidence.repeats).sum()),
            sum(self.room.from_store),
            whole and bool(evidence.asked.all()),
            dead,
        )
