"""Weighs prompts: everyone with every prompt at first, then a race under each prompt, then each with its best prompt.

Three statements are made, each wrong in at most alpha of runs by itself:

- the intervals of all means and spreads hold together;
- the verdicts under all V prompts hold together: each race is run at alpha / V;
- the verdict with the best prompts: they are chosen on tuning items, where every candidate tries every prompt once,
  and the race at alpha is run on the other items alone, so that the choice cannot flatter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from weighbridge.decide import Decision, decide
from weighbridge.decide.again import remaining
from weighbridge.decide.decide import NOTHING_DEMANDED
from weighbridge.decide.standing import Standing, standing_of
from weighbridge.evidence import Budget, Question, Requirements
from weighbridge.store import Store
from weighbridge.tasks.task import Task
from weighbridge.variants.plan import Plan
from weighbridge.variants.result import CandidateSpread, Sensitivity, VariantVerdict
from weighbridge.variants.spread import Row, spread_of
from weighbridge.variants.tuning import chosen, settled
from weighbridge.variants.words import told
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.first import ask_first
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.ledger import side_of
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import Progress
from weighbridge.weighing.run import Run
from weighbridge.weighing.telling import as_sent
from weighbridge.weighing.weigh import DEFAULT_LIMITS, NO_BUDGET, weigh


class _Purse:
    """What is left of the budget from run to run, and what was used."""

    def __init__(self, budget: Budget) -> None:
        self.left: Budget | None = budget
        self.runs: list[Run] = []

    def note(self, run: Run) -> Run:
        self.runs.append(run)
        self.left = None if self.left is None else remaining(self.left, run)
        return run


async def weigh_variants(
    plan: Plan,
    question: Question,
    *,
    store: Store,
    requirements: Requirements = NOTHING_DEMANDED,
    budget: Budget = NO_BUDGET,
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    halt: Halt | None = None,
    title: str | None = None,
    currency: str = "USD",
) -> Sensitivity:
    """Weigh the prompts of `plan`. The caller closes the models.

    The budget is that of all stages together; where it ends, what is not there is left open and said so. Raises as
    `weighing.weigh` does.
    """
    halt = halt or Halt()
    purse = _Purse(budget)
    shared = {"store": store, "seed": seed, "limits": limits, "progress": progress, "halt": halt}
    rows, everyone = _everyone(plan)
    open_question = Question(epsilon=question.epsilon, alpha=question.alpha, claim=question.claim)
    first = purse.note(await ask_first(plan.task, everyone, open_question, plan.items, budget=budget, **shared))  # type: ignore[arg-type]  # the keywords that both take
    standing = standing_of(first)
    spreads = _spreads(plan, rows, first, standing, question.alpha)

    async def decided(task: Task, candidates: Sequence[Candidate], asked: Question, run_seed: int) -> Decision | None:
        if purse.left is None or halt.reason is not None:
            return None
        together = {**shared, "seed": run_seed, "budget": purse.left}
        run = purse.note(await weigh(task, candidates, asked, **together))  # type: ignore[arg-type]
        return decide(run, requirements, title=task.name, currency=currency)

    verdicts: list[VariantVerdict] = []
    decisions: list[Decision] = []
    each = msgspec.structs.replace(question, alpha=question.alpha / len(plan.variants))
    contest = len(plan.candidates) + len(plan.fixed) > 1
    for variant in plan.variants if contest else ():
        prompt = plan.task.prompts[variant]
        people = [*(replace(one, prompt=prompt) for one in plan.candidates), *plan.fixed]
        decision = await decided(plan.task, people, each, seed)
        if decision is None:
            break
        decisions.append(decision)
        verdicts.append(
            VariantVerdict(variant, decision.verdict, decision.pairs, decision.items_drawn, decision.calls.made)
        )
    best = chosen(plan, rows, first, standing)
    tuned = None
    if best is not None:
        people = [
            *(replace(one, prompt=plan.task.prompts[best.best[one.name]]) for one in plan.candidates),
            *plan.fixed,
        ]
        # Another seed: the order of the items that are left must not hang on how the tuning items were drawn.
        decision = await decided(best.rest, people, question, seed + 1) if contest else None
        decisions += [] if decision is None else [decision]
        tuned = settled(best, standing, question.alpha, decision)
    return told(
        plan.task.name if title is None else title,
        question,
        plan.variants,
        spreads,
        verdicts,
        tuned,
        runs=purse.runs,
        decisions=decisions,
        prompts={name: _sample(plan, name) for name in plan.variants},
        contest=contest,
        ended=halt.reason or ("budget" if purse.left is None else None),
        currency=currency,
    )


def _sample(plan: Plan, variant: str) -> str:
    return as_sent(plan.task.prompts[variant].render(plan.task.items[0]))


def _everyone(plan: Plan) -> tuple[list[Row], list[Candidate]]:
    rows: list[Row] = []
    everyone: list[Candidate] = []
    for candidate in plan.candidates:
        for variant in plan.variants:
            rows.append(Row(candidate.name, variant, len(everyone)))
            name = f"{candidate.name}, {variant}"
            everyone.append(replace(candidate, name=name, prompt=plan.task.prompts[variant]))
    return rows, [*everyone, *plan.fixed]


def _spreads(plan: Plan, rows: Sequence[Row], first: Run, standing: Standing, alpha: float) -> list[CandidateSpread]:
    found = []
    for candidate in plan.candidates:
        mine = [row for row in rows if row.candidate == candidate.name]
        statuses = [{k: n for k, n in first.evidence.statuses(row.index).items() if n} for row in mine]
        found.append(spread_of(mine, standing, alpha, len(plan.candidates), statuses, side_of(candidate)))
    return found
