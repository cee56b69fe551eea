"""Intervals for one mean of bounded values, for independent items and for items in clusters."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weighbridge.stats.fixed.proportions import Interval, upper_bound
from weighbridge.stats.fixed.special import t_quantile

Floats = NDArray[np.float64]

RARE = 10
"""Fewer departures from the commonest value than this and a t interval cannot be trusted."""


def as_values(values: ArrayLike) -> Floats:
    """A flat float array; ValueError where it is empty or holds NaN (missing values are never dropped in silence)."""
    array = np.asarray(values, dtype=np.float64).ravel()
    if array.size == 0:
        raise ValueError("no values")
    if not np.isfinite(array).all():
        raise ValueError("values must be finite: decide first how a missing one counts")
    return array


def cluster_codes(clusters: ArrayLike | None, n: int) -> NDArray[np.int64]:
    """Cluster numbers 0..C-1 for n items, from labels of any kind; without labels each item is its own cluster."""
    if clusters is None:
        return np.arange(n, dtype=np.int64)
    codes = np.unique(np.asarray(clusters).ravel(), return_inverse=True)[1].astype(np.int64)
    if codes.size != n:
        raise ValueError(f"{codes.size} cluster labels for {n} values")
    return codes


def clustered_error(values: ArrayLike, clusters: ArrayLike | None = None) -> float:
    """Standard error of the mean over items, allowing any dependence within a cluster.

    SE = (1/n) sqrt(sum over clusters of (sum of deviations in the cluster)^2); without clusters, the deviations
    themselves. Source: Miller 2024, Adding Error Bars to Evals (arXiv 2411.00640), section 2.2.
    """
    array = as_values(values)
    sums = np.bincount(cluster_codes(clusters, array.size), weights=array - array.mean())
    return float(np.sqrt(np.sum(sums**2)) / array.size)


def mean_interval(
    values: ArrayLike,
    alpha: float = 0.05,
    clusters: ArrayLike | None = None,
    bounds: Interval = (0.0, 1.0),
) -> Interval:
    """Interval for the mean of the population that the items (or clusters) were drawn from, at 1 - alpha.

    Student's t on C - 1 degrees of freedom with the clustered standard error times sqrt(C/(C-1)), C = clusters.
    Where fewer than 10 clusters and at most a tenth of them depart from the commonest cluster mean, the interval is
    widened to hold the exact binomial bound on how many unseen departures there may be, so that all-equal data get
    an interval of honest width: for 0/1 data with no success it is Clopper and Pearson's. It is never of width 0.
    One cluster alone says nothing about others and gives `bounds`.
    """
    array = as_values(values)
    low, high = bounds
    if array.min() < low or array.max() > high:
        raise ValueError(f"values must lie in [{low}, {high}]")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, got {alpha}")
    codes = cluster_codes(clusters, array.size)
    units = int(codes.max()) + 1
    if units == 1:
        return bounds
    middle = float(array.mean())
    error = clustered_error(array, codes) * math.sqrt(units / (units - 1))
    half = t_quantile(1 - alpha / 2, units - 1) * error
    left, right = middle - half, middle + half
    rare = rare_departures(array, codes, alpha, bounds)
    if rare is not None:
        left, right = min(left, rare[0]), max(right, rare[1])
    return max(low, left), min(high, right)


def rare_departures(values: Floats, codes: NDArray[np.int64], alpha: float, bounds: Interval) -> Interval | None:
    """Exact bounds on a mean where nearly all clusters have one and the same mean c; None where that is not so.

    With P(M < c) <= p and P(M > c) <= q for the mean M of a cluster, both at 1 - alpha/2, the overall mean lies in
    [c - p (c - low), c + q (high - c)]. Clusters of unequal size count as the number of equal ones that would weigh
    the same, (sum of sizes)^2 / (sum of squared sizes).
    """
    sizes = np.bincount(codes).astype(np.float64)
    # Rounded, so that means which differ by the order of summation alone are taken as equal.
    means = np.round(np.bincount(codes, weights=values) / sizes, 12)
    levels, counts = np.unique(means, return_counts=True)
    common = float(levels[counts.argmax()])
    below, above = int(np.count_nonzero(means < common)), int(np.count_nonzero(means > common))
    units = max(1, int(sizes.sum() ** 2 / np.sum(sizes**2) + 1e-9))
    if below + above >= RARE or (below + above) * 10 > means.size:
        return None
    under = upper_bound(min(below, units), units, alpha / 2)
    over = upper_bound(min(above, units), units, alpha / 2)
    return common - under * (common - bounds[0]), common + over * (bounds[1] - common)
