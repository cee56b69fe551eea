"""The best prompt of each candidate, chosen on some items and judged on the others.

Everyone tries every prompt on the same tuning items once, so that no side is tuned harder than another. What the
chosen prompt scored there flatters it; nothing of the tuning items enters the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from weighbridge.decide import Decision
from weighbridge.decide.standing import Standing
from weighbridge.stats.intervals import mean_sequence
from weighbridge.tasks.task import Task
from weighbridge.variants.plan import Plan
from weighbridge.variants.result import Tuned
from weighbridge.variants.spread import Row, best_of
from weighbridge.weighing.run import Run


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choice, and what is left to judge it on."""

    best: dict[str, str]
    """By candidate: the variant."""
    tuning: dict[str, float]
    rows: dict[str, int]
    """By candidate: the row of the chosen variant."""
    units: int
    """Units of the tuning items: the first drawn."""
    items: int
    rest: Task


def chosen(plan: Plan, rows: Sequence[Row], first: Run, standing: Standing) -> Chosen | None:
    """None where the budget ended before everyone had answered the tuning items, or no item would be left."""
    units = next((n for n in range(1, standing.units) if standing.items_after(n) >= plan.tune), None)
    if units is None:
        return None
    best: dict[str, str] = {}
    tuning: dict[str, float] = {}
    places: dict[str, int] = {}
    for candidate in plan.candidates:
        found = best_of([row for row in rows if row.candidate == candidate.name], standing, units)
        if found is None:
            return None
        best[candidate.name], tuning[candidate.name] = found[0].variant, found[1]
        places[candidate.name] = found[0].index
    items = standing.items_after(units)
    taken = {int(item) for item in first.evidence.order[:items]}
    rest = tuple(item for index, item in enumerate(plan.task.items) if index not in taken)
    return Chosen(best, tuning, places, units, items, replace(plan.task, items=rest))


def settled(best: Chosen, standing: Standing, alpha: float, decision: Decision | None) -> Tuned:
    """What the chosen prompts are worth on the other items: by the race on them, or by those asked already."""
    if decision is not None:
        scores = {one.name: one.score for one in decision.candidates if one.name in best.best}
        intervals = {one.name: one.interval for one in decision.candidates if one.name in best.best}
        return Tuned(
            items=best.items,
            rest=len(best.rest.items),
            best=best.best,
            tuning=best.tuning,
            scores=scores,
            intervals=intervals,
            verdict=decision.verdict,
            pairs=decision.pairs,
            calls=decision.calls.made,
        )
    scores, intervals = {}, {}
    left = standing.units - best.units
    for name, row in best.rows.items():
        values = standing.prefix(row)[best.units :]
        scores[name] = float(values.mean()) if values.size else None
        pool = None if standing.pool is None else left
        intervals[name] = mean_sequence(values, alpha / len(best.rows), pool, planned=left) if values.size else None
    return Tuned(best.items, len(best.rest.items), best.best, best.tuning, scores, intervals)
