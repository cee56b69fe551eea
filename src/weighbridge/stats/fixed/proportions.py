"""Intervals for a proportion: right answers out of n."""

from __future__ import annotations

import math

from weighbridge.stats.fixed.special import beta_quantile, normal_quantile

Interval = tuple[float, float]


def _check(successes: int, n: int, alpha: float) -> None:
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"a proportion needs 0 <= successes <= n and n >= 1, got {successes} of {n}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, got {alpha}")


def wilson(successes: int, n: int, alpha: float = 0.05) -> Interval:
    """Wilson's score interval at two-sided level 1 - alpha.

    Source: Wilson 1927, JASA 22:209. Its mean coverage is close to nominal even for small n; at 0 or n successes it
    is one-sided and never of width 0.
    """
    _check(successes, n, alpha)
    z = normal_quantile(1 - alpha / 2)
    share = successes / n
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == n else min(1.0, middle + half)
    return low, high


def upper_bound(successes: int, n: int, alpha: float) -> float:
    """Exact one-sided upper bound at 1 - alpha; with no success 1 - alpha^(1/n), the rule of three made exact."""
    _check(successes, n, alpha)
    return 1.0 if successes == n else beta_quantile(1 - alpha, successes + 1, n - successes)


def lower_bound(successes: int, n: int, alpha: float) -> float:
    """Exact one-sided lower bound at 1 - alpha."""
    _check(successes, n, alpha)
    return 0.0 if successes == 0 else beta_quantile(alpha, successes, n - successes + 1)


def exact(successes: int, n: int, alpha: float = 0.05) -> Interval:
    """Clopper and Pearson's interval: coverage is at least 1 - alpha for every true proportion and every n.

    Source: Clopper & Pearson 1934, Biometrika 26:404, in the beta form: the alpha/2 quantile of beta(k, n - k + 1)
    and the 1 - alpha/2 quantile of beta(k + 1, n - k).
    """
    return lower_bound(successes, n, alpha / 2), upper_bound(successes, n, alpha / 2)
