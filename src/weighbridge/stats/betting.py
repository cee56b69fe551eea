"""Betting e-processes for the mean of bounded values, drawn in random order.

Null hypothesis: the mean of D is at most m. Draws D_1, D_2, ... lie in [lo, 1]. With S the sum and n the number of
the draws so far and N the size of the pool,

    m_t  = (N m - S) / (N - n)     pool claim: the mean of what is left at the edge of the null
    m_t  = m                       population claim: draws are a sample, nothing is used up
    E_t  = sum_g w_g prod_{s<=t} (1 + lam_{g,s} (D_s - m_s)),     lam from the past only, lam (m_s - lo) <= cap < 1

Under the null every factor has conditional mean at most 1 and is positive, so E is a nonnegative supermartingale and
P(E ever reaches 1/alpha) <= alpha (Ville). A bet on a standardised edge e and a variance v is
lam = (e / sd) / (1 + e^2), the growth-optimal stake for small edges; with an absolute excess x it is x / (v + x^2).

Sources: Waudby-Smith and Ramdas, arXiv 2010.09686 (betting) and 2006.04347 (sampling without replacement).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SETTLED_AFTER = (0.02, 0.05, 0.1, 0.2, 0.35)
"""Fractions of the pool after which the default bets expect to be settled."""

CAP = 0.7
"""No stake risks more than this share of the capital on one draw. Measured on recorded score matrices: 0.5 asks for
up to a tenth more calls near the ceiling, 0.9 for as much more elsewhere."""

RUN = 16
"""Factors multiplied before a logarithm is taken."""

SLACK = 1e-9
"""The null is arithmetically impossible only where m_t < lo by more than rounding."""


@dataclass(frozen=True, slots=True)
class Bets:
    """A mixture of stakes, fixed before the first draw."""

    edges: tuple[float, ...]
    """Standardised edges (excess over the null in standard deviations of D)."""
    excesses: tuple[float, ...] = ()
    """Absolute edges (excess over the null in units of D)."""
    weights: tuple[float, ...] | None = None
    """One per edge, then one per excess; adding to 1. None: equal."""
    cap: float = CAP
    """No stake risks more than this share of the capital on one draw."""
    prior_draws: float = 4.0
    """Pseudo-draws in the running variance..."""
    prior_square: float = 0.25
    """...and the mean square they carry."""

    @property
    def size(self) -> int:
        return len(self.edges) + len(self.excesses)

    @property
    def log_weights(self) -> Floats:
        """Shape (G,): logarithm of the weights."""
        if self.weights is None:
            return np.full(self.size, -np.log(self.size))
        return np.log(np.asarray(self.weights, dtype=np.float64))


def settled_bets(units: int, pool: bool, cap: float = CAP) -> Bets:
    """Bets that expect a decision after each of the fractions `SETTLED_AFTER` of `units` draws.

    2.8 is sqrt(2 ln(1/0.05)) + a little: the standardised edge that reaches 1/alpha after F N draws is
    2.8 / sqrt(F N), times sqrt(1 - F) where the pool is used up on the way.
    """
    share = np.asarray(SETTLED_AFTER)
    edges = 2.8 * np.sqrt(((1 - share) if pool else 1.0) / (share * units))
    return Bets(edges=tuple(float(edge) for edge in edges), cap=cap)


@dataclass(slots=True)
class Past:
    """What P processes have seen: sums, sums of squares and the number of draws (one number for all)."""

    total: Floats
    """Shape (P,)."""
    square: Floats
    """Shape (P,)."""
    draws: int


@dataclass(frozen=True, slots=True)
class _Terms:
    """What every stake of a block is made of; all of shape (P, L) but `growth` (L,)."""

    gain: Floats
    """D_t - m_t."""
    variance: Floats
    most: Floats
    """The largest stake allowed."""
    growth: Floats
    """1 / (1 - f), or 1."""
    impossible: NDArray[np.bool_]

    def stakes(self, bets: Bets) -> Iterator[Floats]:
        """The stake of each bet in turn, shape (P, L)."""
        precision = 1 / np.sqrt(self.variance)
        for edge in bets.edges:
            e = edge * self.growth
            yield np.minimum(precision * (e / (1 + e * e)), self.most)
        for excess in bets.excesses:
            x = excess * self.growth
            yield np.minimum(x / (self.variance + x * x), self.most)


def _terms(draws: Floats, past: Past, null: float, units: int | None, bets: Bets, low: float) -> _Terms:
    length = draws.shape[1]
    seen = past.draws + np.arange(length, dtype=np.float64)
    total = np.cumsum(draws, axis=1)
    total += past.total[:, None] - draws
    square_draws = draws * draws
    variance = np.cumsum(square_draws, axis=1)
    variance += past.square[:, None] - square_draws
    variance += bets.prior_draws * bets.prior_square
    variance /= seen + bets.prior_draws
    variance -= np.square(total / np.maximum(seen, 1.0))
    np.maximum(variance, 0.001, out=variance)
    if units is None:
        edge_null = np.full_like(draws, null)
        growth = np.ones(length)
    else:
        left = units - seen
        edge_null = (units * null - total) / left
        growth = units / left
    most = bets.cap / np.maximum(edge_null - low, 1e-12)
    return _Terms(draws - edge_null, variance, most, growth, edge_null < low - SLACK)


def log_factors(draws: Floats, past: Past, null: float, units: int | None, bets: Bets, low: float = -1.0) -> Floats:
    """Logarithms of the betting factors for L further draws of P processes.

    Parameters
    ----------
    draws: shape (P, L), values in [low, 1].
    past: sums before the first of these draws (left unchanged).
    null: m, the largest mean under the null.
    units: N for the pool claim, None for the population claim.
    low: least possible draw.

    Returns shape (P, G, L); +inf where the null has become arithmetically impossible.
    """
    terms = _terms(draws, past, null, units, bets, low)
    factors = np.empty((draws.shape[0], bets.size, draws.shape[1]))
    for g, stake in enumerate(terms.stakes(bets)):
        np.log1p(stake * terms.gain, out=factors[:, g])
        factors[:, g][terms.impossible] = np.inf
    return factors


def log_growth(draws: Floats, past: Past, null: float, units: int | None, bets: Bets, low: float = -1.0) -> Floats:
    """Shape (P, G): the sum of `log_factors` over the L draws, several times faster.

    Factors are multiplied in runs of `RUN` before a logarithm is taken: each lies above 1 - cap, so that no product
    of a run leaves the range of a double.
    """
    terms = _terms(draws, past, null, units, bets, low)
    growth = np.empty((draws.shape[0], bets.size))
    starts = np.arange(0, draws.shape[1], RUN)
    lost = terms.impossible.any(axis=1)
    for g, stake in enumerate(terms.stakes(bets)):
        stake *= terms.gain
        stake += 1.0
        growth[:, g] = np.log(np.multiply.reduceat(stake, starts, axis=1)).sum(axis=1)
    growth[lost] = np.inf
    return growth


def log_mean(capital: Floats, bets: Bets) -> Floats:
    """Logarithm of the weighted mean of exp(capital) over the axis of bets (axis 1 of (P, G) or (P, G, L))."""
    weights = bets.log_weights.reshape((1, -1) + (1,) * (capital.ndim - 2))
    shifted = capital + weights
    top = shifted.max(axis=1)
    finite: Floats = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(over="ignore", divide="ignore"):
        result = np.log(np.exp(shifted - finite[:, None]).sum(axis=1)) + finite
    return np.asarray(np.where(top == np.inf, np.inf, result), dtype=np.float64)


def log_evidence(draws: Floats, null: float, units: int | None, bets: Bets, low: float = -1.0) -> Floats:
    """Logarithm of the e-process along one sequence of draws.

    `draws` has shape (n,); the result too: log E_t after each draw, against H0: mean <= `null`.
    """
    if draws.size == 0:
        return np.zeros(0)
    past = Past(np.zeros(1), np.zeros(1), 0)
    factors = log_factors(draws[None, :], past, null, units, bets, low)
    path: Floats = log_mean(np.cumsum(factors, axis=2), bets)[0]
    return path
