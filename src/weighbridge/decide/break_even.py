"""Self-hosting against paying by the call: both bills over the volume, and where they cross."""

from __future__ import annotations

import math

from weighbridge.decide.bench import Judged
from weighbridge.decide.counsel import BreakEven, BreakEvenPoint
from weighbridge.decide.crossing import crossing
from weighbridge.decide.hosting import Plants
from weighbridge.decide.words import money
from weighbridge.evidence import Load

CURVES = 3
"""Pairs that are drawn, at most."""

POINTS = 41
"""Volumes of a curve."""

LEAST, MOST = 1.0, 1e8
"""Requests per day between which the bills are compared."""


def break_even(judged: Judged) -> list[BreakEven]:
    """For each model of one's own hosting and each that is paid by the call, the nearest in score first."""
    load = judged.terms.requirements.load
    if load is None:
        return []
    names = judged.standing.names
    able = [k for k in range(len(names)) if judged.met[k] != "not met"]
    own = [k for k in able if judged.months[k].plants is not None]
    paid = [k for k in able if judged.months[k].plants is None and (judged.months[k].span or (0, 0, 0))[1] > 0]

    def gap(pair: tuple[int, int]) -> float:
        a, b = (judged.standing.mean(k) or 0.0 for k in pair)
        return abs(a - b)

    pairs = sorted(((a, b) for a in own for b in paid), key=gap)[:CURVES]
    return [_curve(judged, a, b, load) for a, b in pairs]


def _curve(judged: Judged, a: int, b: int, load: Load) -> BreakEven:
    plants, span = judged.months[a].plants, judged.months[b].span
    if plants is None or span is None:
        raise ValueError("a curve needs a machine and a price")
    each = span[1] / load.requests_per_day  # money per month for one request a day
    names, currency = judged.standing.names, judged.terms.currency
    cross = [_cross(plants, load.peak_to_mean, each, part) for part in range(3)]
    low, likely, high = cross
    volumes = _volumes(load.requests_per_day, likely)
    points = [
        BreakEvenPoint(volume, plants.at(volume, load.peak_to_mean).month(volume, load.peak_to_mean), each * volume)
        for volume in volumes
    ]
    if likely is None:
        says = f"{names[b]}, paid by the call, costs less than hosting {names[a]} oneself at every volume tried"
    else:
        between = f" (between {_volume(low)} and {_volume(high)})" if low != high else ""
        machine = plants.at(likely, load.peak_to_mean).machine
        says = (
            f"Hosting {names[a]} oneself ({machine}) costs less than {names[b]} from about {likely:,.0f} requests "
            f"per day on{between}, where both cost about {money(each * likely, currency)} per month"
        )
    return BreakEven(names[a], names[b], likely, (low, high), points, f"{says}.")


def _volume(value: float | None) -> str:
    return "more than any that was tried" if value is None else f"{value:,.0f}"


def _cross(plants: Plants, peak: float, each: float, part: int) -> float | None:
    """The first volume at which one's own machines cost no more; None within the volumes tried."""

    def dearer(volume: float) -> bool:
        return plants.at(volume, peak).month(volume, peak)[part] > each * volume

    if not dearer(LEAST):
        return LEAST
    steps = [LEAST * 10 ** (n / 40) for n in range(1, round(40 * math.log10(MOST / LEAST)) + 1)]
    found = crossing(LEAST, steps, dearer)
    return None if found is None else found.at


def _volumes(now: float, likely: float | None) -> list[float]:
    """Round the volume of today and the crossing, at equal steps of the logarithm."""
    low = min(now, likely or now) / 10
    high = max(now, likely or now) * 10
    step = math.log(high / low) / (POINTS - 1)
    return [low * math.exp(step * n) for n in range(POINTS)]
