"""From a question in names to the rules of a race in indices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Question, Side
from weighbridge.stats.rules import Rules

Floats = NDArray[np.float64]


def rules_for(
    question: Question,
    names: Sequence[str],
    sides: Sequence[Side],
    *,
    costs: Sequence[float] | None = None,
    look: int | None = None,
) -> Rules:
    """The race that answers `question` about the candidates `names`.

    Raises `UsageError` where the question does not fit the candidates: a reference that is not there, no open
    candidate to put against a closed one, no costs for a Pareto question.
    """
    challengers: tuple[int, ...] = ()
    references: tuple[int, ...] = ()
    if question.goal in ("non_inferior", "superior"):
        challengers, references = _sides(question, names, sides)
    if question.goal == "pareto" and costs is None:
        raise UsageError(
            "a pareto question needs the cost of every candidate",
            where="question: goal",
            fix="state a `price:` for each candidate (`per_request: 0` where it is free), or ask for `best`",
        )
    return Rules(
        goal=question.goal,
        claim=question.claim,
        alpha=question.alpha,
        epsilon=question.epsilon,
        margin=question.margin,
        challengers=challengers,
        references=references,
        costs=tuple(float(cost) for cost in costs) if costs is not None and question.goal == "pareto" else None,
        look=look,
    )


def _sides(
    question: Question, names: Sequence[str], sides: Sequence[Side]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Challengers and references, by index."""
    opens = [index for index, side in enumerate(sides) if side == "open"]
    if question.reference is not None:
        if question.reference not in names:
            raise UsageError(
                f"the reference {question.reference!r} is not among the candidates",
                where="question: reference",
                fix=nearest(question.reference, names),
            )
        reference = list(names).index(question.reference)
        challengers = [index for index in opens if index != reference]
        # A named reference says what is meant even where no other candidate is open (a rule against a model).
        challengers = challengers or [index for index in range(len(names)) if index != reference]
        return tuple(challengers), (reference,)
    closed = [index for index, side in enumerate(sides) if side == "closed"]
    if not opens or not closed:
        missing = "an open" if not opens else "a closed"
        raise UsageError(
            f"a {question.goal} question compares open candidates with closed ones, and {missing} one is missing",
            where="question: goal",
            fix="name a `reference:` to compare with, set the `side:` of a candidate, or ask for `best`",
        )
    return tuple(opens), tuple(closed)


def level_costs(costs: Sequence[Floats]) -> list[float]:
    """Mean cost of each candidate, where those whose intervals overlap are given the same figure.

    `costs` holds one array of measured costs per candidate; intervals are mean +/- 2 standard errors. Measured costs
    that cannot be told apart must not decide who is "cheaper" (statistics reference, section 3.7). NaN for a
    candidate without a cost.
    """
    level = [float(np.mean(values)) if len(values) else float("nan") for values in costs]
    means = list(level)
    spread = [2 * float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0 for values in costs]
    order = sorted((index for index in range(len(costs)) if len(costs[index])), key=means.__getitem__)
    group: list[int] = []
    top = -np.inf
    for index in order:
        if means[index] - spread[index] > top:
            group = []
        group.append(index)
        top = max(top, means[index] + spread[index])
        shared = float(np.mean([means[member] for member in group]))
        for member in group:
            level[member] = shared
    return level
