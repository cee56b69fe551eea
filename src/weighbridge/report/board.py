"""What is known of a run while it runs, gathered from its events; how it is drawn is decided elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from weighbridge.evidence import Budget
from weighbridge.stats.intervals import mean_sequence
from weighbridge.weighing.progress import (
    Answered,
    Batched,
    Down,
    Ended,
    Event,
    LookDone,
    Retried,
    Slowed,
    Spent,
    Started,
    Tally,
)

PATIENCE = 20.0
"""Intervals are reckoned again only after this many times as long as they took: the run must not wait for them."""


@dataclass
class Lane:
    """One candidate while the run goes on."""

    name: str
    side: str
    simulated: bool
    items: int = 0
    answers: int = 0
    failed: int = 0
    mean: float | None = None
    interval: tuple[float, float] | None = None
    cost_per_1000: float | None = None
    seconds: float | None = None
    left_after: int | None = None
    why: str | None = None
    alive: bool = True


@dataclass
class Board:
    """The run so far. Call it with every event."""

    clock: Callable[[], float] = time.monotonic
    lanes: list[Lane] = field(default_factory=list)
    budget: Budget = field(default_factory=Budget)
    currency: str = "USD"
    alpha: float = 0.05
    pool: bool = False
    unit: str = "item"
    units: int = 0
    exhaustive: int = 0
    drawn: int = 0
    leader: int | None = None
    seed: int = 0
    answers: int = 0
    from_store: int = 0
    retries: int = 0
    money: float = 0.0
    money_known: bool = True
    in_flight: int = 0
    trouble: str | None = None
    """The latest retry or slow-down, in words."""
    began: float = 0.0
    ended: str | None = None
    _reckoned: float = -math.inf
    _took: float = 0.0

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return self.clock() - self.began

    @property
    def share(self) -> float:
        """Answers there, of all that an exhaustive run would need."""
        return min(1.0, self.answers / self.exhaustive) if self.exhaustive else 0.0

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case Started():
                self._start(event)
            case Answered():
                self._answer(event)
            case Retried():
                self.retries += 1
                name = self.lanes[event.candidate].name
                self.trouble = f"{name}: {event.kind}, attempt {event.attempt} failed ({event.what})"
            case Slowed():
                pause = f", pausing {event.pause:.0f} s" if event.pause else ""
                self.trouble = f"{event.endpoint} asks for patience: {event.concurrency} calls at once{pause}"
            case Batched():
                done = "" if event.done is None else f", {event.done:,} of {event.size:,} answered"
                self.trouble = f"{self.lanes[event.candidate].name}: batch {event.lot} is {event.word or 'out'}{done}"
            case Down():
                lane = self.lanes[event.candidate]
                lane.alive, lane.why = False, event.why
            case LookDone():
                self._look(event)
            case Ended():
                self.ended = event.stopped
                self._spend(event.spent)

    def _start(self, event: Started) -> None:
        people = zip(event.names, event.sides, event.simulated, strict=True)
        self.lanes = [Lane(name, side, simulated) for name, side, simulated in people]
        self.budget, self.seed = event.budget, event.seed
        self.alpha, self.pool = event.question.alpha, event.question.claim == "pool"
        self.unit, self.units = event.unit, event.units
        self.exhaustive = event.items * sum(event.repeats)
        self.began = self.clock()

    def _answer(self, event: Answered) -> None:
        lane = self.lanes[event.candidate]
        self.answers += 1
        lane.answers += 1
        self.from_store += event.from_store
        lane.failed += event.failed
        if event.cost is not None:
            self.money += event.cost

    def _spend(self, spent: Spent) -> None:
        self.in_flight = spent.in_flight
        self.money_known = spent.money is not None
        if spent.money is not None:
            self.money = spent.money

    def _look(self, event: LookDone) -> None:
        look = event.look
        self.drawn = look.drawn
        self.leader = look.leader
        self._spend(event.spent)
        for k, (lane, tally) in enumerate(zip(self.lanes, event.tallies, strict=True)):
            self._measure(lane, tally)
            lane.items = int(look.counts[k])
            mean = float(look.means[k])
            lane.mean = mean if math.isfinite(mean) else None
            if lane.alive and not look.alive[k] and lane.items < self.units:
                lane.left_after = lane.items
            lane.alive = bool(look.alive[k]) and lane.why is None
            if event.outcome is not None and (reason := event.outcome.out[k]) is not None and lane.why is None:
                lane.why = reason
        started = self.clock()
        if started - self._reckoned >= PATIENCE * self._took or event.outcome is not None:
            self._reckon(event)
            self._reckoned = self.clock()
            self._took = self._reckoned - started

    def _measure(self, lane: Lane, tally: Tally) -> None:
        lane.answers, lane.failed = tally.answers, tally.failed
        lane.cost_per_1000 = None if tally.cost_mean is None else 1000 * tally.cost_mean
        lane.seconds = tally.seconds_mean

    def _reckon(self, event: LookDone) -> None:
        units = event.values.shape[1] if self.pool else None
        for k, lane in enumerate(self.lanes):
            values = event.values[k, : lane.items]
            whole = lane.items > 0 and not any(
                math.isnan(value) for value in (float(values.min()), float(values[-1]))
            )
            lane.interval = mean_sequence(values, self.alpha, units, planned=self.units) if whole else None
