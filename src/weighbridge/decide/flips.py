"""What would change the verdict: for every figure it hangs on, the nearest value at which it becomes another.

Each is found by deciding again: the same evidence under other terms, on both sides of the value. A figure on which
the verdict does not hang has no flip point, and neither has one whose change is not seen between values a quarter of
a doubling apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec

from weighbridge.decide.bench import Bench, Judged
from weighbridge.decide.counsel import FlipPoint
from weighbridge.decide.crossing import Crossing, away, crossing
from weighbridge.decide.flip_words import MONTH, Change, flip
from weighbridge.decide.terms import Terms
from weighbridge.evidence import Question, Requirements

MOST_SCORES = 60_000
"""Scores beyond which no other margin is tried: every trial races them again."""

MOST_CELLS = 400_000
"""Items times candidates beyond which no values are searched; demands are still left out one by one."""

MOST_CANDIDATES = 12
"""Candidates beyond which prices are tried only of the first ones."""

AHEAD = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 21, 24, 30, 36, 48, 60, 84, 120)
"""Months ahead at which dates are looked at."""

TIMES = 1000.0
"""Prices are tried up to so many times, and down to so small a part, of what they are."""


def flip_points(bench: Bench, judged: Judged) -> list[FlipPoint]:
    """The flip points of a verdict, in the order: limits, prices, margin, job, dates, and demands left out."""
    if judged.terms.nothing:
        return [*_margins(bench, judged)]
    searched: list[FlipPoint] = []
    if judged.standing.values.size <= MOST_CELLS:
        for search in (_limits, _prices, _margins, _weights, _job, _volume, _dates):
            searched += search(bench, judged)
    found = [*searched, *_unknowns(bench, judged), *_without(bench, judged)]
    # One of each figure first: of many prices only the first few fit on a screen.
    seen: Counter[str] = Counter()
    turns = []
    for point in found:
        turns.append(seen[point.parameter])
        seen[point.parameter] += 1
    return [point for _, point in sorted(zip(turns, found, strict=True), key=lambda pair: pair[0])]


def _differs(judged: Judged, other: Judged) -> bool:
    return other.named != judged.named


def _varied(terms: Terms, **changes: object) -> Terms:
    return replace(terms, requirements=msgspec.structs.replace(terms.requirements, **changes))


def _both_ways(
    judged: Judged, now: float, judge: Callable[[float], Judged], *, most: float, least: float = 0.0
) -> Iterator[tuple[Crossing, Judged]]:
    """The nearest change upwards and downwards of `now`."""
    for up in (True, False):
        found = crossing(
            now, away(now, up=up, most=most, least=least), lambda value: not _differs(judged, judge(value))
        )
        if found is not None:
            yield found, judge(found.at)


def _limits(bench: Bench, judged: Judged) -> Iterator[FlipPoint]:
    """Limits that are stated."""
    needed = judged.terms.requirements
    for name, most in (("cost_per_1000", 1e9), ("latency_p95", 1e6), ("cost_per_month", 1e12), ("score", 1.0)):
        now = getattr(needed, name)
        if now is None:
            continue

        def judge(value: float, name: str = name) -> Judged:
            return bench.judge(_varied(judged.terms, **{name: value}))

        for found, then in _both_ways(judged, now, judge, most=most, least=1e-9):
            yield flip(Change(name, now, found, option=f"--require {name}={found.at:.10g}"), judged, then)
    if needed.continuity is not None:
        whole = needed.continuity

        def months(value: float) -> Judged:
            demand = msgspec.structs.replace(whole, months=int(value))
            return bench.judge(_varied(judged.terms, continuity=demand))

        later = [months for months in AHEAD if months > whole.months]
        earlier = [months for months in reversed(AHEAD) if months < whole.months]
        for values in (later, earlier):
            found_ = crossing(whole.months, values, lambda v: not _differs(judged, months(v)), whole=True)
            if found_ is not None:
                option = f"--require continuity.months={int(found_.at)}"
                yield flip(Change("months", whole.months, found_, option=option), judged, months(found_.at))


def _prices(bench: Bench, judged: Judged) -> Iterator[FlipPoint]:
    """The price of each candidate, where money counts."""
    needed = judged.terms.requirements
    counts = needed.cost_per_1000 is not None or needed.cost_per_month is not None or needed.prefer.get("cost", 0) > 0
    if not counts and judged.run.question.goal != "pareto":
        return
    size = len(judged.standing.names)
    for k in range(min(size, MOST_CANDIDATES)):
        now = judged.costs[k]
        if now is None or now <= 0 or (judged.months and judged.months[k].plants is not None):
            continue  # not known, or no price: what one's own machines cost hangs on the volume

        def judge(value: float, k: int = k, now: float = now) -> Judged:
            factors = [value / now if other == k else 1.0 for other in range(size)]
            return bench.judge(judged.terms, factors=factors)

        for found, then in _both_ways(judged, now, judge, most=now * TIMES, least=now / TIMES):
            name = judged.standing.names[k]
            option = f"--price '{name}={found.at:.10g}'"
            yield flip(Change("price", now, found, candidate=name, option=option), judged, then)


def _margins(bench: Bench, judged: Judged) -> Iterator[FlipPoint]:
    """The margin or tolerance of the question."""
    question = judged.run.question
    name = "margin" if question.goal == "non_inferior" else "epsilon"
    if question.goal == "superior" or judged.standing.values.size > MOST_SCORES:
        return
    now = getattr(question, name)

    def judge(value: float) -> Judged:
        changed: Question = msgspec.structs.replace(question, **{name: value})
        return bench.judge(judged.terms, question=changed)

    for up in (True, False):
        values = away(now or 0.001, up=up, most=max(0.1, 4 * now), least=0.0005, per_doubling=1)
        found = crossing(now, values, lambda value: not _differs(judged, judge(value)))
        if found is not None:
            option = f"--require {name}={found.at:.10g}"
            yield flip(Change(name, now, found, option=option), judged, judge(found.at))


def _weights(bench: Bench, judged: Judged) -> Iterator[FlipPoint]:
    """Each of the user's weights."""
    prefer = judged.terms.requirements.prefer
    for aspect, now in prefer.items() if len(prefer) > 1 else ():
        if now <= 0:
            continue

        def judge(value: float, aspect: str = aspect) -> Judged:
            weights = dict(prefer.items()) | {aspect: value}
            return bench.judge(_varied(judged.terms, prefer=weights))

        for found, then in _both_ways(judged, now, judge, most=now * 100, least=now / 100):
            option = f"--require prefer.{aspect}={found.at:.10g}"
            yield flip(Change(f"weight of {aspect}", now, found, option=option), judged, then)


