"""A flip point in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from weighbridge.decide.bench import Judged
from weighbridge.decide.counsel import FlipPoint
from weighbridge.decide.crossing import Crossing
from weighbridge.decide.words import listed

MONTH = 30.4375
"""Days of a mean month."""

DEMANDS = {
    "score": "the least score",
    "cost_per_1000": "the limit on cost",
    "latency_p95": "the limit on latency",
    "cost_per_month": "the limit on money per month",
    "licence": "the job that licences must allow",
    "data": "the demand on data handling",
    "openness": "the demand on openness",
    "continuity": "the demand on continuity",
    "hardware": "the demand to fit on the machines at hand",
    "customisation": "the demand on customisation",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed, from what, to where."""

    parameter: str
    now: float | str | None
    found: Crossing | None
    candidate: str | None = None
    option: str | None = None
    since: date | None = None
    """For dates: the day from which `found` counts days."""


def flip(change: Change, judged: Judged, then: Judged) -> FlipPoint:
    """The flip point with its sentence."""
    _, names = then.named
    found, currency = change.found, judged.terms.currency
    until: float | str | None = None
    at: float | str | None = None
    if found is not None:
        until, at = found.until, found.at
        if change.since is not None:
            until, at = (_day(change.since, days) for days in (found.until, found.at))
    return FlipPoint(
        parameter=change.parameter,
        statement=f"{_where(change, at, currency)}: {verdict_words(then)}.",
        kind=then.settled.kind,
        candidates=list(names),
        candidate=change.candidate,
        now=change.now,
        until=until,
        at=at,
        unit=unit_of(change.parameter, currency),
        option=change.option,
    )


def unit_of(parameter: str, currency: str) -> str:
    """The unit of a parameter's values."""
    return {
        "price": f"{currency} per 1,000 requests",
        "cost_per_1000": f"{currency} per 1,000 requests",
        "cost_per_month": f"{currency} per month",
        "latency_p95": "s",
        "volume": "requests per day",
        "monthly_users": "users a month",
        "yearly_revenue": "USD a year",
        "months": "months",
        "date": "date",
        "margin": "score",
        "epsilon": "score",
        "score": "score",
    }.get(parameter, "")


def verdict_words(then: Judged) -> str:
    """What the verdict becomes."""
    kind, names = then.settled.kind, then.named[1]
    who = listed(list(names))
    if kind == "none":
        return "no candidate meets the requirements" if then.settled.barred else "no open candidate is good enough"
    if kind == "undecided":
        if then.settled.doubtful:
            return f"undecided, because it is not known whether {who} meets the requirements"
        if not names:
            return "undecided"
        short = any(
            not then.standing.counts[k]
            for k, met in enumerate(then.met)
            if met != "not met" and k not in then.settled.gone
        )
        asked = "; not everybody eligible was asked" if short or then.settled.short else ""
        return f"undecided, {who} leading{asked}"
    if kind == "frontier":
        return f"on the frontier {'is' if len(names) == 1 else 'are'} {who}"
    return f"use {who}"


def _where(change: Change, at: float | str | None, currency: str) -> str:
    name = change.parameter
    if name == "without":
        return f"Without {DEMANDS[str(change.now)]}"
    if name == "unknown":
        return f"If what is unknown of {change.now} turns out well"
    if name == "date":
        return f"From {at} on"
    up = change.found is not None and change.found.at > change.found.until
    value = shown(name, at, currency)
    if name == "price":
        return f"With {change.candidate} at {value} per 1,000 requests or {'more' if up else 'less'}"
    words = {
        "cost_per_1000": "With a limit of {} per 1,000 requests or {}",
        "cost_per_month": "With a limit of {} per month or {}",
        "latency_p95": "With a limit of {} on latency or {}",
        "score": "With a score of {} or {} demanded",
        "months": "With {} months of continuity demanded or {}",
        "margin": "With a margin of {} or {}",
        "epsilon": "With a tolerance of {} or {}",
        "monthly_users": "With {} monthly users or {}",
        "yearly_revenue": "With a yearly revenue of {} USD or {}",
        "volume": "With {} requests per day or {}",
    }
    template = words.get(name, "With a " + name + " of {} or {}")
    return template.format(value, "more" if up else "less")


def shown(parameter: str, value: float | str | None, currency: str) -> str:
    """A parameter's value in words."""
    if not isinstance(value, (int, float)):
        return str(value)
    if parameter in ("price", "cost_per_1000", "cost_per_month"):
        return f"{value:,.6g} {currency}"
    if parameter == "latency_p95":
        return f"{value:.5g} s"
    if parameter == "score":
        return f"{100 * value:.5g} %"
    if parameter in ("margin", "epsilon"):
        return f"{100 * value:.4g} points"
    if parameter in ("monthly_users", "yearly_revenue", "months"):
        return f"{value:,.0f}"
    return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"


def _day(since: date, days: float) -> str:
    return (since + timedelta(days=int(days))).isoformat()
