"""A run goes on among the rest: when its winner does not meet a requirement, and the others were asked too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from weighbridge.decide.findings import find, verdict_on
from weighbridge.decide.settle import eligible, settle
from weighbridge.decide.standing import standing_of
from weighbridge.decide.terms import Terms
from weighbridge.evidence import Budget, Evidence
from weighbridge.stats.fixed.means import Floats
from weighbridge.stats.rules import Look
from weighbridge.weighing.run import Run


def left_to_weigh(run: Run, terms: Terms) -> tuple[str, ...]:
    """Names of the candidates to weigh on, with the same seed, store and question; empty where the run has said all.

    That is so only where the race was over because somebody had won it who may not be chosen.
    """
    if run.stopped != "decided" or terms.nothing:
        return ()
    standing = standing_of(run)
    findings = find(run.evidence, terms, run.question.alpha)
    met = [verdict_on(findings, column.name, terms.accepted) for column in run.evidence.columns]
    settled = settle(run, standing, met)
    if not settled.short or settled.kind != "undecided":
        return ()
    return tuple(standing.names[index] for index in eligible(run, settled.barred))


def remaining(budget: Budget, run: Run) -> Budget | None:
    """What `run` left of its budget; None where nothing is left of a part of it."""
    calls = None if budget.calls is None else budget.calls - (run.calls_made - run.calls_from_store + run.retries)
    spent = None if budget.money is None else budget.money - (run.spent_now or 0.0)
    minutes = None if budget.minutes is None else budget.minutes - (run.seconds or 0.0) / 60
    if any(part is not None and part <= 0 for part in (calls, spent, minutes)):
        return None
    return Budget(money=spent, calls=calls, minutes=minutes)


def joined(first: Run, second: Run) -> Run:
    """Both runs as one: `second` weighed some of the candidates of `first` on, in the same draw order."""
    rows = [
        next(k for k, column in enumerate(first.evidence.columns) if column.name == other.name)
        for other in second.evidence.columns
    ]
    evidence = _joined(first.evidence, second.evidence, rows)
    made = int((evidence.asked.sum(axis=1) * evidence.repeats).sum())
    new = sum(run.calls_made - run.calls_from_store for run in (first, second))
    known = first.spent is not None and second.spent is not None
    return replace(
        first,
        evidence=evidence,
        looks=(*first.looks, *_looks(first, second, rows)),
        stopped=second.stopped,
        calls_made=made,
        calls_from_store=max(0, made - new),
        retries=first.retries + second.retries,
        spent=float((np.nansum(evidence.cost, axis=1) * evidence.repeats).sum()) if known else None,
        spent_now=None if first.spent_now is None or second.spent_now is None else first.spent_now + second.spent_now,
        seconds=(first.seconds or 0.0) + (second.seconds or 0.0),
        dead={**first.dead, **second.dead},
        notes=tuple(dict.fromkeys((*first.notes, *second.notes))),
        findings=(*first.findings, *second.findings),
    )


def _joined(first: Evidence, second: Evidence, rows: list[int]) -> Evidence:
    asked = second.asked

    def cells(old: Floats, new: Floats) -> Floats:
        table = old.copy()
        table[rows] = np.where(asked, new, old[rows])
        return table

    def texts(
        old: tuple[tuple[str | None, ...], ...] | None, new: tuple[tuple[str | None, ...], ...] | None
    ) -> tuple[tuple[str | None, ...], ...] | None:
        if old is None or new is None:
            return old
        table = list(old)
        for position, row in enumerate(rows):
            table[row] = tuple(
                b if there else a for a, b, there in zip(old[row], new[position], asked[position], strict=True)
            )
        return tuple(table)

    status = first.status.copy()
    status[rows] = np.where(asked, second.status, first.status[rows])
    columns = list(first.columns)
    for position, row in enumerate(rows):
        columns[row] = second.columns[position]
    return replace(
        first,
        columns=tuple(columns),
        score=cells(first.score, second.score),
        status=status,
        cost=cells(first.cost, second.cost),
        latency=cells(first.latency, second.latency),
        first_token=cells(first.first_token, second.first_token),
        tokens_in=cells(first.tokens_in, second.tokens_in),
        tokens_out=cells(first.tokens_out, second.tokens_out),
        within=cells(first.within, second.within),
        at_once=None if first.at_once is None or second.at_once is None else cells(first.at_once, second.at_once),
        answers=texts(first.answers, second.answers),
        extracted=texts(first.extracted, second.extracted),
    )


def _looks(first: Run, second: Run, rows: list[int]) -> list[Look]:
    """The second run's looks beyond the first's last, with everybody's place kept."""
    if not first.looks:
        return []
    last = first.looks[-1]
    looks = []
    for look in second.looks:
        if look.drawn <= last.drawn:
            continue
        means, counts, alive = last.means.copy(), last.counts.copy(), np.zeros_like(last.alive)
        further = look.counts > counts[rows]
        means[rows] = np.where(further, look.means, means[rows])
        counts[rows] = np.maximum(counts[rows], look.counts)
        alive[rows] = look.alive
        looks.append(Look(max(look.drawn, last.drawn), means, counts, alive, rows[look.leader]))
    return looks
