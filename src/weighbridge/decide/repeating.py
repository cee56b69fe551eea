"""How much of a candidate's interval is its own randomness, and whether repeats are worth their price."""

from __future__ import annotations

import numpy as np

from weighbridge.decide.standing import Standing
from weighbridge.decide.words import percent
from weighbridge.evidence import Evidence
from weighbridge.stats.repeats import Components, components_of_means

HARDLY = 0.05
"""Below this share of the variance a model's own randomness hardly counts."""


def components_of(evidence: Evidence, standing: Standing, k: int) -> Components | None:
    """Variance components of the candidate's unit scores; None with one repeat or fewer than two units.

    A cluster of m items has the mean of its items for a score, whose own variance is the sum of theirs / m^2.
    """
    repeats = int(evidence.repeats[k])
    units = int(standing.counts[k])
    if repeats < 2 or units < 2:
        return None
    drawn = evidence.within[k][evidence.order] / repeats
    starts = standing.starts[: units + 1]
    own = np.add.reduceat(np.nan_to_num(drawn[: starts[-1]]), starts[:-1]) / np.diff(starts) ** 2
    return components_of_means(standing.prefix(k), own, repeats)


def own_randomness(evidence: Evidence, standing: Standing, k: int) -> float | None:
    """Share of the variance of the candidate's mean score that its own randomness causes; None with one repeat.

    Source: Miller 2024, arXiv 2411.00640, section 3.1. More repeats shrink this share of the interval and no other.
    """
    found = components_of(evidence, standing, k)
    if found is None or found.variance <= 0:
        return None
    return found.share


def repeat_advice(evidence: Evidence, standing: Standing, k: int) -> str | None:
    """One sentence; None with one repeat, and where the scores do not vary at all."""
    found = components_of(evidence, standing, k)
    if found is None or found.variance <= 0:
        return None
    repeats = int(evidence.repeats[k])
    whole = int(standing.counts[k]) == standing.units
    if found.share < HARDLY:
        return f"its answers hardly differ: one answer per item does as well, for 1/{repeats} of the money"
    if not whole:
        gain = found.narrower_by_items()
        return (
            f"the same calls on {repeats} times as many items, one answer each, would make the interval "
            f"{percent(gain)} narrower"
        )
    if standing.pool is not None:
        return None
    return (
        f"{2 * repeats} answers per item would make the interval {percent(found.narrower(2 * repeats))} narrower for "
        f"twice the money, endless ones {percent(found.narrower(1e9))}; more items narrow all of it"
    )