def _job(bench: Bench, judged: Judged) -> Iterator[FlipPoint]:
    """Users and revenue, as licences ask for them."""
    job = judged.terms.requirements.licence
    if job is None:
        return
    for name, most in (("monthly_users", 10_000_000_000), ("yearly_revenue", 1_000_000_000_000)):
        stated = getattr(job, name)

        def judge(value: float, name: str = name) -> Judged:
            changed = msgspec.structs.replace(job, **{name: int(value)})
            return bench.judge(_varied(judged.terms, licence=changed))

        now = int(stated or 0)
        if stated is None and _differs(judged, judge(0)):
            continue
        for up in (True, False):
            values = [float(int(value)) for value in away(float(now), up=up, most=most, least=1.0, per_doubling=1)]
            found = crossing(now, values, lambda v: not _differs(judged, judge(v)), whole=True)
            if found is not None:
                option = f"--require licence.{name}={int(found.at)}"
                yield flip(Change(name, stated, found, option=option), judged, judge(found.at))


def _volume(bench: Bench, judged: Judged) -> Iterator[FlipPoint]:
    """Requests per day."""
    load = judged.terms.requirements.load
    if load is None:
        return
    now = load.requests_per_day

    def judge(value: float) -> Judged:
        return bench.judge(_varied(judged.terms, load=msgspec.structs.replace(load, requests_per_day=value)))

    for found, then in _both_ways(judged, now, judge, most=now * 1e4, least=now / 1e4):
        option = f"--require load.requests_per_day={found.at:.10g}"
        yield flip(Change("volume", now, found, option=option), judged, then)


def _dates(bench: Bench, judged: Judged) -> Iterator[FlipPoint]:
    """The first day on which what is known today decides otherwise."""
    needed = judged.terms.requirements
    if needed.continuity is None and not needed.customisation:
        return
    today = judged.terms.today

    def judge(days: float) -> Judged:
        return bench.judge(replace(judged.terms, today=today + timedelta(days=int(days))))

    values = [round(MONTH * month) for month in AHEAD]
    found = crossing(0, values, lambda days: not _differs(judged, judge(days)), whole=True)
    if found is not None:
        day = today + timedelta(days=int(found.at))
        change = Change("date", today.isoformat(), found, option=f"--as-of {day.isoformat()}", since=today)
        yield flip(change, judged, judge(found.at))


def _unknowns(bench: Bench, judged: Judged) -> Iterator[FlipPoint]:
    """Each dimension in which something is unknown, if it turned out well."""
    taken = judged.terms.accepted
    unknown = dict.fromkeys(f.dimension for f in judged.findings if f.met == "unknown" and f.dimension not in taken)
    for dimension in unknown:
        then = bench.judge(_varied(judged.terms, accept_unknown=(*taken, dimension)))
        if _differs(judged, then):
            option = f"--require accept_unknown={','.join((*taken, dimension))}"
            yield flip(Change("unknown", dimension, None, option=option), judged, then)


def _without(bench: Bench, judged: Judged) -> Iterator[FlipPoint]:
    """Each demand, left out."""
    nothing = Requirements()
    for name in nothing.__struct_fields__:
        if name in ("prefer", "accept_unknown", "load") or getattr(judged.terms.requirements, name) in (None, ()):
            continue
        then = bench.judge(_varied(judged.terms, **{name: getattr(nothing, name)}))
        if _differs(judged, then):
            yield flip(Change("without", name, None, option=f"--require {name}=none"), judged, then)
