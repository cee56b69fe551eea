"""Quantiles of the normal, t, beta and binomial distributions, without SciPy.

The incomplete beta function is the continued fraction of Press et al., Numerical Recipes (3rd ed., 6.4.5), summed by
the modified Lentz method; quantiles are found by Newton steps kept inside a shrinking bracket. The tests hold them
to SciPy within 1e-10.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_EPSILON = 1e-16
_MOST_TERMS = 200_000
_STANDARD = NormalDist()


def normal_quantile(p: float) -> float:
    """The `p` quantile of the standard normal, 0 < p < 1 (Wichura 1988, AS 241, as in the standard library)."""
    return _STANDARD.inv_cdf(p)


def normal_cdf(x: float) -> float:
    """P(Z <= x) for a standard normal Z."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def _continued_fraction(x: float, a: float, b: float) -> float:
    c = 1.0
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _MOST_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + term / c
            c = c if abs(c) > _TINY else _TINY
            step = c * d
            value *= step
        if abs(step - 1.0) < _EPSILON:
            break
    return value


def _log_density(x: float, a: float, b: float) -> float:
    """Logarithm of the beta(a, b) density times x (1 - x)."""
    return math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a, b > 0."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(_log_density(x, a, b))
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(x, a, b) / a
    return 1.0 - front * _continued_fraction(1 - x, b, a) / b


def beta_quantile(p: float, a: float, b: float) -> float:
    """The x in [0, 1] with I_x(a, b) = p."""
    if not 0 <= p <= 1:
        raise ValueError(f"a probability lies in [0, 1], got {p}")
    if p in (0, 1):
        return float(p)
    low, high = 0.0, 1.0
    x = a / (a + b)
    for _ in range(400):
        gap = beta_cdf(x, a, b) - p
        if gap > 0:
            high = x
        else:
            low = x
        slope = math.exp(_log_density(x, a, b)) / (x * (1 - x)) if 0 < x < 1 else 0.0
        step = x - gap / slope if slope > 0 else -1.0
        # A Newton step that leaves the bracket is replaced by halving it.
        following = step if low < step < high else 0.5 * (low + high)
        if abs(following - x) <= 1e-14 * x or high - low <= 1e-300:
            return following
        x = following
    return x


@lru_cache(maxsize=4096)
def t_quantile(p: float, freedom: float) -> float:
    """The `p` quantile of Student's t with `freedom` > 0 degrees of freedom, 0 < p < 1."""
    if p == 0.5:
        return 0.0
    share = beta_quantile(abs(2 * p - 1), 0.5, freedom / 2)
    if share >= 1:
        return math.copysign(math.inf, p - 0.5)
    return math.copysign(math.sqrt(freedom * share / (1 - share)), p - 0.5)


def binomial_cdf(k: int, n: int, p: float) -> float:
    """P(B <= k) for B ~ binomial(n, p)."""
    if k < 0:
        return 0.0
    if k >= n:
        return 1.0
    return beta_cdf(1 - p, n - k, k + 1)


def binomial_mass(k: int, n: int, p: float) -> float:
    """P(B = k) for B ~ binomial(n, p)."""
    if not 0 <= k <= n:
        return 0.0
    if p in (0, 1):
        return float(k == n * p)
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log + k * math.log(p) + (n - k) * math.log1p(-p))
