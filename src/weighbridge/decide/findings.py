"""Requirements, checked against what was measured: met, not met or unknown. Unknown never becomes yes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from weighbridge.decide.audited import audited
from weighbridge.decide.terms import Terms
from weighbridge.decide.words import count, money, percent, seconds
from weighbridge.evidence import Evidence, Finding, Met, Status
from weighbridge.evidence.score import STATUS_CODES
from weighbridge.stats.fixed import Interval, clustered_error, mean_interval, quantile_interval
from weighbridge.stats.fixed.means import Floats
from weighbridge.stats.fixed.special import t_quantile
from weighbridge.stats.intervals import mean_sequence

_FAILED = STATUS_CODES.index(Status.FAILED)


Kept = dict[tuple[int, str, float, float, float], Finding]
"""Findings by candidate, dimension, limit, error and factor on the price."""


def find(
    evidence: Evidence,
    terms: Terms,
    alpha: float,
    kept: Kept | None = None,
    factors: Sequence[float] | None = None,
    *,
    at_once: bool = False,
) -> list[Finding]:
    """One finding per candidate and requirement, in the order of the candidates.

    What was measured is "met" or "not met" only where a one-sided bound at 1 - alpha lies on that side of the limit;
    for demands on licence, openness, data, continuity, hardware and customisation see `decide.audited`. With `kept`
    nothing is found twice; `factors` say how the costs of `evidence` differ from those it was first filled with.
    `at_once`: nobody watched the scores come, so that fixed-sample intervals hold for them.
    """
    requirements = terms.requirements
    findings: list[Finding] = []
    for candidate, column in enumerate(evidence.columns):
        static: list[Finding] = []
        if requirements.audited:
            static = audited([terms.subject(column)], requirements, terms.today, terms.audits)
        barred = any(finding.met == "not met" for finding in static)
        if barred and not evidence.asked[candidate].any():
            # It was left out for that: what was not measured of it is no open question.
            findings += static
            continue
        for dimension, limit in (
            ("quality", requirements.score),
            ("cost", requirements.cost_per_1000),
            ("latency", requirements.latency_p95),
        ):
            if limit is None:
                continue
            factor = factors[candidate] if factors is not None and dimension == "cost" else 1.0
            key = (candidate, dimension, limit, alpha, factor)
            if kept is None or key not in kept:
                found = _named(
                    _measured(evidence, candidate, dimension, limit, alpha, terms.currency, at_once), column.name
                )
                if kept is None:
                    findings.append(found)
                    continue
                kept[key] = found
            findings.append(kept[key])
        findings += static
    return findings


def _measured(
    evidence: Evidence, candidate: int, dimension: str, limit: float, alpha: float, currency: str, at_once: bool
) -> Finding:
    if dimension == "quality":
        return _score(evidence, candidate, limit, alpha, at_once)
    if dimension == "cost":
        return _cost(evidence, candidate, limit, alpha, currency)
    return _latency(evidence, candidate, limit, alpha)


def _named(finding: Finding, name: str) -> Finding:
    return Finding(
        dimension=finding.dimension,
        met=finding.met,
        statement=f"{name}: {finding.statement}",
        candidate=name,
        value=finding.value,
        interval=finding.interval,
        limit=finding.limit,
        would_change=finding.would_change,
    )


def verdict_on(findings: list[Finding], name: str, accepted: Sequence[str] = ()) -> Met:
    """``not met`` where one requirement is not met, ``met`` where all are, else ``unknown``.

    What is unknown in a dimension of `accepted` counts as met: the user takes the risk.
    """
    mine = {
        "met" if finding.met == "unknown" and finding.dimension in accepted else finding.met
        for finding in findings
        if finding.candidate == name
    }
    return "not met" if "not met" in mine else "unknown" if "unknown" in mine else "met"


def known_costs(evidence: Evidence, candidate: int) -> tuple[Floats, bool]:
    """Money per request where it is known, and whether that is every request that was answered."""
    asked = evidence.asked[candidate]
    costs = evidence.cost[candidate][asked]
    unanswered = evidence.status[candidate][asked] == _FAILED
    known = np.isfinite(costs)
    return costs[known], bool(known.any() and (known | unanswered).all())


def cost_interval(evidence: Evidence, candidate: int, alpha: float) -> Interval | None:
    """Interval for the mean cost of 1,000 requests at 1 - alpha, by Student's t (clustered where items are).

    None: fewer than two requests have a known cost, or every one costs the same, as a price per request makes it;
    there is nothing to estimate then.
    """
    asked = evidence.asked[candidate] & np.isfinite(evidence.cost[candidate])
    costs = evidence.cost[candidate][asked]
    if costs.size < 2 or np.ptp(costs) <= 1e-12 * max(1e-12, float(np.abs(costs).max())):
        return None
    clusters = evidence.cluster[asked] if evidence.cluster is not None else np.arange(costs.size)
    units = int(np.unique(clusters).size)
    if units < 2:
        return None
    error = clustered_error(costs, clusters) * math.sqrt(units / (units - 1))
    half = t_quantile(1 - alpha / 2, units - 1) * error
    middle = float(costs.mean())
    return 1000 * max(0.0, middle - half), 1000 * (middle + half)


def _score(evidence: Evidence, candidate: int, limit: float, alpha: float, at_once: bool) -> Finding:
    asked = evidence.asked[candidate]
    drawn = evidence.order[asked[evidence.order]]
    units = evidence.score[candidate][drawn]
    if evidence.cluster is not None and drawn.size:
        _, first, place = np.unique(evidence.cluster[drawn], return_index=True, return_inverse=True)
        units = (np.bincount(place, weights=units) / np.bincount(place))[np.argsort(first)]
    if units.size < 2:
        return Finding(
            "quality", "unknown", "its score is not known", limit=limit, would_change="meets if it reaches it"
        )
    value = float(units.mean())
    low, high = (
        mean_interval(units, 2 * alpha) if at_once else mean_sequence(units, 2 * alpha, None, planned=units.size)
    )
    met: Met = "met" if low >= limit else "not met" if high < limit else "unknown"
    statement = (
        f"{percent(value)}, between {percent(low)} and {percent(high)} ({count(int(asked.sum()), 'item')}); at least "
        f"{percent(limit)} is demanded"
    )
    change = {
        "met": f"a demand above {percent(low)}",
        "not met": f"a demand of at most {percent(high)}, or a better prompt",
        "unknown": "more items: the interval still holds the demand",
    }[met]
    return Finding("quality", met, statement, value=value, interval=(low, high), limit=limit, would_change=change)


def _cost(evidence: Evidence, candidate: int, limit: float, alpha: float, currency: str) -> Finding:
    costs, complete = known_costs(evidence, candidate)
    asked = int(evidence.asked[candidate].sum())
    if not costs.size or not complete:
        known = f"known for only {costs.size:,} of {count(asked, 'item')}" if costs.size else "not known"
        return Finding(
            "cost",
            "unknown",
            f"its cost per request is {known}",
            limit=limit,
            would_change="a price for this candidate (`price:`), or a `cost` column in stored scores",
        )
    value = 1000 * float(costs.mean())
    interval = cost_interval(evidence, candidate, 2 * alpha)
    low, high = interval or (value, value)
    span = "" if interval is None else f", between {money(low, currency)} and {money(high, currency)}"
    met: Met = "met" if high <= limit else "not met" if low > limit else "unknown"
    if interval is None and costs.size < 2:
        met = "unknown"
    statement = f"{money(value, currency)} per 1,000 requests{span}; the limit is {money(limit, currency)}"
    change = {
        "met": f"a limit below {money(value, currency)}",
        "not met": f"a limit of at least {money(high, currency)}, or a lower price",
        "unknown": "more items: the interval still holds the limit",
    }[met]
    return Finding("cost", met, statement, value=value, interval=interval, limit=limit, would_change=change)


def _latency(evidence: Evidence, candidate: int, limit: float, alpha: float) -> Finding:
    asked = evidence.asked[candidate]
    times = evidence.latency[candidate][asked]
    failed = evidence.status[candidate][asked] == _FAILED
    # An answer that never came is later than any limit; left out, time-outs would make a candidate look quick.
    times = np.where(failed, np.inf, times)
    known = ~np.isnan(times)
    if not np.isfinite(times).any() or not known.all():
        how = (
            f"known for only {int(known.sum()):,} of {count(int(asked.sum()), 'item')}"
            if known.any()
            else "not known"
        )
        return Finding(
            "latency",
            "unknown",
            f"its latency is {how}",
            limit=limit,
            would_change="a run that measures it, or a `latency` column in stored scores",
        )
    # Beyond-any-limit is written as a huge finite number, because order statistics need an order and nothing else.
    late = 1e9
    found = quantile_interval(np.minimum(times, late), 0.95, 2 * alpha)
    low, high = found.low or 0.0, found.high
    met: Met = "met" if high is not None and high <= limit else "not met" if low > limit else "unknown"
    never = f" ({percent(float(failed.mean()))} never came and count as late)" if failed.any() else ""
    repeats = int(evidence.repeats[candidate])
    over = f", each a mean of {repeats} answers" if repeats > 1 else ""
    statement = (
        f"95 % of its answers took at most {seconds(found.value) if found.value < late else 'for ever'}{never}, "
        f"{_between(low, high, late)}; the limit is {seconds(limit)} ({count(found.items, 'item')}{over})"
    )
    needed = math.ceil(math.log(alpha) / math.log(0.95))
    change = {
        "met": f"a limit below {seconds(found.value)}",
        "not met": "a higher limit, shorter answers or a faster server",
        "unknown": f"at least {needed} answers: fewer cannot bound a 95th percentile"
        if high is None
        else "more items: the interval still holds the limit",
    }[met]
    return Finding(
        "latency",
        met,
        statement,
        value=found.value if found.value < late else None,
        interval=(low, high) if high is not None and high < late else None,
        limit=limit,
        would_change=change,
    )


def _between(low: float, high: float | None, late: float) -> str:
    if high is None or high >= late:
        return f"at least {seconds(low)}" if low < late else "beyond any bound"
    return f"between {seconds(low)} and {seconds(high)}"
