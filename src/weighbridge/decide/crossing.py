"""Where something changes along a line of values: the nearest place, with a value on both of its sides."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

STEPS = 60
"""Halvings of one search, at most."""

Same = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two neighbouring values: at `until` all is as it is today, at `at` it is not."""

    until: float
    at: float


def crossing(now: float, values: Sequence[float], same: Same, *, whole: bool = False) -> Crossing | None:
    """The first of `values`, which lead away from `now`, at which `same` fails, narrowed down; None where it never
    does.

    Between neighbours of `values` a change back and forth is not seen. With `whole` only whole numbers are tried, and
    the two sides are neighbours; otherwise they agree in three digits, and are written with no more.
    """
    last = now
    for value in values:
        if same(value):
            last = value
            continue
        return _narrowed(last, value, same, whole)
    return None


def _narrowed(until: float, at: float, same: Same, whole: bool) -> Crossing:
    if whole:
        low, high = int(until), int(at)
        while abs(high - low) > 1:
            half = (low + high) // 2
            low, high = (half, high) if same(half) else (low, half)
        return Crossing(float(low), float(high))
    for _ in range(STEPS):
        if abs(at - until) <= 2e-4 * max(abs(at), abs(until)):
            break
        middle = math.sqrt(at * until) if at > 0 and until > 0 else (at + until) / 2
        until, at = (middle, at) if same(middle) else (until, middle)
    return _rounded(until, at, same)


def _rounded(until: float, at: float, same: Same) -> Crossing:
    """Both with as few digits as still lie on their sides."""
    up = at > until
    for digits in (3, 4, 5):
        far, near = _cut(at, digits, up), _cut(until, digits, not up)
        if not same(far) and same(near):
            return Crossing(near, far)
    return Crossing(until, at)


def _cut(value: float, digits: int, up: bool) -> float:
    """`value` with so many digits, rounded up or down."""
    if value == 0:
        return 0.0
    power = digits - 1 - math.floor(math.log10(abs(value)))
    scaled = value * 10.0**power
    kept = math.ceil(scaled - 1e-9) if up else math.floor(scaled + 1e-9)
    return round(kept / 10.0**power, max(0, power))


def away(now: float, *, up: bool, most: float, least: float = 0.0, per_doubling: int = 4) -> list[float]:
    """Values that lead away from `now`: by a quarter of a doubling each, and at last the end."""
    if now <= 0:
        return (
            [value for value in (1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9) if value <= most] if up else []
        )
    factor = 2 ** (1 / per_doubling)
    values: list[float] = []
    value = now * factor if up else now / factor
    while (value < most) if up else (value > max(least, now / 4096)):
        values.append(value)
        value = value * factor if up else value / factor
    return [*values, most] if up else [*values, *([least] if least > 0 else [])]
