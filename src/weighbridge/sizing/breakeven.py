"""From which volume machines of one's own are cheaper than paying by the call.

Paying by the call costs in proportion to volume. Machines come whole, with spares and perhaps people, so their bill
is a staircase, which may be crossed more than once: the first crossing is where hosting is cheaper for once, the
lasting one where it stays so. Machines serve more each the more there are, so that beyond the lasting crossing there
is no other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from weighbridge.errors import UsageError
from weighbridge.evidence import Load, Price
from weighbridge.sizing.calls import DAYS, Calls, calls
from weighbridge.sizing.interval import Interval
from weighbridge.sizing.serving import HOURS_A_MONTH, SECONDS_A_DAY, Hosting, ServingCost, busiest, serving_cost

MOST_MACHINES = 1 << 14
"""Beyond so many a crossing is called none."""
STEPS = 24
"""Steps of the staircase, of each of its three versions, that are drawn as steps."""
Cheaper = Literal["own", "calls", "open"]


@dataclass(frozen=True, slots=True)
class Point:
    """Both bills at one volume; money a month."""

    requests: float
    """A month."""
    own: Interval
    machines: Interval
    by_call: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """Requests a month from which hosting is cheaper; None: at no volume."""

    low: float | None
    """With the best of the rates and the least of the prices."""
    likely: float | None
    high: float | None
    """With the worst of the rates and the most of the prices."""

    def daily(self) -> tuple[float | None, float | None, float | None]:
        """The same in requests a day."""
        low, likely, high = (None if one is None else one / DAYS for one in (self.low, self.likely, self.high))
        return low, likely, high


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Hosting against paying by the call, over monthly volume."""

    own: ServingCost
    """Hosting at the load as stated."""
    by_call: Calls
    points: tuple[Point, ...]
    """By rising volume."""
    first: Crossing
    """Where hosting is cheaper for the first time."""
    lasting: Crossing
    """From where it stays cheaper: further machines pay for themselves before they are full."""

    @property
    def now(self) -> Point:
        """Both bills at the load as stated."""
        return self.at(self.own.load.requests_per_day * DAYS)

    def at(self, requests: float) -> Point:
        """Both bills at so many requests a month."""
        return _point(self.own.hosting, self.own.load, self.by_call, requests)

    def cheaper(self, requests: float | None = None) -> Cheaper:
        """Which is cheaper at so many requests a month (the load's own where None); ``open``: the band holds both."""
        one = self.now if requests is None else self.at(requests)
        if one.own.high < one.by_call:
            return "own"
        return "calls" if one.own.low > one.by_call else "open"


def break_even(
    host: Hosting,
    load: Load,
    price: Price | Calls,
    *,
    cached: float = 0.0,
    batched: float = 0.0,
    least: float | None = None,
    most: float | None = None,
    points: int = 60,
) -> BreakEven:
    """Hosting against a vendor's price, at every volume with the load's day and lengths.

    `cached`: share of the input that the vendor reads from its cache; `batched`: share of the requests that can wait,
    which the vendor's batches make cheaper and one's own machines work off in quiet hours. `least` and `most` bound
    the curve, in requests a month; else it spans the crossings and the load. Raises `UsageError`.
    """
    by_call = price if isinstance(price, Calls) else calls(price, load, cached=cached, batched=batched)
    if by_call.batched != host.batched:
        host = host.deferring(by_call.batched)
    own = serving_cost(host, load)
    variants = [_Staircase(host, load, end) for end in range(3)]
    first = Crossing(*(one.first(by_call.per_request) for one in variants))
    lasting = Crossing(*(one.lasting(by_call.per_request) for one in variants))
    now = load.requests_per_day * DAYS
    seen = [now, *(one for end in (first, lasting) for one in (end.low, end.likely, end.high) if one)]
    low = min(seen) / 10 if least is None else least
    high = max(seen) * 10 if most is None else most
    if not 0 < low < high or points < 2:
        raise UsageError(f"a curve from {low:g} to {high:g} requests a month in {points} points")
    grid = {low * (high / low) ** (step / (points - 1)) for step in range(points)}
    grid |= {one for one in seen if low < one < high}
    for one in variants:
        for full in one.fulls(high):
            grid |= {edge for edge in (full, math.nextafter(full, math.inf) * (1 + 1e-9)) if low < edge < high}
    curve = tuple(_point(host, load, by_call, volume) for volume in sorted(grid))
    return BreakEven(own, by_call, curve, first, lasting)


def _point(host: Hosting, load: Load, by_call: Calls, requests: float) -> Point:
    machines = host.machines(busiest(load, host.batched) * requests / DAYS / SECONDS_A_DAY)
    return Point(requests, host.month(machines, requests), machines, by_call.month(requests))


class _Staircase:
    """The bill of one end of the interval: what so many machines cost, and the most they serve in a month."""

    def __init__(self, host: Hosting, load: Load, end: int) -> None:
        served, price = host.rates.requests, host.per_hour
        self.host = host
        self.rate = (served.high, served.likely, served.low)[end]
        self.hour = (price.low, price.likely, price.high)[end]
        self.each = (host.per_request.low, host.per_request.likely, host.per_request.high)[end]
        self.factor = busiest(load, host.batched)

    def full(self, working: int) -> float:
        """Requests a month that `working` machines serve at most."""
        return self.host.most_served(working, self.rate) / self.factor * SECONDS_A_DAY * DAYS if working else 0.0

    def bill(self, working: int) -> float:
        """Money a month for so many, spares included, before anything is asked."""
        return (working + self.host.spare) * self.hour * HOURS_A_MONTH + self.host.people_per_month

    def first(self, each: float) -> float | None:
        """Volume from which it is cheaper than `each` a request, for once."""
        return self._from(each, 0)

    def lasting(self, each: float) -> float | None:
        """Volume from which it stays cheaper: the next machine's whole bill is met as the last one fills."""
        return self._from(each, 1)

    def _from(self, each: float, more: int) -> float | None:
        saved = each - self.each
        if saved <= 0:
            return None
        found = _least(lambda working: saved * self.full(working) >= self.bill(working + more))
        return None if found is None else self.bill(found) / saved

    def fulls(self, most: float) -> list[float]:
        """Volumes at which another machine is taken, the first few below `most`."""
        found = []
        for working in range(1, STEPS + 1):
            full = self.full(working)
            if full >= most:
                break
            found.append(full)
        return found


def _least(holds: Callable[[int], bool]) -> int | None:
    """The least number of machines for which `holds`, which stays true once it is; None beyond the most.

    It stays true as what machines serve grows faster than their number, and what they cost in proportion.
    """
    high = 1
    while not holds(high):
        high *= 2
        if high > MOST_MACHINES:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
