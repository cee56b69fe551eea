"""What a run will take, said before it is paid: at the likely stop and at the worst case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from weighbridge.catalog.tokens import LARGE_ERROR, MEDIAN_ERROR
from weighbridge.evidence import Budget, Question
from weighbridge.models.remote.batch.lots import lots_of
from weighbridge.store import Store
from weighbridge.tasks.task import Task
from weighbridge.weighing.ahead import asked_for, rounds
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.checks import check_run
from weighbridge.weighing.course import PILOT, Course
from weighbridge.weighing.guessed import guess
from weighbridge.weighing.halt import Halt, interruptible
from weighbridge.weighing.job import Contender
from weighbridge.weighing.likely import likely_draws
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import Progress, silent
from weighbridge.weighing.ready import made_ready
from weighbridge.weighing.weigh import DEFAULT_LIMITS, NO_BUDGET


@dataclass(frozen=True, slots=True)
class Need:
    """What something takes. None: it cannot be said (no price, no usage reported, nothing measured)."""

    calls: int
    """Answers, those in the store included."""
    tokens_in: float | None
    tokens_out: float | None
    money: float | None
    minutes: float | None
    """Wall clock at the concurrency seen; candidates on one endpoint share it, endpoints run side by side."""
    about: bool = False
    """Nothing was measured yet: tokens in are estimated, tokens out as many as allowed, money follows from both."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One candidate."""

    name: str
    answers: int
    """Pilot answers that the figures rest on."""
    cost_per_1000: float | None
    seconds: float | None
    """Mean seconds per answer."""
    likely: Need
    worst: Need
    down: str | None = None
    """Why it cannot take part, if the pilot took it down."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The bill before the run."""

    rows: tuple[PlanRow, ...]
    pilot: Need
    """What the pilot took: all its answers; money and minutes of the calls made just now."""
    pilot_calls_now: int
    """Calls that had to be made for it; their answers are in the store and are the run's first."""
    likely: Need | None
    """None where nothing could be measured."""
    worst: Need
    """Every candidate asked every item."""
    likely_items: int | None
    """Items drawn at the likely stop."""
    items: int
    units: int
    unit: str
    seed: int
    question: Question
    notes: tuple[str, ...] = ()


async def plan(
    task: Task,
    candidates: Sequence[Candidate],
    question: Question,
    *,
    store: Store,
    budget: Budget = NO_BUDGET,
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    pilot: int = PILOT,
    ask: bool = True,
    progress: Progress | None = None,
) -> Plan:
    """Reckon what `weigh` with the same arguments will take.

    A pilot asks every candidate the first `pilot` units of the run's own draw order, so that nothing is wasted; what
    is in the store already is used as far as it reaches. With ``ask=False`` no call is made, and what is not in the
    store stays unknown. The budget holds for the pilot too. The likely stop is an estimate from few items: it can be
    far off in either direction, and the worst case is what bounds the bill.
    """
    check_run(task, candidates, question, budget)
    halt = Halt()
    with interruptible(halt):
        candidates = await made_ready(candidates, store)
        course = Course(task, candidates, question, budget, store, seed, limits, progress or silent, halt)
        course.room.live = True
        for contender in course.contenders:
            contender.as_batched = lots_of(contender.candidate.model) is not None
        known = await _pilot(course, min(pilot, course.order.units), ask)
    return _reckoned(course, budget, known)


async def _pilot(course: Course, units: int, ask: bool) -> int:
    """Have the pilot's units scored, and those after it that the store holds; returns how many are there."""
    known = 0
    if ask and await course.room.fetch(course.spans(0, units)):
        known = units
    step = least = max(units, 1)
    growing = True
    while known < course.order.units and step >= least:
        spans = course.spans(known, min(known + step, course.order.units))
        if spans and course.room.stored(spans):
            await course.room.fetch(spans)
            known = spans[0].stop
            step = step * 2 if growing else step
        else:
            growing = False
            step //= 2
    return known


def _reckoned(course: Course, budget: Budget, known: int) -> Plan:
    up = [contender for contender in course.contenders if contender.down is None]
    size = len(course.task.items) / course.order.units
    draws: dict[int, float] = {}
    if known and len(up) == len(course.contenders):
        found = likely_draws(course.ledger.values[:, :known], course.rules_from_pilot(), course.order.units)
        draws = {index: float(found[index]) for index in range(len(course.contenders))}
    rows = []
    items = len(course.task.items)
    wanted = {index: min(items, round(number * size)) for index, number in draws.items()}
    for contender in course.contenders:
        likely = asked_for(contender.candidate, wanted.get(contender.index, items), items)
        rows.append(
            PlanRow(
                name=contender.candidate.name,
                answers=contender.answers,
                cost_per_1000=_scaled(course.ledger.mean("cost", contender.index), 1000),
                seconds=course.ledger.mean("latency", contender.index),
                likely=_need(course, contender, likely),
                worst=_need(course, contender, items),
                down=contender.down,
            )
        )
    worst = _sum([row.worst for row in rows], _minutes(course, [row.worst for row in rows]))
    likely_all = _sum([row.likely for row in rows], _minutes(course, [row.likely for row in rows])) if draws else None
    made = sum(contender.answers for contender in course.contenders)
    spent = course.spent()
    return Plan(
        rows=tuple(rows),
        pilot=Need(made, _tokens(course, "in"), _tokens(course, "out"), spent.money, spent.seconds / 60),
        pilot_calls_now=spent.calls,
        likely=likely_all,
        worst=worst,
        likely_items=min(len(course.task.items), round(max(draws.values()) * size)) if draws else None,
        items=len(course.task.items),
        units=course.order.units,
        unit=course.order.unit,
        seed=course.seed,
        question=course.question,
        notes=tuple(_notes(course, budget, likely_all, worst, known, wanted)),
    )


