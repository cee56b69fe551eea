"""A benchmark too small for the margin asked."""

from __future__ import annotations

import math

import numpy as np

from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import Finding
from weighbridge.evidence.words import count, points
from weighbridge.stats.fixed.special import t_quantile
from weighbridge.stats.plan import fixed_sample_size

POWER = 0.8


def benchmark_size(view: View) -> list[Finding]:
    """Whether as many items as there are could show a difference as large as the tolerance, for the closest rivals.

    Items needed: the fixed-sample size for a paired difference at two-sided 2 alpha (one side of it is what a
    tolerance asks) with 80 % power, whole clusters taken as one. A gap that is clear with fewer items is enough too.
    The pool claim speaks of these items alone and needs no number.
    """
    if view.rivals is None or view.question.claim == "pool" or view.tolerance <= 0:
        return []
    a, b = view.rivals
    both, differences = view.differences(a, b)
    noun, pool = "item", view.items
    if view.evidence.cluster is not None and both.size:
        codes = np.unique(view.evidence.cluster[both], return_inverse=True)[1]
        differences = np.bincount(codes, weights=differences) / np.bincount(codes)
        noun, pool = "cluster", int(np.unique(view.evidence.cluster).size)
    n, alpha = differences.size, view.question.alpha
    if n < 2:
        return []
    spread = max(float(differences.std(ddof=1)), 0.03)
    gap = float(differences.mean())
    needed = math.ceil(fixed_sample_size(spread, view.tolerance, alpha=min(2 * alpha, 0.99), power=POWER))
    reach = t_quantile(1 - alpha, n - 1) * spread / math.sqrt(n)
    sizes = f"{count(pool, noun)}, and {needed:,} show a difference of {points(view.tolerance)}"
    if pool >= needed:
        return [finding("met", f"large enough: {sizes} between {view.names[a]} and {view.names[b]}", value=float(n))]
    if abs(gap) - reach > -view.tolerance:
        return [
            finding(
                "met",
                f"{count(n, noun)} are enough for {view.names[a]} and {view.names[b]}, which are {points(gap)} apart",
                value=float(n),
            )
        ]
    return [
        finding(
            "not met",
            f"too small for the margin asked: {count(pool, noun)} show a difference of "
            f"{points(_reached(spread, pool, alpha))} between {view.names[a]} and {view.names[b]}, while one of "
            f"{points(view.tolerance)} needs about {needed:,} ({100 * POWER:.0f} % power)",
            value=float(pool),
            limit=float(needed),
            would_change=f"more {noun}s, or a wider tolerance fixed beforehand",
        )
    ]


def _reached(spread: float, n: int, alpha: float) -> float:
    """The difference that n units show with `POWER`."""
    return math.sqrt(fixed_sample_size(spread, 1.0, alpha=min(2 * alpha, 0.99), power=POWER) / n)
