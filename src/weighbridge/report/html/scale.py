"""From values to places on a page: linear and logarithmic scales with round ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps [low, high] to [start, stop]; with `log` both ends are positive and decades take equal room."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Place of `value`, held inside the scale."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            part = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            part = (inside - self.low) / (self.high - self.low)
        return self.start + part * (self.stop - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Round values inside the scale, roughly `about` of them."""
        return _log_ticks(self.low, self.high, about) if self.log else _even_ticks(self.low, self.high, about)


def _even_ticks(low: float, high: float, about: int) -> list[float]:
    step = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(step))
    size = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * 0.999)
    first = math.ceil(low / size - 1e-9)
    last = math.floor(high / size + 1e-9)
    return [number * size for number in range(first, last + 1)]


def _log_ticks(low: float, high: float, about: int) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        found = [s * 10.0**d for d in decades for s in steps if low * 0.999 <= s * 10.0**d <= high * 1.001]
        if len(found) >= min(about, 3):
            break
    every = math.ceil(len(found) / max(2, about + 1))
    return found[::every] if found else [low, high]


def share_scale(values: list[float], start: float, stop: float) -> Scale:
    """A scale for scores in [0, 1] that holds `values` with a margin and at least 4 points of room."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = max(0.04, (high - low) * 1.12)
    middle = (low + high) / 2
    bottom, top = max(0.0, middle - room / 2), min(1.0, middle + room / 2)
    if top - bottom < 0.04:
        bottom, top = max(0.0, top - 0.04), min(1.0, bottom + 0.04)
    return Scale(bottom, top, start, stop)


def positive_scale(values: list[float], start: float, stop: float, wide: float = 12.0) -> Scale:
    """A scale for money or seconds; logarithmic where all are positive and differ more than `wide` times."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low > 0 and high / low > wide:
        return Scale(low / 1.25, high * 1.25, start, stop, log=True)
    if high <= 0:
        return Scale(0.0, 1.0, start, stop)
    return Scale(0.0, high * 1.08, start, stop)
