"""Has a model changed since its answers were kept? Evidence from one look, and over as many looks as one likes.

A look asks the same n anchors again. Null hypothesis: on every anchor the new answers come from the same distribution
as the kept ones. Then which of an anchor's answers are the kept ones is a matter of chance: every way p to deal them
out is equally likely. For any statistic s of the deal and any stake lam,

    e = prod_i  exp(lam s_i) / mean over p of exp(lam s_i(p))

has mean 1 given the answers themselves. No distribution is assumed, nothing is estimated, and anchors that are always
answered alike say nothing. The stake may hang on what the deal leaves as it is: lam = z / sqrt(V), V the sum of the
variances of s_i(p), so that log e is about z Z - z^2 / 2 with Z the standardised sum; `STAKES` are mixed.

A look has its size beforehand, so that its tail probability p under the deals is a p-value, and 1{p <= a} / a is an
e-value as well: all or nothing. With a = `step_level` it carries the look over the threshold by itself, which needs a
smaller Z than the graded one does (2.7 beside 3.5 at a first look). The mean of the two is used. Two statistics, and
the mean of their e-values:

    score    s_i = mean(new scores) - mean(kept scores), staked on in both directions
    answers  s_i = cross - within: the mean distance of a new to a kept answer, less that between two answers of one
             kind (of both kinds, or of the new ones where one answer was kept). With two of each, and a distance of
             negative type, its mean is half the energy distance, above 0 wherever the distributions differ: the
             vendor's disagreement with its past beyond its disagreement with itself.

The kept answers are the same in every look, so that looks hang together and their e-values must not be multiplied.
They may be added with weights fixed beforehand:

    E_L = sum_{l <= L} w_l e_l,    w_l = 1 / (l (l + 1)),    sum of all w = 1

E never falls, and its limit has mean at most 1 whatever the looks have in common, so that P(E ever reaches t) <= 1/t
(Markov). With K models watched, the threshold t = K / alpha keeps the chance that any is wrongly said to have changed
at alpha, over all looks ever made.

Sources: Vovk and Wang, E-values: calibration, combination and applications (Annals of Statistics, 2021), for sums of
dependent e-values; Szekely and Rizzo, Energy statistics (Journal of Statistical Planning and Inference, 2013); the
conditional likelihood ratio over deals is exponential tilting of the permutation distribution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STAKES = (2.5, 4.0, 6.5, 10.0)
"""Standardised sums that the stakes are made for: from a lone first look to a late one among many models."""


LATTICE = 50_000
"""Steps on which sums of values that are no simple fractions are counted."""


@dataclass(frozen=True, slots=True)
class LookEvidence:
    """Natural logarithms of one look's e-values; 0 says nothing, more speaks for a change."""

    score: float
    """Two-sided, for a change of the mean score."""
    answers: float
    """For answers that differ from the kept ones by more than from each other."""

    @property
    def both(self) -> float:
        """The mean of the two, which is an e-value too."""
        return _log_mean([self.score, self.answers])


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchor's answers in a look: the kept ones first, then the new ones."""

    kept: int
    """How many were kept: at least one; at least two are new."""
    scores: tuple[float, ...]
    """One per answer, in [0, 1]."""
    distances: Floats
    """Shape (m, m): how far each two answers are apart, in [0, 1]; symmetric, 0 on the diagonal."""

    @property
    def change(self) -> float:
        """Mean score of the new answers less that of the kept ones."""
        return float(np.mean(self.scores[self.kept :]) - np.mean(self.scores[: self.kept]))

    @property
    def apart(self) -> float:
        """Mean distance of a new to a kept answer."""
        return float(self.distances[: self.kept, self.kept :].mean())

    @property
    def own(self) -> float:
        """Mean distance between two new answers."""
        return _within(self.distances, range(self.kept, len(self.scores)))


def step_level(look: int, watched: int, alpha: float) -> float:
    """The p-value of one test at which look `look` (from 1) establishes a change by itself: w alpha / (4 K).

    4: half of each test's e-value is the step, and there are two tests.
    """
    return alpha / (4 * watched * look * (look + 1)) * (1 - 1e-9)


def look_evidence(anchors: Sequence[Anchor], level: float | None = None) -> LookEvidence:
    """The evidence of one look, with the step at `level` (None: without).

    Raises ValueError for an anchor without a kept answer or without two new ones.
    """
    changes: list[Floats] = []
    excesses: list[Floats] = []
    for anchor in anchors:
        size = len(anchor.scores)
        if anchor.kept < 1 or size - anchor.kept < 2 or anchor.distances.shape != (size, size):
            raise ValueError("an anchor needs a kept answer and two new ones")
        change, excess = _deals(anchor)
        # An anchor that is answered alike under every deal leaves every product as it is.
        if np.ptp(change) > 0:
            changes.append(change)
        if np.ptp(excess) > 0:
            excesses.append(excess)
    side = None if level is None else level / 2
    up, down = _evidence(changes, side), _evidence([-row for row in changes], side)
    return LookEvidence(_log_mean([up, down]), _evidence(excesses, level))


