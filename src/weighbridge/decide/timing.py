"""Latency as users feel it: until the first token, per token after it, and until the last, with intervals.

Quantiles and their intervals come from order statistics (`stats.fixed.quantiles`), which hold whatever shape the
times have. Where an item was answered several times, its time is the mean of its answers.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from weighbridge.evidence import Evidence
from weighbridge.stats.fixed import quantile_interval
from weighbridge.stats.fixed.means import Floats

Span = tuple[float, float | None] | None


class Timing(msgspec.Struct, frozen=True):
    """Seconds, each as the median and the 95th percentile over the items asked; None where it is not known."""

    latency_p50: float | None = None
    latency_p50_interval: Span = None
    latency_p95: float | None = None
    latency_p95_interval: Span = None
    first_token_p50: float | None = None
    first_token_p50_interval: Span = None
    first_token_p95: float | None = None
    first_token_p95_interval: Span = None
    per_token_p50: float | None = None
    per_token_p50_interval: Span = None
    per_token_p95: float | None = None
    per_token_p95_interval: Span = None
    concurrency_least: int | None = None
    """Fewest and most calls that were under way at once at the endpoint while these times were taken."""
    concurrency_most: int | None = None


def per_token(evidence: Evidence, candidate: int) -> Floats:
    """Seconds from each token to the next, after the first, by item; NaN where the answer was not streamed, is
    shorter than two tokens or its tokens were not counted. Shape (N,)."""
    tokens = evidence.tokens_out[candidate]
    rest = evidence.latency[candidate] - evidence.first_token[candidate]
    with np.errstate(invalid="ignore", divide="ignore"):
        each: Floats = np.where(tokens >= 2, rest / (tokens - 1), np.nan)
    return np.where(each >= 0, each, np.nan)


def timing(evidence: Evidence, candidate: int, alpha: float) -> Timing:
    """The times of one candidate, each interval at 1 - `alpha`."""
    asked = evidence.asked[candidate]
    times = {
        "latency": evidence.latency[candidate],
        "first_token": evidence.first_token[candidate],
        "per_token": per_token(evidence, candidate),
    }
    found: dict[str, Any] = {}
    for name, values in times.items():
        known = values[asked & np.isfinite(values)]
        for quantile in (50, 95) if known.size else ():
            one = quantile_interval(known, quantile / 100, alpha)
            found[f"{name}_p{quantile}"] = one.value
            found[f"{name}_p{quantile}_interval"] = (one.low or 0.0, one.high)
    if evidence.at_once is not None:
        taken = asked & np.isfinite(evidence.at_once[candidate]) & np.isfinite(evidence.latency[candidate])
        if taken.any():
            found["concurrency_least"] = int(evidence.at_once[candidate][taken].min())
            found["concurrency_most"] = int(evidence.at_once[candidate][taken].max())
    return Timing(**found)
