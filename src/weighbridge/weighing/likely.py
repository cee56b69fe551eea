"""How many draws a race will likely ask of each candidate, from the scores of a pilot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weighbridge.stats.plan import draws_needed
from weighbridge.stats.rules import Rules

Floats = NDArray[np.float64]

_QUANTILES = np.array([-1.645, -1.036, -0.674, -0.385, -0.126, 0.126, 0.385, 0.674, 1.036, 1.645])
"""Normal quantiles at 5, 15, ..., 95 %: the gap a few items show is itself uncertain."""

_PRIOR_DRAWS = 4.0
_PRIOR_SQUARE = 0.25
"""The variance is shrunk as in the bets (statistics reference, 3.2): a pilot without a disagreement is no proof that
there will be none."""


def likely_draws(values: Floats, rules: Rules, units: int) -> Floats:
    """Draws per candidate at the likely stop, shape (K,), between what the pilot holds and `units`.

    `values`: shape (K, n), unit scores of the pilot. A candidate is asked until it is settled against the one it is
    compared with; who is compared with whom follows the goal.
    """
    candidates, pilot = values.shape
    need = np.full(candidates, float(min(pilot, units)))
    means = values.mean(axis=1)

    def pair(first: int, second: int, margin: float) -> float:
        return _pair(values[first] - values[second], margin, rules, candidates, units)

    if rules.challengers:
        margin = rules.margin if rules.goal == "non_inferior" else 0.0
        lead = max(rules.challengers, key=means.__getitem__)
        top = max(rules.references, key=means.__getitem__)
        for reference in rules.references:
            draws = pair(lead, reference, margin)
            need[reference] = max(need[reference], draws)
            need[lead] = max(need[lead], draws)
        for challenger in rules.challengers:
            if challenger != lead:
                draws = pair(challenger, top, margin)
                need[challenger] = max(need[challenger], min(draws, need[lead]))
        return need.clip(max=units)
    if rules.goal == "pareto" and rules.costs is not None:
        for one in range(candidates):
            cheaper = [other for other in range(candidates) if rules.costs[other] < rules.costs[one]]
            for other in cheaper:
                draws = pair(one, other, rules.epsilon)
                need[one] = max(need[one], draws)
                need[other] = max(need[other], draws)
        return need.clip(max=units)
    leader = int(np.argmax(means))
    for rival in range(candidates):
        if rival != leader:
            need[rival] = max(need[rival], pair(leader, rival, rules.epsilon))
    need[leader] = need.max()
    return need.clip(max=units)


def _pair(differences: Floats, margin: float, rules: Rules, candidates: int, units: int) -> float:
    """Draws to settle one comparison, averaged over what the gap may be."""
    size = len(differences)
    gap = float(differences.mean())
    square = float((differences**2).sum()) + _PRIOR_DRAWS * _PRIOR_SQUARE
    sd = float(np.sqrt(max(square / (size + _PRIOR_DRAWS) - gap**2, 0.01)))
    error = sd / np.sqrt(size)
    # A gap below -margin is settled as well, the other way round.
    gaps = np.abs(gap + margin + _QUANTILES * error) - margin
    # Capital that follows the leader needs no correction for the number of rivals; a frontier's claims do.
    several = candidates if rules.goal == "pareto" else 2
    draws = [
        min(float(units), draws_needed(sd, float(one), margin, rules.alpha, several, units, rules.claim))
        for one in gaps
    ]
    return float(np.mean(draws))
