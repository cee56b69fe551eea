"""How far the prompts of one candidate lie apart, with intervals that hold all at once.

With K candidates and V prompts each, K V means and K V (V - 1) / 2 paired differences are bounded at alpha / 2 in all
each (Bonferroni), by confidence sequences. The largest true difference of a candidate lies between the largest lower
and the largest upper bound of its pairs' absolute differences wherever all of them hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from weighbridge.decide.standing import Standing
from weighbridge.stats.intervals import difference_sequence, mean_sequence
from weighbridge.variants.result import CandidateSpread, VariantScore


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate under one prompt: a row of the score table."""

    candidate: str
    variant: str
    index: int
    """Place in the standing."""


def spread_of(
    rows: Sequence[Row],
    standing: Standing,
    alpha: float,
    candidates: int,
    statuses: Sequence[dict[str, int]],
    side: str,
) -> CandidateSpread:
    """The spread of one candidate over its `rows`. `alpha` is shared among `candidates` that are looked at alike."""
    size = len(rows)
    each = alpha / (2 * candidates * size)
    scores = []
    for row, counts in zip(rows, statuses, strict=True):
        values = standing.prefix(row.index)
        interval = mean_sequence(values, each, standing.pool, planned=standing.units) if values.size else None
        items = standing.items_after(int(standing.counts[row.index]))
        scores.append(VariantScore(row.variant, standing.mean(row.index), interval, items, counts))
    known = [one for one in scores if one.score is not None]
    low, high = _between(rows, standing, alpha / (candidates * size * max(1, size - 1)))
    best = max(known, key=lambda one: one.score or 0.0, default=None)
    worst = min(known, key=lambda one: one.score or 0.0, default=None)
    seen = None if best is None or worst is None else (best.score or 0.0) - (worst.score or 0.0)
    return CandidateSpread(
        name=rows[0].candidate,
        side=side,  # type: ignore[arg-type]  # one of the sides a column has
        variants=scores,
        best=None if best is None else best.variant,
        worst=None if worst is None else worst.variant,
        spread=seen,
        spread_interval=(low, high) if len(known) > 1 else None,
        differs=low > 0,
    )


def _between(rows: Sequence[Row], standing: Standing, alpha: float) -> tuple[float, float]:
    """Bounds of the largest absolute difference between two prompts, each pair at 1 - `alpha`."""
    lows, highs = [0.0], [0.0]
    for a, b in combinations(rows, 2):
        left, right = standing.shared(a.index, b.index)
        if not left.size:
            continue
        # Means over repeats and clusters differ in their last bits where they are equal on paper.
        low, high = difference_sequence(np.round(left - right, 12), alpha, standing.pool, planned=standing.units)
        lows.append(max(low, -high, 0.0))
        highs.append(max(abs(low), abs(high)))
    return max(lows), max(highs)


def best_of(rows: Sequence[Row], standing: Standing, units: int) -> tuple[Row, float] | None:
    """The row with the highest mean over the first `units` units, the first declared among equals; and that mean.

    None where one of them was not asked all of these.
    """
    if any(standing.counts[row.index] < units for row in rows) or units < 1:
        return None
    means = [float(standing.values[row.index, :units].mean()) for row in rows]
    place = int(np.argmax(np.round(means, 12)))
    return rows[place], means[place]
