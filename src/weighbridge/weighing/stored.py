"""The same race over scores that are already there: all at once, or replayed as calls not yet made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from weighbridge.errors import UsageError
from weighbridge.evidence import NOT_ASKED, Evidence, Question
from weighbridge.stats.race import Race
from weighbridge.stats.rules import Look, Rules
from weighbridge.weighing.asking import level_costs, rules_for
from weighbridge.weighing.order import DrawOrder, draw_order
from weighbridge.weighing.run import Run

Floats = NDArray[np.float64]

LOOKS_AT_ONCE = 16
"""Looks at scores that are all there; the race follows its leader from one to the next."""


def weigh_stored(evidence: Evidence, question: Question, seed: int = 0, *, sequential: bool = False) -> Run:
    """Answer `question` from a score table, without a call.

    `sequential` draws the items in the order of `seed` and stops as a live run would: `Run.calls_made` counts the
    calls that would have been made, and the evidence holds only those. Otherwise every score is used at once, and
    `Run.stopped` is ``stored``.

    Raises `UsageError` where a score is missing or lies outside [0, 1], or the question does not fit.
    """
    _check(evidence)
    order = draw_order(len(evidence.items), evidence.cluster, question.claim, seed)
    names = [column.name for column in evidence.columns]
    sides = [column.side for column in evidence.columns]
    costs = _costs(evidence) if question.goal == "pareto" else None
    # A single look at the end would leave unused all capital that waits for a leader: a clear answer would be missed.
    look = None if sequential else max(4, order.units // LOOKS_AT_ONCE)
    rules = rules_for(question, names, sides, costs=costs, look=look)
    race, looks = _replay(rules, order.unit_values(evidence.score[:, order.items]))
    outcome = race.outcome()
    counts = looks[-1].counts if looks else np.zeros(len(names), dtype=np.int64)
    asked = order.starts[counts] if sequential else np.full(len(names), len(evidence.items))
    used = _asked_only(evidence, order, asked) if sequential else evidence
    exhaustive = int(evidence.repeats.sum()) * len(evidence.items)
    return Run(
        evidence=replace(used, order=order.items),
        question=question,
        outcome=outcome,
        looks=tuple(looks),
        stopped="stored" if not sequential else "pool exhausted" if outcome.kind == "undecided" else "decided",
        seed=seed,
        calls_made=int((asked * evidence.repeats).sum()),
        calls_exhaustive=exhaustive,
        calls_from_store=0 if sequential else exhaustive,
        spent=_spent(used),
        spent_now=0.0,
    )


def _replay(rules: Rules, values: Floats) -> tuple[Race, list[Look]]:
    """Run the race to its end over unit values in draw order, shape (K, U)."""
    race = Race(candidates=values.shape[0], units=values.shape[1], rules=rules)
    looks: list[Look] = []
    while not race.finished:
        for span in race.wanted():
            race.feed(span.candidate, values[span.candidate, span.start : span.stop])
        looks.append(race.step())
    return race, looks


def _check(evidence: Evidence) -> None:
    if len(evidence.columns) < 2:
        raise UsageError(
            f"there is nothing to compare: {len(evidence.columns)} candidate with scores",
            fix="name at least two models that have scores on the same items",
        )
    if not evidence.items:
        raise UsageError(
            "there is no item that every candidate has a score for", fix="choose models that share items"
        )
    faulty = ~((evidence.score >= 0) & (evidence.score <= 1))
    if not faulty.any():
        return
    candidate, item = (int(index) for index in np.argwhere(faulty)[0])
    value = evidence.score[candidate, item]
    who = f"{evidence.columns[candidate].name!r} on item {evidence.items[item]!r}"
    if np.isnan(value):
        raise UsageError(
            f"there is no score of {who}",
            fix="weigh only the items that every chosen candidate has a score for, or count missing ones as failed",
        )
    raise UsageError(f"the score of {who} is {value:g}: scores lie in [0, 1]", fix="divide by the largest possible")


def _costs(evidence: Evidence) -> list[float]:
    known = [row[~np.isnan(row)] for row in evidence.cost]
    missing = [column.name for column, costs in zip(evidence.columns, known, strict=True) if not costs.size]
    if missing:
        raise UsageError(
            f"a pareto question needs the cost of every candidate, and {', '.join(map(repr, missing))} has none",
            where="column cost",
            fix="add the column, with 0 where a call is free, or ask for `best`",
        )
    return level_costs(known)


def _asked_only(evidence: Evidence, order: DrawOrder, asked: NDArray[np.int64]) -> Evidence:
    """The table with the cells that were not asked left empty. `asked`: items drawn, by candidate."""
    position = np.empty(len(order.items), dtype=np.int64)
    position[order.items] = np.arange(len(order.items))
    left = position[None, :] >= asked[:, None]

    def emptied(table: Floats) -> Floats:
        return np.where(left, np.nan, table)

    def blanked(rows: tuple[tuple[str | None, ...], ...] | None) -> tuple[tuple[str | None, ...], ...] | None:
        if rows is None:
            return None
        return tuple(
            tuple(None if gone else text for text, gone in zip(row, mask, strict=True))
            for row, mask in zip(rows, left.tolist(), strict=True)
        )

    return replace(
        evidence,
        score=emptied(evidence.score),
        status=np.where(left, NOT_ASKED, evidence.status).astype(np.uint8),
        cost=emptied(evidence.cost),
        latency=emptied(evidence.latency),
        first_token=emptied(evidence.first_token),
        tokens_in=emptied(evidence.tokens_in),
        tokens_out=emptied(evidence.tokens_out),
        within=emptied(evidence.within),
        answers=blanked(evidence.answers),
        extracted=blanked(evidence.extracted),
    )


def _spent(evidence: Evidence) -> float | None:
    """Money for all cells asked; None where the cost of one is unknown."""
    if np.isnan(evidence.cost[evidence.asked]).any():
        return None
    return float((np.nansum(evidence.cost, axis=1) * evidence.repeats).sum())
