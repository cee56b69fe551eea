"""How long things last, some of which still do: Kaplan-Meier with intervals.

Estimate: Kaplan and Meier (1958). Variance: Greenwood (1926). Interval: on the log-minus-log scale, Kalbfleisch and
Prentice (2002), section 1.4, which keeps it within 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Chance:
    """A probability with its interval."""

    value: float
    low: float
    high: float

    def words(self) -> str:
        """``0.62 (0.41 to 0.77)``."""
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True, slots=True)
class Curve:
    """Survival by age: a step function that falls at each age at which something ended."""

    times: tuple[float, ...]
    """Ages at which there were endings, rising."""
    at_risk: tuple[int, ...]
    """How many had reached each of them and not ended before."""
    ended: tuple[int, ...]
    """How many ended at each of them."""
    survival: tuple[float, ...]
    """Share that outlives each of them."""
    low: tuple[float, ...]
    high: tuple[float, ...]
    number: int
    """Of observations in all."""
    level: float
    longest: float
    """The greatest age observed, ended or not; beyond it the curve says nothing."""

    def at(self, age: float) -> Chance:
        """Share that outlives an age."""
        last = sum(time <= age for time in self.times) - 1
        if last < 0:
            return Chance(1.0, 1.0, 1.0)
        return Chance(self.survival[last], self.low[last], self.high[last])

    def conditional(self, age: float, more: float) -> Chance | None:
        """Of those that have reached `age`, the share that lasts `more`; None where nothing that old was observed.

        The estimate over those still at risk at `age`, entered there: S(age + more) / S(age), with Greenwood's sum
        over the endings between the two.
        """
        if age >= self.longest:
            return None
        share, variance = 1.0, 0.0
        for time, risk, ended in zip(self.times, self.at_risk, self.ended, strict=True):
            if age < time <= age + more:
                share, variance = _step(share, variance, risk, ended)
        return Chance(share, *_interval(share, variance, self.level))

    def median(self) -> float | None:
        """The age that half outlive; None where more than half do at every age observed."""
        return next((time for time, share in zip(self.times, self.survival, strict=True) if share <= 0.5), None)


def kaplan_meier(ages: Sequence[float], ended: Sequence[bool], level: float = 0.95) -> Curve:
    """The curve of things that reached `ages`, where those not `ended` were last seen (right-censored).

    Ages are of any unit, not negative. Things that end at the age at which others were last seen ended before those.
    Raises ValueError for empty or unequal input.
    """
    import numpy as np

    age = np.asarray(ages, dtype=float)
    event = np.asarray(ended, dtype=bool)
    if age.size == 0 or age.shape != event.shape:
        raise ValueError("as many ages as endings are needed, and at least one")
    if not np.isfinite(age).all() or bool((age < 0).any()):
        raise ValueError("ages are numbers, and not negative")
    times, counts = np.unique(age[event], return_counts=True)
    risks = _at_risk(age, times)
    shares, lows, highs = [], [], []
    share, variance = 1.0, 0.0
    for risk, count in zip(risks, counts.tolist(), strict=True):
        share, variance = _step(share, variance, risk, count)
        low, high = _interval(share, variance, level)
        shares.append(share)
        lows.append(low)
        highs.append(high)
    return Curve(
        times=tuple(times.tolist()),
        at_risk=tuple(risks),
        ended=tuple(counts.tolist()),
        survival=tuple(shares),
        low=tuple(lows),
        high=tuple(highs),
        number=int(age.size),
        level=level,
        longest=float(age.max()),
    )


def _at_risk(age: np.ndarray, times: np.ndarray) -> list[int]:
    import numpy as np

    rising = np.sort(age)
    return [int(age.size - np.searchsorted(rising, time, side="left")) for time in times]


def _step(share: float, variance: float, risk: int, ended: int) -> tuple[float, float]:
    """The share after one age of endings, and Greenwood's sum d / (n (n - d)) up to it."""
    if ended == risk:
        return 0.0, math.inf
    return share * (1 - ended / risk), variance + ended / (risk * (risk - ended))


def _interval(share: float, variance: float, level: float) -> tuple[float, float]:
    """S ** exp(+- z sqrt(V) / log S); where nothing ended, 1 at both ends, and where all did, 0."""
    if share >= 1.0:
        return 1.0, 1.0
    if share <= 0.0:
        return 0.0, 0.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    spread = z * math.sqrt(variance) / abs(math.log(share))
    return share ** math.exp(spread), share ** math.exp(-spread)


def wilson(successes: float, number: float, level: float = 0.95) -> Chance:
    """A share with Wilson's interval (1927). `number` may be fewer than were counted, where they hang together."""
    if number <= 0:
        return Chance(0.5, 0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / number
    centre = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number)) / (1 + z * z / number)
    return Chance(share, max(0.0, centre - half), min(1.0, centre + half))
