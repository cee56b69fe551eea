"""Weighing and deciding as one: who is asked, the run, and the run among the rest where its winner may not win."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, TypedDict

from weighbridge.decide import Decision, decide
from weighbridge.decide.again import joined, left_to_weigh, remaining
from weighbridge.decide.decide import NOTHING_DEMANDED
from weighbridge.decide.excluded import ALONE, field_of, nothing_asked, with_everybody
from weighbridge.decide.terms import Terms
from weighbridge.evidence import Budget, Question, Requirements
from weighbridge.tasks.task import Task
from weighbridge.weighing.blocking import completed
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.first import ask_first
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import Progress
from weighbridge.weighing.weigh import DEFAULT_LIMITS, NO_BUDGET, weigh

if TYPE_CHECKING:
    from weighbridge.store import Store
    from weighbridge.weighing.run import Run


class Common(TypedDict):
    """What both ways of asking take alike."""

    store: Store
    seed: int
    limits: Limits
    progress: Progress | None
    halt: Halt
    kept_only: bool


def weigh_and_decide(
    task: Task,
    candidates: Sequence[Candidate],
    question: Question,
    *,
    store: Store,
    requirements: Requirements = NOTHING_DEMANDED,
    budget: Budget = NO_BUDGET,
    limits: Limits = DEFAULT_LIMITS,
    seed: int = 0,
    title: str | None = None,
    currency: str = "USD",
    progress: Progress | None = None,
    today: date | None = None,
) -> Decision:
    """Weigh, decide, and go on among the rest for as long as whoever won may not be chosen.

    Whoever fails a demand that needs no answer (licence, openness, data, continuity, hardware, customisation) is not
    asked at all. `today` is the day on which facts are held against the demands. Closes the candidates' models. Works
    inside and outside a running event loop.
    """
    terms = Terms(requirements, currency, today or date.today())
    run = weigh_among(
        task,
        candidates,
        question,
        terms,
        store=store,
        budget=budget,
        limits=limits,
        seed=seed,
        progress=progress,
    )
    named = task.name if title is None else title
    return decide(run, requirements, title=named, currency=currency, today=terms.today)


def weigh_among(
    task: Task,
    candidates: Sequence[Candidate],
    question: Question,
    terms: Terms,
    *,
    store: Store,
    budget: Budget = NO_BUDGET,
    limits: Limits = DEFAULT_LIMITS,
    seed: int = 0,
    progress: Progress | None = None,
    kept_only: bool = False,
) -> Run:
    """The run behind `weigh_and_decide`, with a row for everybody who was not asked.

    With `kept_only` no call is made: what the store holds is all there is.
    """
    halt = Halt()
    field = field_of(candidates, question, terms)
    common: Common = {
        "store": store,
        "seed": seed,
        "limits": limits,
        "progress": progress,
        "halt": halt,
        "kept_only": kept_only,
    }

    async def weighed(names: Sequence[str], budget: Budget) -> Run:
        chosen = [candidate for candidate in candidates if candidate.name in names]
        if len(chosen) > 1 or not field.excluded:
            return await weigh(task, chosen, field.question, budget=budget, **common)
        alone = Question(alpha=question.alpha, claim=question.claim)
        first = await ask_first(task, chosen, alone, min(ALONE, len(task.items)), budget=budget, least=1, **common)
        ended = "decided" if first.stopped == "pool exhausted" else first.stopped
        return replace(first, question=field.question, stopped=ended, planned=None)

    async def whole() -> Run:
        try:
            if not field.asked:
                return with_everybody(nothing_asked(task, field.question, seed), candidates, field)
            run = with_everybody(await weighed(field.asked, budget), candidates, field)
            while halt.reason is None and (names := left_to_weigh(run, terms)):
                left = remaining(budget, run)
                if left is None:
                    break
                grown = joined(run, await weighed(names, left))
                if grown.calls_made == run.calls_made:
                    break
                run = grown
            return run
        finally:
            await asyncio.gather(*{id(c.model): c.model.close() for c in candidates}.values())

    return completed(whole, halt)
