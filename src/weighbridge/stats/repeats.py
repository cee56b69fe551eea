"""A model's own randomness: how much of a score's variance it is, and how many answers per item are worth paying.

Score of answer r to item i: x_ir = mean + b_i + e_ir, with the items' variance omega^2 = Var(b) and the model's own
sigma^2 = E Var(e_ir | i), which may differ from item to item. The mean over n items with R answers each has variance

    (omega^2 + sigma^2 / R) / n.

With c for a call and C for having an item at all (a label, a judge, a person), n items cost n (C + R c); the variance
at a given cost is least at R = sqrt(sigma^2 / omega^2 * C / c). Where items cost nothing by themselves (C = 0), that
is one answer to each of as many items as there are: a further item brings down both terms, a further answer only one.

Sources: Miller 2024, Adding error bars to evals (arXiv 2411.00640), section 3.1; Searle, Casella and McCulloch,
Variance components (1992), section 3.6, for the estimators by analysis of variance with unequal numbers of answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MOST = 64
"""Answers per item beyond which nobody goes."""


@dataclass(frozen=True, slots=True)
class Components:
    """Variance of single answers, taken apart."""

    between: float
    """omega^2, between items; at least 0."""
    within: float
    """sigma^2, the model's own, within an item."""
    repeats: float
    """Answers per item that the mean rests on (the harmonic mean where they differ)."""
    items: int

    @property
    def variance(self) -> float:
        """Variance of the mean over items and answers."""
        return self.variance_at(self.repeats)

    def variance_at(self, repeats: float, items: int | None = None) -> float:
        """Variance of the mean with other numbers of answers and items."""
        return (self.between + self.within / repeats) / (self.items if items is None else items)

    @property
    def share(self) -> float:
        """Share of the mean's variance that is the model's own randomness: what more answers can bring down."""
        own = self.within / self.repeats
        return own / (self.between + own) if own > 0 else 0.0

    def narrower(self, repeats: float) -> float:
        """By what share an interval becomes narrower with `repeats` answers to the same items; below 0: wider."""
        return 1 - math.sqrt(self.variance_at(repeats) / self.variance) if self.variance > 0 else 0.0

    def narrower_by_items(self) -> float:
        """By what share it would be narrower, had the same calls gone to more items with one answer each."""
        if self.variance <= 0:
            return 0.0
        return 1 - math.sqrt(self.variance_at(1, round(self.items * self.repeats)) / self.variance)


def components(scores: ArrayLike) -> Components:
    """Estimates from scores of shape (items, answers); NaN where there is none.

    Mean squares within and between items, solved for their expectations; a negative omega^2 becomes 0. Raises
    ValueError with fewer than two items, or where no item has two answers: then the two cannot be told apart.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError("scores need two axes: items and answers")
    counts = np.count_nonzero(~np.isnan(table), axis=1)
    table, counts = table[counts > 0], counts[counts > 0]
    if len(counts) < 2 or counts.max() < 2:
        raise ValueError("variance components need two items, and two answers to one of them")
    means = np.nanmean(table, axis=1)
    squares = float(np.nansum((table - means[:, None]) ** 2))
    within = squares / float(counts.sum() - len(counts))
    total = float(counts.sum())
    grand = float((counts * means).sum()) / total
    between_squares = float((counts * (means - grand) ** 2).sum()) / (len(counts) - 1)
    effective = (total - float((counts**2).sum()) / total) / (len(counts) - 1)
    between = max(0.0, (between_squares - within) / effective)
    return Components(between, within, float(len(counts) / (1 / counts).sum()), len(counts))


def components_of_means(means: ArrayLike, own: ArrayLike, repeats: int) -> Components:
    """The same from unit means over `repeats` answers, and each mean's own variance (shape (n,) both).

    `own` is the variance of a unit's mean that the model causes: Var(e)/R for an item; for a cluster of m items their
    sum / m^2. Raises ValueError with fewer than two units or fewer than two repeats.
    """
    values, variances = np.asarray(means, dtype=np.float64), np.asarray(own, dtype=np.float64)
    if values.shape != variances.shape or values.size < 2 or repeats < 2:
        raise ValueError("variance components need two units, and two answers to each")
    mean_own = float(variances.mean())
    return Components(max(0.0, float(values.var(ddof=1)) - mean_own), mean_own * repeats, repeats, values.size)


def best_repeats(found: Components, cost_per_call: float, cost_per_item: float = 0.0) -> int:
    """Answers per item at which a given sum of money gives the narrowest interval.

    The integer that minimises (omega^2 + sigma^2 / R) (C + R c), from 1 to `MOST`. Raises ValueError for costs below
    0, or both 0.
    """
    if cost_per_call < 0 or cost_per_item < 0 or cost_per_call + cost_per_item <= 0:
        raise ValueError("costs must be at least 0, and one of them above")
    tried = np.arange(1, MOST + 1)
    worth = (found.between + found.within / tried) * (cost_per_item + tried * cost_per_call)
    # Rounded, so that a model without randomness of its own, or items alike, take the fewest answers that do as well.
    return int(tried[int(np.argmin(np.round(worth / max(worth.min(), 1e-300), 12)))])


def repeats_for(found: Components, variance: float, items: int) -> int | None:
    """Fewest answers per item with which the mean over `items` items has at most this variance; None: no number has.

    What limits is the items: however many answers, omega^2 / items stays.
    """
    room = variance * items - found.between
    if room <= 0:
        return None if found.within > 0 or found.between > variance * items else 1
    return max(1, math.ceil(found.within / room - 1e-9))
