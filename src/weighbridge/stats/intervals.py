"""Confidence sequences by betting: intervals for a mean that hold at every moment of a run at once.

    C_t = { m : the processes against "mean <= m" and against "mean >= m" have both stayed below 2/alpha }

Stakes shrink where m is close to the possible values, in a way that keeps every factor monotone in m, so the ends
are found by bisection. Under the pool claim C_t is intersected with what arithmetic leaves possible,
[S/N, 1 - (t - S)/N]. Source: Waudby-Smith and Ramdas, arXiv 2010.09686 and 2006.04347.

An interval is never of width zero unless the whole pool was read under the pool claim.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weighbridge.stats.betting import Bets, Floats, Past, log_factors, log_mean, settled_bets

TOLERANCE = 5e-4
"""Ends are exact to this, always rounded outwards."""

OPEN_ENDED = Bets(edges=(0.64, 0.36, 0.2, 0.11, 0.06, 0.035))
"""Standardised edges that settle after about 20, 60, 200, 650, 2,200 and 6,400 draws."""

STRIDE = 8
"""The running maximum over time is read at every 8th draw and at the last; reading less often only widens."""


def mean_sequence(
    values: Floats, alpha: float = 0.05, units: int | None = None, planned: int | None = None
) -> tuple[float, float]:
    """Interval at 1 - `alpha` for the mean, from the draws so far, valid at whatever moment the run stopped.

    Parameters
    ----------
    values: shape (n,), in [0, 1], in draw order.
    units: N for the pool claim (the mean of the N units); None for the population claim.
    planned: population claim: the most draws there can be, if that is fixed before the first; narrower than without.

    Raises ValueError for values outside [0, 1] or more values than units.
    """
    draws = _checked(values, units)
    return _ends(draws, alpha, units, _bets(units, planned))


def difference_sequence(
    differences: Floats, alpha: float = 0.05, units: int | None = None, planned: int | None = None
) -> tuple[float, float]:
    """The same for paired differences in [-1, 1]: shape (n,), in draw order."""
    low, high = mean_sequence((np.asarray(differences, dtype=np.float64) + 1) / 2, alpha, units, planned)
    return 2 * low - 1, 2 * high - 1


def mean_sequence_at(
    values: Floats,
    counts: Sequence[int],
    alpha: float = 0.05,
    units: int | None = None,
    planned: int | None = None,
) -> list[tuple[float, float]]:
    """The interval as it stood after each of `counts` draws (ascending), for a picture of the run."""
    draws = _checked(values, units)
    bets = _bets(units, planned)
    low, high = 0.0, 1.0
    path = []
    for count in counts:
        now = _ends(draws[:count], alpha, units, bets, (low, high), tolerance=4 * TOLERANCE)
        low, high = max(low, now[0]), min(high, now[1])
        path.append((low, high))
    return path


def _checked(values: Floats, units: int | None) -> Floats:
    draws = np.asarray(values, dtype=np.float64)
    if draws.ndim != 1 or not ((draws >= 0) & (draws <= 1)).all():
        raise ValueError("values must be one row of numbers in [0, 1]")
    if units is not None and draws.size > units:
        raise ValueError(f"{draws.size} draws from a pool of {units}")
    return draws


def _bets(units: int | None, planned: int | None) -> Bets:
    """Fixed before the first draw: made for the pool, or spread over all sizes a sample may come to have."""
    if units is not None:
        return settled_bets(units, True)
    return OPEN_ENDED if planned is None else settled_bets(planned, False)


def _ends(
    draws: Floats,
    alpha: float,
    units: int | None,
    bets: Bets,
    within: tuple[float, float] = (0.0, 1.0),
    tolerance: float = TOLERANCE,
) -> tuple[float, float]:
    if not draws.size:
        return within
    floor, ceiling = within
    total = float(draws.sum())
    if units is not None:
        if draws.size == units:
            return total / units, total / units
        floor = max(floor, total / units)
        ceiling = min(ceiling, 1 - (draws.size - total) / units)
    middle = min(max(total / draws.size, floor), ceiling)
    low = _lower(draws, alpha, units, bets, floor, middle, tolerance)
    high = 1 - _lower(1 - draws, alpha, units, bets, 1 - ceiling, 1 - middle, tolerance)
    return low, high


def _lower(
    draws: Floats, alpha: float, units: int | None, bets: Bets, floor: float, mean: float, tolerance: float
) -> float:
    """Largest m below which every mean is rejected, rounded down; `floor` where none is."""
    threshold = np.log(2 / alpha)
    if not _peak(draws, floor, units, bets) >= threshold:
        return floor
    low, high = floor, max(mean, floor)
    while high - low > tolerance:
        middle = (low + high) / 2
        if _peak(draws, middle, units, bets) >= threshold:
            low = middle
        else:
            high = middle
    return low


def _peak(draws: Floats, null: float, units: int | None, bets: Bets) -> float:
    """Largest log value over time of the process against "mean <= null"."""
    start = Past(np.zeros(1), np.zeros(1), 0)
    factors = log_factors(draws[None, :], start, null, units, bets, low=0.0)
    capital = np.cumsum(factors, axis=2)
    times = np.append(np.arange(STRIDE - 1, draws.size, STRIDE), draws.size - 1)
    return float(log_mean(capital[:, :, times], bets).max())
