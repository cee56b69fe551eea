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
    halt = Halt()
    terms = Terms(requirements, currency, today or date.today())
    field = field_of(candidates, question, terms)

    async def weighed(names: Sequence[str], budget: Budget) -> Run:
        chosen = [candidate for candidate in candidates if candidate.name in names]
        common: Common = {
            "store": store,
            "seed": seed,
            "limits": limits,
            "progress": progress,
            "halt": halt,
        }
        if len(chosen) == 1 and field.excluded:
            alone = Question(alpha=question.alpha, claim=question.claim)
            first = await ask_first(
                task, chosen, alone, min(ALONE, len(task.items)), budget=budget, least=1, **common
            )
            return replace(
                first,
                question=field.question,
                stopped="decided" if first.stopped == "pool exhausted" else first.stopped,
                planned=None,
            )
        return await weigh(task, chosen, field.question, budget=budget, **common)

    async def whole() -> Decision:
        try:
            if field.asked:
                run = with_everybody(await weighed(field.asked, budget), candidates, field)
            else:
                run = with_everybody(nothing_asked(task, field.question, seed), candidates, field)
            while halt.reason is None and (names := left_to_weigh(run, terms)):
                left = remaining(budget, run)
                if left is None:
                    break
                grown = joined(run, await weighed(names, left))
                if grown.calls_made == run.calls_made:
                    break
                run = grown
            named = task.name if title is None else title
            return decide(run, requirements, title=named, currency=currency, today=terms.today)
        finally:
            await asyncio.gather(*{id(c.model): c.model.close() for c in candidates}.values())

    return completed(whole, halt)