def _need(course: Course, contender: Contender, items: int) -> Need:
    calls = items * contender.candidate.repeats
    index = contender.index
    if not contender.answers and contender.down is None:
        guessed = guess(course.task, contender.candidate, course.order)
        if guessed is not None:
            money = _scaled(guessed.money, calls)
            return Need(calls, guessed.tokens_in * calls, float(guessed.tokens_out * calls), money, None, about=True)
    return Need(
        calls,
        _scaled(course.ledger.mean("tokens_in", index), calls),
        _scaled(course.ledger.mean("tokens_out", index), calls),
        _scaled(course.ledger.mean("cost", index), calls),
        None
        if contender.as_batched
        else _scaled(course.ledger.mean("latency", index), calls / int(contender.endpoint.limit) / 60),
    )


def lots_note(contender: Contender, likely: int | None, course: Course) -> str:
    """How a candidate is asked that answers in lots, and what that costs in calls and in time."""
    lots = lots_of(contender.candidate.model)
    if lots is None:
        return ""
    total = len(course.task.items)
    most = rounds(total, lots.first, total)
    price, name = contender.candidate.price, contender.candidate.name
    if price.batch_share is not None:
        said = f"at {price.batch_share:g} of the live price"
    elif price.known:
        said = "at the live price, as its price names no `batch_share`"
    else:
        said = "at a price that is not known"
    many = f"{most} rounds" if likely is None else f"{rounds(likely, lots.first, total)} rounds (at most {most})"
    return (
        f"{name} answers in batches {said}, in {many} of which each may take {lots.format.hours} hours; a round is "
        f"asked whole, the first {min(lots.first, total)} items, then twice as many; a pilot asks it live, at the "
        "live price"
    )


def _scaled(value: float | None, by: float) -> float | None:
    return None if value is None else value * by


def _sum(needs: Sequence[Need], minutes: float | None) -> Need:
    def total(name: str) -> float | None:
        values = [getattr(need, name) for need in needs]
        return None if any(value is None for value in values) else float(sum(values))

    calls = sum(need.calls for need in needs)
    about = any(need.about for need in needs)
    return Need(calls, total("tokens_in"), total("tokens_out"), total("money"), minutes, about=about)


def _minutes(course: Course, needs: Sequence[Need]) -> float | None:
    """Endpoints work side by side; candidates on one endpoint one after the other."""
    busy: dict[str, float] = {}
    for contender, need in zip(course.contenders, needs, strict=True):
        if need.minutes is None:
            return None
        busy[contender.endpoint.name] = busy.get(contender.endpoint.name, 0.0) + need.minutes
    return max(busy.values())


def _tokens(course: Course, kind: str) -> float | None:
    means = [course.ledger.mean(f"tokens_{kind}", index) for index in range(len(course.contenders))]
    counts = [contender.answers for contender in course.contenders]
    if any(mean is None for mean in means):
        return None
    return float(np.dot([mean or 0.0 for mean in means], counts))


def _notes(
    course: Course, budget: Budget, likely: Need | None, worst: Need, known: int, draws: Mapping[int, int]
) -> list[str]:
    notes = [f"{c.candidate.name} cannot take part: {c.down}" for c in course.contenders if c.down is not None]
    if likely is None:
        notes.append("no answers to reckon from: the likely stop is not known, and the worst case is an estimate")
    elif known < course.order.units:
        notes.append(f"the likely stop is an estimate from {known} {course.order.unit}s; the worst case is a bound")
    notes += [
        f"price of {c.candidate.name}: {c.candidate.price_source}"
        for c in course.contenders
        if c.candidate.price_source
    ]
    if worst.about:
        notes.append(
            "input tokens are counted about, before any answer (half of all texts within "
            f"{100 * MEDIAN_ERROR:.0f} %, 95 % within {100 * LARGE_ERROR:.0f} %, for a vocabulary like Gemma 3's), "
            "output at its longest; reported usage takes their place with the first answers"
        )
    notes += [lots_note(c, draws.get(c.index), course) for c in course.contenders if c.as_batched]
    unpriced = [c.candidate.name for c in course.contenders if not c.candidate.price.known and not c.costed]
    if unpriced:
        notes.append(f"no price, so that money cannot be reckoned: {', '.join(unpriced)}")
    for name in ("money", "calls", "minutes"):
        most = getattr(budget, name)
        expected = getattr(likely, name) if likely is not None else None
        at_worst = getattr(worst, name)
        if most is None:
            continue
        said = f"{most:g} in money" if name == "money" else f"{most:g} {name}"
        if expected is not None and expected > most:
            notes.append(f"the budget of {said} will likely end the run undecided")
        elif at_worst is not None and at_worst > most:
            notes.append(f"the budget of {said} may end the run undecided")
    return notes
