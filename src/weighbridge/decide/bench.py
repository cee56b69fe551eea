"""Deciding the same evidence again and again, under other terms, questions and prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from weighbridge.decide.counsel import Preferred
from weighbridge.decide.findings import Kept, cost_interval, find, known_costs, verdict_on
from weighbridge.decide.hosting import DAYS
from weighbridge.decide.months import Month, month_finding, month_of
from weighbridge.decide.preference import preference
from weighbridge.decide.settle import Settled, replayed, settle
from weighbridge.decide.standing import Standing, standing_of
from weighbridge.decide.terms import Terms
from weighbridge.evidence import Finding, Load, Met, Question
from weighbridge.weighing.run import Run


@dataclass(frozen=True, slots=True)
class Judged:
    """One verdict, with what led to it."""

    run: Run
    """With the prices and the question it was judged under."""
    standing: Standing
    terms: Terms
    findings: list[Finding]
    met: tuple[Met, ...]
    settled: Settled
    preferred: Preferred | None
    costs: tuple[float | None, ...]
    """Money per 1,000 requests by candidate, under the load where one is stated."""
    months: tuple[Month, ...] = ()
    """Money per month by candidate, where a load is stated."""

    @property
    def named(self) -> tuple[str, tuple[str, ...]]:
        """Whether somebody is to be used, and whom the verdict names: what is compared where something is changed."""
        who = self.settled.winners
        if self.settled.kind == "undecided":
            who = () if self.settled.leader is None else (self.settled.leader,)
        kind = self.settled.kind
        use = kind in ("best", "preferred", "non_inferior", "superior", "frontier")
        return "use" if use else kind, tuple(sorted(self.standing.names[k] for k in who))


class Bench:
    """One run, judged under whatever is asked."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._standing: dict[bytes, tuple[Run, Standing]] = {}
        self._findings: Kept = {}
        self._settled: dict[tuple[bytes, tuple[Met, ...], tuple[float, ...]], Settled] = {}

    def judge(self, terms: Terms, question: Question | None = None, factors: Sequence[float] | None = None) -> Judged:
        """The verdict under `terms`, with `question` in place of the run's and costs times `factors`."""
        asked = question or self.run.question
        run, standing = self._asked(asked)
        scale = tuple(factors) if factors is not None else (1.0,) * len(standing.names)
        if any(factor != 1.0 for factor in scale):
            run = replace(run, evidence=replace(run.evidence, cost=run.evidence.cost * np.array(scale)[:, None]))
        findings = find(
            run.evidence,
            terms,
            asked.alpha,
            self._findings,
            scale,
            at_once=standing.at_once and standing.pool is None,
        )
        load = terms.requirements.load
        months: tuple[Month, ...] = ()
        if load is not None:
            months = months_of(run, terms, load, asked.alpha, scale)
            findings = _with_months(findings, months, standing.names, terms, load)
        met = tuple(verdict_on(findings, name, terms.accepted) for name in standing.names)
        key = (msgspec.json.encode(asked), met, scale if asked.goal == "pareto" else ())
        if key not in self._settled:
            self._settled[key] = settle(run, standing, met)
        settled = self._settled[key]
        costs = costs_of(run) if load is None else _under_load(months, load)
        preferred = None
        if terms.requirements.prefer:
            settled, preferred = _weighed(run, standing, terms, settled, met, costs, _spans(months, load))
        return Judged(run, standing, terms, findings, met, settled, preferred, costs, months)

    def _asked(self, question: Question) -> tuple[Run, Standing]:
        """The run under another question: the same scores, raced again."""
        key = msgspec.json.encode(question)
        if key not in self._standing:
            run = self.run
            if question != run.question:
                run = replayed(replace(run, question=question))
            self._standing[key] = (run, standing_of(run))
        return self._standing[key]


def costs_of(run: Run) -> tuple[float | None, ...]:
    """Money per 1,000 requests by candidate, as measured; None where it is not known of every answer."""
    costs: list[float | None] = []
    for k in range(len(run.evidence.columns)):
        known, complete = known_costs(run.evidence, k)
        costs.append(1000 * float(known.mean()) if complete else None)
    return tuple(costs)


def months_of(run: Run, terms: Terms, load: Load, alpha: float, scale: Sequence[float]) -> tuple[Month, ...]:
    """Money per month by candidate under the load."""
    found = []
    for k, cost in enumerate(costs_of(run)):
        span = None if cost is None else cost_interval(run.evidence, k, 2 * alpha) or (cost, cost)
        whole = None if cost is None or span is None else (span[0], cost, span[1])
        found.append(month_of(run.evidence, k, terms, load, whole, scale[k]))
    return tuple(found)


def _under_load(months: Sequence[Month], load: Load) -> tuple[float | None, ...]:
    volume = load.requests_per_day * DAYS / 1000
    return tuple(None if month.span is None else month.span[1] / volume for month in months)


def _spans(months: Sequence[Month], load: Load | None) -> tuple[tuple[float, float] | None, ...]:
    """Least and most per 1,000 requests of those who are hosted by oneself; None for the others."""
    if load is None:
        return ()
    volume = load.requests_per_day * DAYS / 1000
    return tuple(
        None if one.span is None or one.plants is None else (one.span[0] / volume, one.span[2] / volume)
        for one in months
    )


def _with_months(
    findings: list[Finding], months: Sequence[Month], names: Sequence[str], terms: Terms, load: Load
) -> list[Finding]:
    """With a finding on money per month for everybody, where it is limited, after their other ones."""
    limit = terms.requirements.cost_per_month
    if limit is None:
        return findings
    mixed: list[Finding] = []
    for name, month in zip(names, months, strict=True):
        mixed += [finding for finding in findings if finding.candidate == name]
        barred = any(finding.met == "not met" for finding in mixed if finding.candidate == name)
        if month.span is not None or not barred:
            mixed.append(month_finding(name, month, limit, load, terms.currency))
    return mixed


def _weighed(
    run: Run,
    standing: Standing,
    terms: Terms,
    settled: Settled,
    met: Sequence[Met],
    costs: Sequence[float | None],
    spans: Sequence[tuple[float, float] | None],
) -> tuple[Settled, Preferred | None]:
    """The user's weights over those the race leaves to choose from."""
    pool = [
        k
        for k, name in enumerate(standing.names)
        if met[k] != "not met" and name not in run.dead and standing.mean(k) is not None
    ]
    if run.question.goal in ("non_inferior", "superior"):
        # Good enough is whoever was certified to be, and the reference itself.
        sure = set(settled.winners) if settled.kind == run.question.goal else set()
        names = {run.question.reference} if run.question.reference else None
        references = {
            k
            for k, column in enumerate(run.evidence.columns)
            if (column.name in names if names else column.side == "closed")
        }
        pool = [k for k in pool if k in sure | references]
    found = preference(run.evidence, standing, terms, pool, costs, spans)
    if found is None or found.candidate is None:
        return settled, None
    if len(pool) == 1:
        # There is nothing to weigh: the race among the rest has said that it is the only one.
        return settled, found
    first = standing.names.index(found.candidate)
    doubtful = (first,) if met[first] != "met" else ()
    if doubtful or not found.sure:
        undecided = replace(
            settled, kind="undecided", winners=(first,), leader=first, doubtful=doubtful, more_units=None
        )
        return undecided, found
    return replace(settled, kind="preferred", winners=(first,), leader=first, doubtful=(), more_units=None), found
