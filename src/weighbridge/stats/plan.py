"""How many draws a decision is likely to take; printed before anything is spent."""

from __future__ import annotations

import numpy as np

from weighbridge.stats.rules import Claim


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
