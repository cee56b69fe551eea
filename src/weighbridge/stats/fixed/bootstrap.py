"""Bootstrap intervals for a paired difference: seeded, by cluster, percentile or bias-corrected and accelerated."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from weighbridge.stats.fixed.differences import paired
from weighbridge.stats.fixed.means import Floats, cluster_codes, rare_departures
from weighbridge.stats.fixed.proportions import Interval
from weighbridge.stats.fixed.special import normal_cdf, normal_quantile

_BLOCK = 4_000_000
"""Draws held at once, so that memory stays bounded for large pools."""


def _replicates(sums: Floats, sizes: Floats, resamples: int, seed: int) -> Floats:
    """Means of `resamples` samples of whole clusters, drawn with replacement."""
    rng = np.random.default_rng(seed)
    units = sums.size
    out = np.empty(resamples)
    step = max(1, _BLOCK // units)
    for start in range(0, resamples, step):
        stop = min(resamples, start + step)
        drawn = rng.integers(units, size=(stop - start, units))
        out[start:stop] = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return out


def _accelerated(replicates: Floats, middle: float, sums: Floats, sizes: Floats, alpha: float) -> tuple[float, float]:
    """The two quantile levels of the BCa interval: bias from the replicates, acceleration from a jackknife."""
    below = (
        float(np.count_nonzero(replicates < middle) + 0.5 * np.count_nonzero(replicates == middle)) / replicates.size
    )
    below = min(max(below, 1 / replicates.size), 1 - 1 / replicates.size)
    bias = normal_quantile(float(below))
    left_out = (sums.sum() - sums) / (sizes.sum() - sizes)
    deviation = left_out.mean() - left_out
    spread = float(np.sum(deviation**2))
    skew = float(np.sum(deviation**3)) / (6 * spread**1.5) if spread > 0 else 0.0

    def level(z: float) -> float:
        scale = 1 - skew * (bias + z)
        return normal_cdf(bias + (bias + z) / scale) if scale > 0 else float(z > 0)

    return level(normal_quantile(alpha / 2)), level(normal_quantile(1 - alpha / 2))


def paired_bootstrap(
    a: ArrayLike,
    b: ArrayLike,
    alpha: float = 0.05,
    clusters: ArrayLike | None = None,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    method: Literal["percentile", "bca"] = "bca",
) -> Interval:
    """Interval for mean(a) - mean(b) over the population of items, resampling whole clusters; scores in [0, 1].

    The same arguments give the same interval. ``bca`` corrects for bias and skew. Where hardly any item differs no
    resample can show what was not seen: the interval is then widened to the exact bound of
    `means.rare_departures`, so it is never of width 0. One cluster alone says nothing: (-1, 1).
    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, 13.3 and 14.3.
    """
    differences = paired(a, b)
    codes = cluster_codes(clusters, differences.size)
    sums: Floats = np.bincount(codes, weights=differences).astype(np.float64)
    sizes = np.bincount(codes).astype(np.float64)
    if sums.size == 1:
        return -1.0, 1.0
    middle = float(differences.mean())
    replicates = _replicates(sums, sizes, resamples, seed)
    levels = (alpha / 2, 1 - alpha / 2)
    if method == "bca":
        levels = _accelerated(replicates, middle, sums, sizes, alpha)
    low, high = (float(value) for value in np.quantile(replicates, levels))
    rare = rare_departures(differences, codes, alpha, (-1.0, 1.0))
    if rare is not None:
        low, high = min(low, rare[0]), max(high, rare[1])
    return max(-1.0, low), min(1.0, high)
