"""How far raters agree beyond chance: Krippendorff's alpha and Cohen's kappa."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weighbridge.stats.fixed.means import Floats
from weighbridge.stats.fixed.proportions import Interval
from weighbridge.stats.fixed.special import normal_quantile

_NO_ERROR = 1e-7
"""Standard errors that are 0 but for rounding."""

Level = Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient of agreement: 1 is perfect, 0 what chance gives, below 0 is worse than chance."""

    value: float
    interval: Interval
    units: int
    """Units that at least two raters rated."""


def krippendorff_alpha(ratings: ArrayLike, level: Level = "interval") -> float:
    """Krippendorff's alpha of `ratings`, shape (raters, units), NaN where a rater did not rate a unit.

    alpha = 1 - observed / expected disagreement, from the matrix of coincidences; units with fewer than two ratings
    take no part. Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, with its metrics for nominal,
    ordinal and interval data. Ratings that are all one value have no disagreement to expect; there alpha is NaN.
    ValueError: no unit has two ratings.
    """
    return _alpha(_value_counts(ratings), level)


def krippendorff(
    ratings: ArrayLike, level: Level = "interval", alpha: float = 0.05, resamples: int = 1000, seed: int = 0
) -> Agreement:
    """`krippendorff_alpha` with a percentile bootstrap over units at 1 - alpha.

    Resamples in which all ratings are alike say nothing and are left out; where all are, the interval is (-1, 1).
    Below some 20 units a percentile interval is narrower than it should be.
    """
    counts = _value_counts(ratings)
    value = _alpha(counts, level)
    units = counts[1].shape[0]
    draw = np.random.Generator(np.random.PCG64(seed))
    found = np.array(
        [_alpha((counts[0], counts[1][draw.integers(0, units, units)]), level) for _ in range(resamples)]
    )
    found = found[~np.isnan(found)]
    if math.isnan(value) or not found.size:
        return Agreement(value, (-1.0, 1.0), units)
    low, high = (float(bound) for bound in np.quantile(found, (alpha / 2, 1 - alpha / 2)))
    return Agreement(value, (low, high), units)


def _value_counts(ratings: ArrayLike) -> tuple[Floats, Floats]:
    """The values that occur, shape (V,), and how often each unit got each, shape (units, V)."""
    table = np.atleast_2d(np.asarray(ratings, dtype=np.float64))
    table = table[:, np.count_nonzero(~np.isnan(table), axis=0) >= 2]
    if not table.shape[1]:
        raise ValueError("no unit was rated twice")
    values = np.unique(table[~np.isnan(table)])
    return values, np.stack([np.count_nonzero(table == value, axis=0) for value in values], axis=1).astype(np.float64)


def _alpha(counted: tuple[Floats, Floats], level: Level) -> float:
    values, counts = counted
    weights = 1 / (counts.sum(axis=1) - 1)
    coincidences = (counts.T * weights) @ counts - np.diag((counts * weights[:, None]).sum(axis=0))
    totals = coincidences.sum(axis=0)
    distance = _distances(values, totals, level)
    expected = float(totals @ distance @ totals)
    if expected <= 0:
        return math.nan
    return float(1 - (totals.sum() - 1) * (coincidences * distance).sum() / expected)


def _distances(values: Floats, totals: Floats, level: Level) -> Floats:
    """Squared difference of every two values, shape (V, V)."""
    if level == "nominal":
        return 1.0 - np.eye(values.size)
    if level == "interval":
        return (values[:, None] - values[None, :]) ** 2
    # The metric of ranks: all ratings between two values, each of them half.
    ranks = np.cumsum(totals) - totals / 2
    return (ranks[:, None] - ranks[None, :]) ** 2


def cohen_kappa(a: Sequence[object], b: Sequence[object], alpha: float = 0.05) -> Agreement:
    """Cohen's kappa of two raters' categories for the same units, with its interval at 1 - alpha.

    Source: Cohen 1960, Educational and Psychological Measurement 20:37; the large-sample standard error is that of
    Fleiss, Cohen & Everitt 1969, Psychological Bulletin 72:323. Where both use one category alone kappa is not
    defined (NaN), and where one of them does it is 0 whatever happens: the interval is then (-1, 1). With perfect
    agreement the standard error is 0; the interval then reaches down to what one more, contrary unit would give, so
    that ten agreements do not look like certainty.
    ValueError: lengths differ, or there is no unit.
    """
    if len(a) != len(b):
        raise ValueError(f"two raters must rate the same units: {len(a)} against {len(b)}")
    if not len(a):
        raise ValueError("no units")
    known = {value: place for place, value in enumerate(dict.fromkeys([*a, *b]))}
    table = np.zeros((len(known), len(known)))
    np.add.at(table, ([known[value] for value in a], [known[value] for value in b]), 1.0)
    value, error = _kappa(table)
    units = len(a)
    if math.isnan(value) or (error < _NO_ERROR and value < 1):
        return Agreement(value, (-1.0, 1.0), units)
    half = normal_quantile(1 - alpha / 2) * error
    low = value - half
    if error < _NO_ERROR:
        doubtful = table.copy()
        doubtful[0, 1] += 1
        low = _kappa(doubtful)[0] - normal_quantile(1 - alpha / 2) * _kappa(doubtful)[1]
    return Agreement(value, (max(-1.0, low), min(1.0, value + half)), units)


def _kappa(counts: NDArray[np.float64]) -> tuple[float, float]:
    """Kappa and its standard error from a square table of counts."""
    n = float(counts.sum())
    shares = counts / n
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, chance = float(np.trace(shares)), float(rows @ columns)
    if chance >= 1 - 1e-15:
        return math.nan, math.nan
    kappa = (observed - chance) / (1 - chance)
    both = rows[None, :] + columns[:, None]
    diagonal = float(np.sum(np.diag(shares) * (1 - np.diag(both) * (1 - kappa)) ** 2))
    other = shares * both**2
    rest = (1 - kappa) ** 2 * float(other.sum() - np.trace(other))
    variance = (diagonal + rest - (kappa - chance * (1 - kappa)) ** 2) / ((1 - chance) ** 2 * n)
    return float(kappa), math.sqrt(max(0.0, variance))
