"""Distribution-free intervals for a quantile, such as the 95th percentile of latency."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from weighbridge.stats.fixed.means import as_values
from weighbridge.stats.fixed.special import binomial_cdf


@dataclass(frozen=True, slots=True)
class QuantileInterval:
    """A quantile and the order statistics that hold it with the stated confidence."""

    value: float
    """The sample quantile (linear between order statistics)."""
    low: float | None
    high: float | None
    """None: the sample is too small to bound the quantile on that side."""
    items: int


@lru_cache(maxsize=4096)
def ranks(n: int, q: float, alpha: float) -> tuple[int, int]:
    """Ranks (l, u), counted from 1, with P(X_(l) <= quantile <= X_(u)) >= 1 - alpha for any distribution.

    l is the largest rank with P(B < l) <= alpha/2 and u the smallest with P(B >= u) <= alpha/2, B ~ binomial(n, q).
    l = 0 or u = n + 1: there is none. Source: David & Nagaraja 2003, Order Statistics, section 7.1.
    """
    if not 0 < q < 1:
        raise ValueError(f"a quantile lies between 0 and 1, got {q}")
    low, above = 0, n
    while low < above:
        middle = (low + above + 1) // 2
        if binomial_cdf(middle - 1, n, q) <= alpha / 2:
            low = middle
        else:
            above = middle - 1
    below, high = 1, n + 1
    while below < high:
        middle = (below + high) // 2
        if 1 - binomial_cdf(middle - 1, n, q) <= alpha / 2:
            high = middle
        else:
            below = middle + 1
    return low, high


def quantile_interval(values: ArrayLike, q: float, alpha: float = 0.05) -> QuantileInterval:
    """The `q` quantile of independent `values` with its interval from order statistics."""
    array = np.sort(as_values(values))
    low, high = ranks(array.size, q, alpha)
    return QuantileInterval(
        value=float(np.quantile(array, q)),
        low=float(array[low - 1]) if low >= 1 else None,
        high=float(array[high - 1]) if high <= array.size else None,
        items=array.size,
    )
