"""Requests as they arrive: through the day, and at random within the hour; how many machines that takes.

An engine that batches holds so many sequences at once, and a request waits where all are taken. That is a queue with
as many servers as there are sequences; with arrivals at random and lengths that vary as an exponential does, the
chance to wait is Erlang's C formula (A. K. Erlang, 1917). Answers of more even length wait less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from weighbridge.errors import UsageError

HOURS = 24
STEEPEST = 20
PEAK_AT = 15.25
"""Time of day with the most requests; when that is changes nothing but plots. (Within an hour: no hour is then quite
without requests.)"""
_VAST = 1e200
MANY = 2000
"""Servers beyond which the limit for many stands for the exact formula, a thousandth lower: it is above by less."""
RARE = 0.001
"""Share of waiting below which it does not."""


def day(peak_to_mean: float) -> tuple[float, ...]:
    """Demand of the 24 hours, as shares of the mean hour: one smooth hump whose top is `peak_to_mean` times the mean.

    A raised cosine to the power that gives that ratio. Raises `UsageError` outside [1, 20].
    """
    if not 1 <= peak_to_mean <= STEEPEST:
        raise UsageError(
            f"a peak of {peak_to_mean:g} times the mean hour",
            fix=f"between 1 and {STEEPEST}: with all requests in one hour of the day it would be {HOURS}",
        )
    angles = [2 * math.pi * (hour - PEAK_AT) / HOURS for hour in range(HOURS)]

    def shape(power: float) -> list[float]:
        return [((1 + math.cos(angle)) / 2) ** power for angle in angles]

    low, high = 0.0, 400.0
    for _ in range(80):
        middle = (low + high) / 2
        tried = shape(middle)
        low, high = (middle, high) if HOURS * max(tried) / sum(tried) < peak_to_mean else (low, middle)
    hump = shape((low + high) / 2)
    mean = sum(hump) / HOURS
    return tuple(hour / mean for hour in hump)


def chance_to_wait(offered: float, servers: int) -> float:
    """Probability that a request finds all `servers` taken (Erlang C); `offered`: requests in service if none waited.

    1 where more is offered than can be served. By the inverse of Erlang's B, the sum over k of s! / ((s - k)! a^k),
    whose terms soon vanish: exact, in about as many steps as the root of `servers`.
    """
    if servers < 1 or offered >= servers:
        return 1.0
    if offered <= 0:
        return 0.0
    term, total = 1.0, 1.0
    for left in range(servers, 0, -1):
        term *= left / offered
        total += term
        if total > _VAST:
            return 0.0
        if term < total * 1e-15:
            break
    blocked = 1 / total
    return blocked / (1 - offered / servers * (1 - blocked))


@cache
def _slack(may_wait: float) -> float:
    """Servers beyond the offered load, in its square roots, so that a share `may_wait` waits where both are many.

    S. Halfin and W. Whitt, Operations Research 29 (1981): 1 / (1 + b Phi(b) / phi(b)).
    """
    low, high = 0.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        below = 0.5 * math.erfc(-middle / math.sqrt(2))
        density = math.exp(-middle * middle / 2) / math.sqrt(2 * math.pi)
        waits = density / (density + middle * below)
        low, high = (middle, high) if waits > may_wait else (low, middle)
    return high


@cache
def most_offered(servers: int, may_wait: float) -> float:
    """The most that `servers` can be offered so that no more than a share `may_wait` of the requests wait."""
    if servers < 1:
        return 0.0
    if servers > MANY and may_wait >= RARE:
        slack = _slack(may_wait)
        return 0.999 * ((math.sqrt(slack * slack + 4 * servers) - slack) / 2) ** 2

    def over(offered: float) -> float:
        return math.log(max(chance_to_wait(offered, servers), 1e-300) / may_wait)

    low, high = 0.0, float(servers)
    below, above = -math.inf, over(high)
    # False position, the end that stays put halved (Illinois), for the formula is dear where servers are many;
    # halving while the lower end is far off.
    for _ in range(100):
        if high - low <= 1e-12 * servers:
            break
        middle = (low + high) / 2 if below < -5 else (low * above - high * below) / (above - below)
        if not low < middle < high:
            middle = (low + high) / 2
        found = over(middle)
        if found <= 0:
            low, below, above = middle, min(found, -1e-18), above / 2 if below >= -5 else above
        else:
            high, above, below = middle, found, below / 2 if below >= -5 else below
    return low


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one machine serves."""

    requests: float
    """Requests a second with every place taken, at most."""
    places: int
    """Sequences at once, over all its replicas."""

    @property
    def held(self) -> float:
        """Seconds that a request holds its place with every place taken (Little's law)."""
        return self.places / self.requests


def most_served(capacity: Capacity, machines: int, may_wait: float) -> float:
    """Requests a second that `machines` serve while no more than a share `may_wait` of them wait."""
    return most_offered(machines * capacity.places, may_wait) / capacity.held


def machines_for(capacity: Capacity, requests: float, may_wait: float) -> int:
    """The fewest machines that serve `requests` a second while no more than a share `may_wait` of them wait."""
    if requests <= 0:
        return 1
    low = max(0, math.ceil(requests / capacity.requests) - 1)  # so few are too few, whatever the queue
    step = 1
    while most_served(capacity, low + step, may_wait) < requests:
        low, step = low + step, 2 * step
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if most_served(capacity, middle, may_wait) < requests else (low, middle)
    return high
