"""How many draws a decision is likely to take; printed before anything is spent."""

from __future__ import annotations

import numpy as np

from weighbridge.stats.betting import Floats, settled_bets
from weighbridge.stats.rules import Claim

FAR = 10_000_000
"""Draws beyond which nobody goes."""


def draws_needed(
    sd: float, gap: float, margin: float, alpha: float = 0.05, candidates: int = 2, units: int = 0,
    claim: Claim = "population",
) -> float:  # fmt: skip
    """Draws after which a pair is likely to be settled.

    n = c^2 sd^2 / (gap + margin)^2 with c^2 = 2 ln((K - 1) / alpha) + 3 (the 3 is the usual price of not knowing the
    gap); the pool claim uses the pool up on the way: f / (1 - f) = n / N, f the fraction drawn.

    Parameters
    ----------
    sd: standard deviation of the paired difference of one draw.
    gap: mean difference, leader over rival (or challenger over reference).
    margin: epsilon, or the non-inferiority margin.
    units: N, the size of the pool; used by the pool claim alone.

    Returns infinity where gap + margin is not above 0. The population figure is not cut at N.
    """
    excess = gap + margin
    if excess <= 0:
        return float("inf")
    price = 2 * np.log(max(candidates - 1, 1) / alpha) + 3
    draws = price * max(sd, 0.03) ** 2 / excess**2
    if claim == "pool":
        if units <= 0:
            raise ValueError("the pool claim needs the number of units")
        return float(units * draws / (units + draws))
    return float(draws)


def draws_to_settle(
    differences: Floats, margin: float, threshold: float, units: int, claim: Claim = "population"
) -> float:
    """Draws in all after which a pair is likely to be settled one way or the other, from those that were made.

    The bets of a pool of n draws (`betting.settled_bets`) are laid against what was seen: the stake g then grows by
    mean(log(1 + lam_g (D + margin))) a draw, and n is the least at which the mean of exp(n growth) over the stakes
    reaches the threshold. This holds where the differences hardly vary: there it is the cap on a stake that sets the
    pace, and not their variance. One further draw, half won and half lost, is counted in, so that what did not happen
    in few draws is not taken for impossible. In simulated near-ties the median lies within a factor of about 2 of the
    draws that were needed, and four estimates of five within a factor of 5.

    Parameters
    ----------
    differences: shape (n,), leader less rival, in [-1, 1], n at least 1.
    margin: epsilon, or the non-inferiority margin.
    threshold: logarithm of the evidence that is asked for.
    units: N, the size of the pool; under the pool claim it is used up on the way: f / (1 - f) = n / N.

    Returns infinity where no number of draws below `FAR` would do.
    """
    seen, counts = np.unique(np.round(np.asarray(differences, dtype=np.float64), 12), return_counts=True)
    values: Floats = np.append(seen, [1.0, -1.0]) + margin
    weights = np.concatenate([counts, [0.5, 0.5]]) / (counts.sum() + 1)
    if weights @ values < 0:
        values, margin = -values, -margin
    sd = float(np.sqrt(max(weights @ np.square(values) - (weights @ values) ** 2, 0.001)))

    def reached(draws: int) -> bool:
        bets = settled_bets(max(units, draws), pool=False)
        edges = np.asarray(bets.edges)
        stakes = np.minimum(edges / (1 + edges**2) / sd, bets.cap / max(1 - margin, 1e-9))
        growth = draws * (np.log1p(stakes[:, None] * values[None, :]) @ weights)
        top = float(growth.max())
        return bool(top + np.log(np.exp(growth - top).mean()) >= threshold)

    low, high = 0, max(2, int(counts.sum()))
    while not reached(high):
        low, high = high, 2 * high
        if high > FAR:
            return float("inf")
    while high - low > max(1, low // 50):
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return float(units * high / (units + high)) if claim == "pool" else float(high)


def fixed_sample_size(
    sd: float, delta: float, alpha: float = 0.05, power: float = 0.8, own_a: float = 0.0, own_b: float = 0.0,
    repeats_a: int = 1, repeats_b: int = 1,
) -> float:  # fmt: skip
    """Items for a fixed-sample paired test at two-sided `alpha` to find a true difference `delta` with `power`.

    n = (z_{alpha/2} + z_beta)^2 (omega^2 + sigma_a^2 / R_a + sigma_b^2 / R_b) / delta^2, with omega = `sd` the
    standard deviation between items and sigma the candidates' own randomness within an item
    (Miller 2024, arXiv 2411.00640).
    """
    from statistics import NormalDist

    if delta <= 0:
        raise ValueError("delta must be above 0")
    normal = NormalDist()
    z = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)
    return float(z**2 * (sd**2 + own_a**2 / repeats_a + own_b**2 / repeats_b) / delta**2)
