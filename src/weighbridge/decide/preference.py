"""The user's weights over those who meet every demand: who stands highest, and whether the intervals bear it out.

Each aspect is a number in [0, 1]: quality the mean score; cost and latency 1 at nothing and 0 at the limit that is
demanded, or at the dearest or slowest candidate where there is none; openness by class of the Model Openness
Framework; continuity the probability that it is there for the demanded months (24 where none are demanded); privacy 1
on one's own machines, less for what a vendor may keep and do. What is not known is any value in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from weighbridge.decide.aspects import continuity_chance, openness_share, privacy_share
from weighbridge.decide.counsel import Preferred
from weighbridge.decide.findings import cost_interval, known_costs
from weighbridge.decide.words import money, percent, sureness
from weighbridge.evidence import Evidence
from weighbridge.evidence.words import listed
from weighbridge.stats.fixed import quantile_interval

if TYPE_CHECKING:
    from weighbridge.decide.standing import Standing
    from weighbridge.decide.terms import Terms

Interval = tuple[float, float]

ANYTHING: Interval = (0.0, 1.0)

MEASURED = ("quality", "cost", "latency")
"""Aspects with a statistical interval."""


def preference(
    evidence: Evidence,
    standing: Standing,
    terms: Terms,
    pool: Sequence[int],
    costs: Sequence[float | None],
    spans: Sequence[Interval | None] = (),
) -> Preferred | None:
    """What the weights make of the candidates `pool`; None without weights or without a candidate.

    `costs`: money per 1,000 requests by candidate, under the load where one is stated; `spans` the least and the most
    of those whose cost was reckoned and not measured.
    """
    given = {aspect: weight for aspect, weight in terms.requirements.prefer.items() if weight > 0}
    if not given or not pool:
        return None
    total = sum(given.values())
    weights: dict[str, float] = {aspect: weight / total for aspect, weight in given.items()}
    scales = _scales(evidence, terms, pool, costs)
    points = {k: _values(evidence, standing, terms, k, costs[k], scales, weights) for k in pool}
    worth = {k: _worth(points[k], weights) for k in pool}
    order = sorted(pool, key=lambda k: -(worth[k][0] + worth[k][1]))
    first, rivals = order[0], order[1:]
    uncertain = sum(aspect in MEASURED for aspect in weights) or 1
    level = standing.alpha / (max(1, len(rivals)) * uncertain)
    leads = {
        rival: _lead(evidence, standing, (first, rival), points, weights, scales, level, costs, spans)
        for rival in rivals
    }
    sure = all(low > 0 for low, _ in leads.values())
    names = standing.names
    whole = {k: (low + high) / 2 if high - low < 1e-12 else None for k, (low, high) in worth.items()}
    return Preferred(
        candidate=names[first],
        weights=weights,
        values={names[k]: {a: _known(points[k][a]) for a in weights} for k in pool},
        worth={names[k]: whole[k] for k in pool},
        leads={names[k]: span for k, span in leads.items()},
        sure=sure,
        statement=_statement(names, first, rivals, leads, worth, weights, scales, standing, terms.currency),
    )


def _known(span: Interval) -> float | None:
    return span[0] if span[1] - span[0] < 1e-12 else None


def _worth(points: dict[str, Interval], weights: dict[str, float]) -> Interval:
    low = sum(weight * points[aspect][0] for aspect, weight in weights.items())
    high = sum(weight * points[aspect][1] for aspect, weight in weights.items())
    return low, high


def _scales(evidence: Evidence, terms: Terms, pool: Sequence[int], costs: Sequence[float | None]) -> dict[str, float]:
    """What stands for 0: the limit, or the most that a candidate of the pool takes."""
    times = [late for k in pool if (late := _p95(evidence, k)) is not None]
    dearest = max((cost for k in pool if (cost := costs[k]) is not None), default=0.0)
    needed = terms.requirements
    return {
        "cost": needed.cost_per_1000 or dearest,
        "latency": needed.latency_p95 or max(times, default=0.0),
    }


def _p95(evidence: Evidence, k: int) -> float | None:
    times = evidence.latency[k][evidence.asked[k]]
    known = times[np.isfinite(times)]
    return float(np.quantile(known, 0.95)) if known.size else None


def _values(
    evidence: Evidence,
    standing: Standing,
    terms: Terms,
    k: int,
    cost: float | None,
    scales: dict[str, float],
    weights: dict[str, float],
) -> dict[str, Interval]:
    """Every weighed aspect of one candidate: a point as an interval of no width, or what it may be."""
    subject = terms.subject(evidence.columns[k])
    found: dict[str, Interval] = {}
    for aspect in weights:
        value: float | None = None
        if aspect == "quality":
            value = standing.mean(k)
        elif aspect == "cost":
            value = None if cost is None else _share(cost, scales["cost"])
        elif aspect == "latency":
            late = _p95(evidence, k)
            value = None if late is None else _share(late, scales["latency"])
        elif aspect == "privacy":
            value = privacy_share(subject)
        elif aspect == "continuity":
            value = continuity_chance(subject, terms)
        else:
            found[aspect] = openness_share(subject, terms)
            continue
        found[aspect] = ANYTHING if value is None else (value, value)
    return found


def _share(amount: float, scale: float) -> float:
    """1 at nothing, 0 at `scale`, below 0 beyond it: a limit that is kept is never passed."""
    return 1.0 if scale <= 0 else 1.0 - amount / scale


def _lead(
    evidence: Evidence,
    standing: Standing,
    pair: tuple[int, int],
    points: dict[int, dict[str, Interval]],
    weights: dict[str, float],
    scales: dict[str, float],
    level: float,
    costs: Sequence[float | None],
    spans: Sequence[Interval | None],
) -> Interval:
    """How far the first of a pair stands above the second, at 1 - `level` for each measured aspect."""
    a, b = pair
    low = high = 0.0
    for aspect, weight in weights.items():
        span = (points[a][aspect][0] - points[b][aspect][1], points[a][aspect][1] - points[b][aspect][0])
        known = _known(points[a][aspect]) is not None and _known(points[b][aspect]) is not None
        if known and aspect == "quality":
            left, right = standing.shared(a, b)
            span = (
                replace(standing, alpha=level).difference_interval(np.round(left - right, 12))
                if left.size
                else (
                    -1.0,
                    1.0,
                )
            )
        elif known and aspect == "cost" and scales["cost"] > 0:
            one, other = (
                (spans[k] if spans else None) or _cost_span(evidence, k, level / 2, costs[k]) for k in (a, b)
            )
            span = ((other[0] - one[1]) / scales["cost"], (other[1] - one[0]) / scales["cost"])
        elif known and aspect == "latency" and scales["latency"] > 0:
            one, other = (_late_span(evidence, k, level / 2) for k in (a, b))
            span = ((other[0] - one[1]) / scales["latency"], (other[1] - one[0]) / scales["latency"])
        low, high = low + weight * span[0], high + weight * span[1]
    # An endless interval (a 95th percentile of few answers) has no form in JSON.
    return max(low, -1e9), min(high, 1e9)


def _cost_span(evidence: Evidence, k: int, level: float, cost: float | None) -> Interval:
    """Interval of the money per 1,000 requests; what was measured keeps its share of width under another price."""
    measured, _ = known_costs(evidence, k)
    span = cost_interval(evidence, k, level) if measured.size else None
    value = cost or 0.0
    mean = 1000 * float(measured.mean()) if measured.size else 0.0
    if span is None or mean <= 0:
        return value, value
    return span[0] * value / mean, span[1] * value / mean


def _late_span(evidence: Evidence, k: int, level: float) -> Interval:
    times = evidence.latency[k][evidence.asked[k]]
    found = quantile_interval(times[np.isfinite(times)], 0.95, level)
    return found.low or 0.0, float("inf") if found.high is None else found.high


def _statement(
    names: Sequence[str],
    first: int,
    rivals: Sequence[int],
    leads: dict[int, Interval],
    worth: dict[int, Interval],
    weights: dict[str, float],
    scales: dict[str, float],
    standing: Standing,
    currency: str,
) -> str:
    shares = listed([f"{aspect} {weight:.0%}".replace("%", " %") for aspect, weight in weights.items()])
    score = standing.mean(first)
    quality = "" if score is None else f" with {percent(score)}"
    text = f"{names[first]}{quality} stands highest by the weights stated ({shares}), at {_shown(worth[first])}"
    if rivals:
        nearest = rivals[0]
        low, high = leads[nearest]
        text += f"; {names[nearest]} stands at {_shown(worth[nearest])} (lead {low:+.3f} to {high:+.3f})"
        open_ = [names[k] for k in rivals if leads[k][0] <= 0]
        text += f"; {sureness(standing.alpha)}" if not open_ else f"; not certain against {listed(open_)}"
    if {"quality", "cost"} <= set(weights) and scales["cost"] > 0:
        worth_of_point = 0.01 * weights["quality"] / weights["cost"] * scales["cost"]
        text += f"; by these weights a point of score is worth {money(worth_of_point, currency)} per 1,000 requests"
    return text


def _shown(span: Interval) -> str:
    return f"{span[0]:.3f}" if span[1] - span[0] < 1e-12 else f"{span[0]:.3f} to {span[1]:.3f}"