def over_looks(logs: Sequence[float]) -> float:
    """log E_L of the looks made so far, in order; minus infinity where there is none."""
    if not logs:
        return -math.inf
    terms = [log - math.log((number + 1) * (number + 2)) for number, log in enumerate(logs)]
    top = max(terms)
    return top + math.log(math.fsum(math.exp(term - top) for term in terms))


def log_threshold(watched: int, alpha: float) -> float:
    """log(K / alpha): where E means that a model has changed, K models being watched at error `alpha` together."""
    return math.log(watched / alpha)


def change_seen(sd: float, anchors: int, looks: int, watched: int, alpha: float) -> float:
    """About the change of the mean score that the next look finds as often as not, in score units; 1 at most.

    `sd`: standard deviation of `Anchor.change`; `looks`: those made before. The change whose standardised sum is the
    normal quantile of the step in one direction; 0.2 is added because the variance under the deals grows with the
    change itself (by simulation of right and wrong answers).
    """
    if anchors < 1:
        return 1.0
    needed = NormalDist().inv_cdf(1 - step_level(looks + 1, watched, alpha) / 2) + 0.2
    return min(1.0, needed / math.sqrt(anchors) * max(sd, 0.02))


def _deals(anchor: Anchor) -> tuple[Floats, Floats]:
    """Both statistics under every deal of the answers into kept and new; the true deal comes first."""
    return _dealt(anchor.kept, anchor.scores, np.asarray(anchor.distances, dtype=np.float64).tobytes())


@lru_cache(maxsize=4096)
def _dealt(kept: int, scores: tuple[float, ...], distances: bytes) -> tuple[Floats, Floats]:
    size = len(scores)
    values = np.asarray(scores, dtype=np.float64)
    apart = np.frombuffer(distances, dtype=np.float64).reshape(size, size)
    changes, excesses = [], []
    for old in combinations(range(size), kept):
        new = [index for index in range(size) if index not in old]
        changes.append(float(values[new].mean() - values[list(old)].mean()))
        own = _within(apart, new)
        if len(old) > 1:
            own = (own + _within(apart, old)) / 2
        excesses.append(float(apart[np.ix_(old, new)].mean()) - own)
    return np.round(changes, 12), np.round(excesses, 12)


def _within(distances: Floats, chosen: Sequence[int]) -> float:
    return float(np.mean([distances[a, b] for a, b in combinations(chosen, 2)]))


def _evidence(rows: Sequence[Floats], level: float | None) -> float:
    """log of the mean of the graded e-value and the step at `level`."""
    graded = _tilted(rows)
    if level is None:
        return graded
    return _log_mean([graded, -math.log(level) if _tail(rows) <= level else -math.inf])


def _tail(rows: Sequence[Floats]) -> float:
    """Probability under the deals that the sum over anchors is what was seen or more; never too small.

    Sums are counted on a lattice: exactly where all values are multiples of 1/24 (right and wrong answers, halves,
    thirds), else on one of `LATTICE` steps with each deal's value rounded up.
    """
    if not rows:
        return 1.0
    seen = math.fsum(float(row[0]) for row in rows)
    unit = 1 / 24
    if any(np.abs(24 * row - np.round(24 * row)).max() > 1e-6 for row in rows):
        unit = 2 * math.fsum(float(np.abs(row).max()) for row in rows) / LATTICE
    chances: Floats = np.ones(1)
    least = 0
    for row in rows:
        places = np.ceil(row / unit - 1e-6).astype(np.int64)
        low = int(places.min())
        grown = np.zeros(chances.size + int(places.max()) - low)
        for place in places - low:
            grown[place : place + chances.size] += chances
        chances = grown / len(row)
        least += low
    first = math.ceil(seen / unit - 1e-4) - least
    return min(1.0, float(chances[max(first, 0) :].sum()))


def _tilted(rows: Sequence[Floats]) -> float:
    """log of the mean over `STAKES` of the product over anchors; each row holds s_i(p), the true deal first."""
    variance = math.fsum(float(row.var()) for row in rows)
    if variance <= 0:
        return 0.0
    logs = []
    for z in STAKES:
        stake = z / math.sqrt(variance)
        logs.append(math.fsum(stake * float(row[0]) - _log_mean(stake * row) for row in rows))
    return _log_mean(logs)


def _log_mean(logs: Sequence[float] | Floats) -> float:
    """Logarithm of the mean of exp(logs)."""
    values = np.asarray(logs, dtype=np.float64)
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).mean()))
