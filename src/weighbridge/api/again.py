"""Deciding again: what is kept of a run, under other requirements, without a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import msgspec

from weighbridge.api.kept import Kept
from weighbridge.decide import Decision, decide
from weighbridge.decide.settle import replayed
from weighbridge.decide.subject import subject_of
from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Column, Question, Requirements, Side
from weighbridge.weighing.run import Run


def decide_again(
    kept: Kept,
    requirements: Requirements,
    question: Question | None = None,
    *,
    prices: Mapping[str, float] | None = None,
    facts: Mapping[str, str] | None = None,
    policies: Mapping[str, str] | None = None,
    sides: Mapping[str, Side] | None = None,
    today: date | None = None,
    search: bool = True,
) -> Decision:
    """The decision on the scores of `kept` under `requirements`; no model is called.

    `prices`: money per 1,000 requests of a candidate, in place of what was measured (its spread over the requests
    stays in proportion). `facts`, `policies` and `sides` say who a candidate is. A `question` with another margin or
    goal is raced again on the same scores, and a warning says that it was asked after they were seen. `search` says
    whether flip points are looked for. Raises `UsageError` for a name that is no candidate.
    """
    run = _named(kept.run, facts or {}, policies or {}, sides or {})
    for column in run.evidence.columns:
        if column.name in {*(facts or {}), *(policies or {})}:
            _look_up(column)
    run = _priced(run, prices or {})
    asked = question or run.question
    sided = bool(sides) and asked.goal in ("non_inferior", "superior")
    if asked != run.question or sided:
        note = "The question was changed after the scores were seen: how sure it is holds for one fixed beforehand."
        _check_reference(asked, run)
        notes = (*run.notes, note) if asked != run.question else run.notes
        run = replayed(replace(run, question=asked, notes=notes))
    decision = decide(run, requirements, title=kept.title, currency=kept.currency, today=today, search=search)
    if kept.before is None or decision.trace:
        return decision
    traced = msgspec.structs.replace(decision, trace=kept.before.trace)
    return traced.carrying(run.evidence, run.dead)


def _look_up(column: Column) -> None:
    """Raises `UsageError` where an entry or a policy that is named is not there."""
    try:
        subject_of(column)
    except UsageError as error:
        error.where = error.where or f"candidates: {column.name}"
        raise


def _named(run: Run, facts: Mapping[str, str], policies: Mapping[str, str], sides: Mapping[str, Side]) -> Run:
    names = [column.name for column in run.evidence.columns]
    for name in (*facts, *policies, *sides):
        _check_name(name, names)

    def told(column: Column) -> Column:
        name = column.name
        return replace(
            column,
            facts=facts.get(name, column.facts),
            policy=policies.get(name, column.policy),
            side=sides.get(name, column.side),
        )

    return replace(run, evidence=replace(run.evidence, columns=tuple(told(c) for c in run.evidence.columns)))


def _priced(run: Run, prices: Mapping[str, float]) -> Run:
    """The run with other costs: those measured in proportion, or the same for every request where none was."""
    import numpy as np

    if not prices:
        return run
    names = [column.name for column in run.evidence.columns]
    cost = run.evidence.cost.copy()
    for name, price in prices.items():
        row = _check_name(name, names)
        asked = run.evidence.asked[row]
        known = cost[row][asked & np.isfinite(cost[row])]
        mean = float(known.mean()) if known.size else 0.0
        if mean > 0 and bool(np.isfinite(cost[row][asked]).all()):
            cost[row] = cost[row] * (price / 1000 / mean)
        else:
            cost[row] = np.where(asked, price / 1000, np.nan)
    repriced = replace(run, evidence=replace(run.evidence, cost=cost), notes=(*run.notes, _price_note(prices)))
    return replayed(repriced) if run.question.goal == "pareto" else repriced


def _price_note(prices: Mapping[str, float]) -> str:
    return (
        "Prices as stated for this decision, not as measured: "
        + ", ".join(f"{name} {price:g} per 1,000 requests" for name, price in prices.items())
        + "."
    )


def _check_name(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise UsageError(f"there is no candidate {name!r}", fix=nearest(name, names))
    return list(names).index(name)


def _check_reference(question: Question, run: Run) -> None:
    names = [column.name for column in run.evidence.columns]
    if question.reference is not None and question.reference not in names:
        raise UsageError(
            f"the reference {question.reference!r} is not among the candidates",
            where="question: reference",
            fix=nearest(question.reference, names),
        )
