"""A run's scores as the race saw them: units in draw order, and how far each candidate was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from weighbridge.evidence import Evidence
from weighbridge.stats.fixed import Interval
from weighbridge.stats.fixed import mean_interval as fixed_interval
from weighbridge.stats.fixed.means import Floats
from weighbridge.stats.intervals import difference_sequence, mean_sequence
from weighbridge.weighing.run import Run

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Standing:
    """K candidates by U units in the order drawn."""

    names: tuple[str, ...]
    values: Floats
    """Shape (K, U): score of the unit (mean of its items); NaN where not asked."""
    counts: Ints
    """Shape (K,): units each candidate was asked, without a gap, from the first."""
    starts: Ints
    """Shape (U + 1,): draw positions at which the units begin, then N."""
    unit: Literal["item", "cluster"]
    pool: int | None
    """U under the pool claim, None under the population claim."""
    alpha: float
    at_once: bool
    """Whether all stored scores were used at once: nobody watched, so that fixed-sample intervals hold."""

    @property
    def units(self) -> int:
        return int(self.values.shape[1])

    def prefix(self, candidate: int) -> Floats:
        """Unit scores of `candidate`, in draw order, as far as it was asked."""
        return self.values[candidate, : self.counts[candidate]]

    def shared(self, a: int, b: int) -> tuple[Floats, Floats]:
        """Unit scores of two candidates as far as both were asked."""
        both = int(min(self.counts[a], self.counts[b]))
        return self.values[a, :both], self.values[b, :both]

    def mean(self, candidate: int) -> float | None:
        """Mean over units; None where nothing was asked."""
        prefix = self.prefix(candidate)
        return float(prefix.mean()) if prefix.size else None

    def mean_interval(self, values: Floats) -> Interval:
        """Interval at 1 - alpha for the mean of scores in [0, 1] (a candidate's units in draw order).

        A confidence sequence, valid at whatever moment the run stopped; for scores used all at once under the
        population claim a fixed-sample interval, which is narrower and needs that nobody watched.
        """
        if self.at_once and self.pool is None:
            return fixed_interval(values, self.alpha)
        return mean_sequence(values, self.alpha, self.pool, planned=self.units)

    def difference_interval(self, differences: Floats) -> Interval:
        """The same for paired differences in [-1, 1]."""
        if self.at_once and self.pool is None:
            return fixed_interval(differences, self.alpha, bounds=(-1.0, 1.0))
        return difference_sequence(differences, self.alpha, self.pool, planned=self.units)

    def items_after(self, units: int) -> int:
        """Items in the first `units` units."""
        return int(self.starts[min(units, self.units)])


def standing_of(run: Run) -> Standing:
    """Units as the race drew them: whole clusters under the population claim where there are any, else items."""
    evidence = run.evidence
    drawn = evidence.score[:, evidence.order]
    unit: Literal["item", "cluster"] = "item"
    starts = np.arange(len(evidence.items) + 1, dtype=np.int64)
    values = drawn
    if evidence.cluster is not None and run.question.claim == "population":
        unit = "cluster"
        starts = cluster_starts(evidence)
        values = np.add.reduceat(drawn, starts[:-1], axis=1) / np.diff(starts)
    open_ = ~np.isnan(values)
    counts = np.where(open_.all(axis=1), values.shape[1], np.argmin(open_, axis=1)).astype(np.int64)
    return Standing(
        names=tuple(column.name for column in evidence.columns),
        values=values,
        counts=counts,
        starts=starts,
        unit=unit,
        pool=values.shape[1] if run.question.claim == "pool" else None,
        alpha=run.question.alpha,
        at_once=run.stopped == "stored",
    )


def cluster_starts(evidence: Evidence) -> Ints:
    """Draw positions where a new cluster begins, then N; `evidence.order` keeps clusters together."""
    if evidence.cluster is None:
        return np.arange(len(evidence.items) + 1, dtype=np.int64)
    drawn = evidence.cluster[evidence.order]
    new = np.flatnonzero(np.diff(drawn) != 0) + 1
    return np.concatenate([[0], new, [drawn.size]]).astype(np.int64)
