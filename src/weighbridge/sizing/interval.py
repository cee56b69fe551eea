"""A figure that is known within bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """Least, likely and most."""

    low: float
    likely: float
    high: float

    def __mul__(self, factor: float) -> Interval:
        """Each end times a positive factor."""
        return Interval(self.low * factor, self.likely * factor, self.high * factor)

    def inverse(self, numerator: float = 1.0) -> Interval:
        """`numerator` over the figure: the ends change places."""
        return Interval(numerator / self.high, numerator / self.likely, numerator / self.low)

    def holds(self, value: float) -> bool:
        """Whether `value` lies within."""
        return self.low <= value <= self.high


def around(likely: float, spread: float) -> Interval:
    """From `likely` / e^spread to `likely` x e^spread: bounds of a figure that is off by a factor."""
    return Interval(likely * math.exp(-spread), likely, likely * math.exp(spread))


def exactly(value: float) -> Interval:
    """A figure that is not in doubt."""
    return Interval(value, value, value)
