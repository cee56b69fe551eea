"""The smallest margin at which the leader is certified now: what may be said of a race stopped anywhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from weighbridge.stats.betting import Floats, Past, log_growth, log_mean, settled_bets
from weighbridge.stats.pairs import Ints
from weighbridge.stats.rules import Rules

STEPS = 12
"""Halvings of [0, 1]: margins are exact to 0.00025, always rounded up."""


def certified_margins(
    scores: Floats, paid: Ints, leader: int, rivals: list[int], contenders: int, rules: Rules
) -> Floats:
    """Shape (K,): inf { margin >= 0 : the process for "leader > rival - margin" is at contenders / alpha or more }.

    0 for the leader and for a rival it is certified to equal or beat; 1 where nothing can be said. Each figure holds
    at any stop with error alpha: the leader is one of `contenders` that may be chosen wrongly (Bonferroni), the rival
    that matters is one. Reads what both have paid for.
    """
    units = scores.shape[1]
    pool = rules.claim == "pool"
    bets = settled_bets(units, pool)
    threshold = np.log(contenders / rules.alpha)
    result = np.ones(len(paid))
    result[leader] = 0.0
    for rival in rivals:
        common = int(min(paid[leader], paid[rival]))
        if rival == leader or not common:
            continue
        draws = (scores[leader, :common] - scores[rival, :common])[None, :]
        if pool and common == units:
            result[rival] = min(1.0, max(0.0, -float(draws.mean())))
            continue
        start = Past(np.zeros(1), np.zeros(1), 0)

        def reached(margin: float, draws: Floats = draws, start: Past = start) -> bool:
            capital = log_growth(draws, start, -margin, units if pool else None, bets)
            return bool(log_mean(capital, bets)[0] >= threshold)

        result[rival] = _smallest(reached)
    return result


def _smallest(reached: Callable[[float], bool]) -> float:
    """Smallest margin in [0, 1] with `reached(margin)`, by bisection, rounded up; 1 where none is."""
    if reached(0.0):
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if reached(middle):
            high = middle
        else:
            low = middle
    return high
