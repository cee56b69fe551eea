"""Paired differences between two candidates on the same items: standard error, interval and McNemar's test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from weighbridge.stats.fixed.means import Floats, as_values, cluster_codes, clustered_error, mean_interval
from weighbridge.stats.fixed.proportions import Interval
from weighbridge.stats.fixed.special import binomial_cdf, binomial_mass


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Mean of a - b over items, with its standard error and interval."""

    difference: float
    error: float
    """Standard error by Miller's formula; 0 where no item (cluster) differs from another, which is why the interval
    is not made from it alone."""
    interval: Interval
    items: int
    clusters: int
    win: int
    tie: int
    loss: int
    """Items where a scores above, equal to, below b."""


def paired(a: ArrayLike, b: ArrayLike) -> Floats:
    """a - b item by item; ValueError where the lengths differ."""
    left, right = as_values(a), as_values(b)
    if left.size != right.size:
        raise ValueError(f"paired scores must be of the same items: {left.size} against {right.size}")
    return left - right


def paired_error(a: ArrayLike, b: ArrayLike, clusters: ArrayLike | None = None) -> float:
    """Miller's paired (clustered) standard error of mean(a) - mean(b).

    Source: Miller 2024 (arXiv 2411.00640), sections 4.2 and 2.2: the clustered error of the item-by-item differences.
    """
    return clustered_error(paired(a, b), clusters)


def paired_interval(
    a: ArrayLike, b: ArrayLike, alpha: float = 0.05, clusters: ArrayLike | None = None
) -> PairedDifference:
    """The paired difference of scores in [0, 1] with its interval at 1 - alpha (see `means.mean_interval`).

    For one look at data of a size fixed beforehand; a run that is watched as it goes needs a confidence sequence.
    """
    differences = paired(a, b)
    codes = cluster_codes(clusters, differences.size)
    return PairedDifference(
        difference=float(differences.mean()),
        error=clustered_error(differences, codes),
        interval=mean_interval(differences, alpha, codes, bounds=(-1.0, 1.0)),
        items=differences.size,
        clusters=int(codes.max()) + 1,
        win=int(np.count_nonzero(differences > 0)),
        tie=int(np.count_nonzero(differences == 0)),
        loss=int(np.count_nonzero(differences < 0)),
    )


def resampled_error(
    a: ArrayLike, b: ArrayLike, within_a: ArrayLike, within_b: ArrayLike, repeats: tuple[int, int]
) -> tuple[float, float]:
    """Standard error of a paired difference of per-item means over repeats, and the share that repeats cause.

    `a`, `b` are the per-item means of `repeats` answers, `within_*` the per-item variances of single answers (ddof
    1). The total variance of the mean is Var(D)/n; of it (mean within_a / R_a + mean within_b / R_b)/n is the models'
    own randomness, which more repeats would shrink. Source: Miller 2024, section 3.1. Shares lie in [0, 1].
    """
    differences = paired(a, b)
    n = differences.size
    if n < 2:
        raise ValueError("a standard error needs at least two items")
    total = float(differences.var(ddof=1)) / n
    own = float(as_values(within_a).mean()) / repeats[0] + float(as_values(within_b).mean()) / repeats[1]
    share = min(1.0, own / n / total) if total > 0 else 0.0
    return math.sqrt(total), share


def mcnemar(win: int, loss: int, mid: bool = False) -> float:
    """Two-sided p value that wins and losses are equally likely, given `win + loss` items that differ.

    Exact binomial; with `mid`, half of the observed point's mass is left out on each side, which keeps the size near
    nominal instead of far below it. Sources: McNemar 1947, Psychometrika 12:153; Fagerland, Lydersen & Laake 2013,
    BMC Medical Research Methodology 13:91. No differing item gives p = 1 (no evidence either way).
    """
    if win < 0 or loss < 0:
        raise ValueError("counts cannot be negative")
    n = win + loss
    if n == 0:
        return 1.0
    fewer = min(win, loss)
    tail = binomial_cdf(fewer, n, 0.5)
    if not mid:
        return min(1.0, 2 * tail)
    mass = binomial_mass(fewer, n, 0.5)
    return 1 - 0.5 * mass if win == loss else 2 * tail - mass
