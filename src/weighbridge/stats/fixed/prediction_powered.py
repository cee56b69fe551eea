"""A mean on the human scale from few human labels and many judgements by a machine (PPI++)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from weighbridge.stats.fixed.means import Floats, as_values, rare_departures
from weighbridge.stats.fixed.proportions import Interval
from weighbridge.stats.fixed.special import t_quantile


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The estimate of the mean human label, and what it rests on."""

    value: float
    error: float
    """Standard error."""
    interval: Interval
    weight: float
    """How far the predictions are trusted, from 0 (labels alone) to 1 (Angelopoulos and others' lambda)."""
    labelled: int
    unlabelled: int
    classical_error: float
    """Standard error of the mean of the labels alone."""

    @property
    def worth(self) -> float:
        """How many labels the labelled ones were as good as, over how many they were; 1 where nothing was gained."""
        return (self.classical_error / self.error) ** 2 if self.error > 0 else 1.0


def calibrated_mean(
    labels: ArrayLike,
    predictions: ArrayLike,
    others: ArrayLike,
    alpha: float = 0.05,
    bounds: Interval = (0.0, 1.0),
    weight: float | None = None,
) -> Calibrated:
    """Mean human label of the population, at 1 - alpha.

    `labels` and `predictions`, shape (n,), are the human's and the judge's values of the same items; `others`, shape
    (N,), the judge's values of items without a label. The labelled items must be a random part of all.

    theta = lambda mean(others) + mean(labels - lambda predictions), with the lambda in [0, 1] that makes its variance
    least. Source: Angelopoulos, Duchi & Zrnic 2023, PPI++ (arXiv 2311.01453), algorithm 1 and equation for lambda;
    `weight` fixes lambda. The interval uses Student's t on n - 1 degrees of freedom where PPI++ takes the normal
    quantile, which is too small for the few labels people have. Where labels - predictions are nearly all alike, it
    is widened to hold the exact bound on departures not seen: a judge who agreed with ten labels of ten may still be
    wrong on the eleventh.

    ValueError: no values, lengths that differ, values outside `bounds`. One label alone gives `bounds`.
    """
    human, judged, rest = as_values(labels), as_values(predictions), as_values(others)
    if human.size != judged.size:
        raise ValueError(f"labels and predictions must be of the same items: {human.size} against {judged.size}")
    low, high = bounds
    for values in (human, judged, rest):
        if values.min() < low or values.max() > high:
            raise ValueError(f"values must lie in [{low}, {high}]")
    n, more = human.size, rest.size
    trust = _weight(human, judged, rest) if weight is None else float(weight)
    corrections = human - trust * judged
    value = trust * float(rest.mean()) + float(corrections.mean())
    error = math.sqrt(float(trust**2 * rest.var() / more + corrections.var() / n))
    classical = math.sqrt(float(human.var() / n))
    if n == 1:
        return Calibrated(value, error, bounds, trust, n, more, classical)
    # The errors above divide by n as the source does; t on n - 1 degrees needs the sample's own variance.
    scale = math.sqrt(n / (n - 1))
    half = t_quantile(1 - alpha / 2, n - 1) * error * scale
    left, right = value - half, value + half
    rare = rare_departures(human - judged, np.arange(n, dtype=np.int64), alpha / 2, (low - high, high - low))
    if rare is not None:
        wide = t_quantile(1 - alpha / 4, max(1, more - 1)) * math.sqrt(float(rest.var()) / more)
        middle = float(rest.mean())
        left, right = min(left, middle - wide + rare[0]), max(right, middle + wide + rare[1])
    return Calibrated(value, error, (max(low, left), min(high, right)), trust, n, more, classical)


def calibrated_difference(
    labels: tuple[ArrayLike, ArrayLike],
    predictions: tuple[ArrayLike, ArrayLike],
    others: tuple[ArrayLike, ArrayLike],
    alpha: float = 0.05,
) -> Calibrated:
    """Difference of two candidates' mean human labels (first minus second), paired over items.

    Each argument holds the values of both candidates on the same items; see `calibrated_mean`. The differences of
    the labels are estimated with the differences of the judgements as predictions.
    """
    parts = []
    for name, (a, b) in (("labels", labels), ("predictions", predictions), ("others", others)):
        first, second = as_values(a), as_values(b)
        if first.size != second.size:
            raise ValueError(
                f"{name} of two candidates must be of the same items: {first.size} against {second.size}"
            )
        parts.append(first - second)
    return calibrated_mean(parts[0], parts[1], parts[2], alpha, (-1.0, 1.0))


def _weight(human: Floats, judged: Floats, rest: Floats) -> float:
    """The lambda of least variance: Cov(label, prediction) / ((1 + n/N) Var(prediction)), within [0, 1]."""
    together = np.concatenate([judged, rest])
    spread = float(together.var(ddof=1))
    if spread <= 0:
        return 0.0
    shared = float(np.mean((human - human.mean()) * (judged - judged.mean())))
    return min(1.0, max(0.0, shared / ((1 + human.size / rest.size) * spread)))
