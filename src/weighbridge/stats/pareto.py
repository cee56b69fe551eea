"""Who is dominated by a cheaper candidate, and who is on the quality-cost frontier?

Candidate k is dominated if some j that costs no more has a higher mean: the average over these j of the processes
for "j above k" is an e-process for "k is on the frontier", read at K/alpha. k is on the frontier up to epsilon if
against every such j that is not dominated itself the process for "k above j - epsilon" reaches K/alpha
(intersection-union). Of the two statements about one k at most one can be false, so K/alpha keeps the chance of any
false statement at most alpha.

Candidates whose costs cannot be told apart are given equal costs: the better of them dominates. A candidate whose
cost is unknown (NaN) is compared with nobody.
"""

from __future__ import annotations

import numpy as np

from weighbridge.stats.best import leading
from weighbridge.stats.betting import Bets, Floats
from weighbridge.stats.pairs import Bools, Ints, Pairs, ordered_pairs


class Pareto:
    """State of the question; `dominated` and `frontier` (K,) hold what is settled."""

    def __init__(
        self, candidates: int, epsilon: float, units: int | None, strict: Bets, near: Bets, alpha: float
    ) -> None:
        first, second = ordered_pairs(candidates)
        self.above = Pairs(first, second, 0.0, units, strict)
        self.close = Pairs(first, second, -epsilon, units, near)
        self.index = self.above.index(candidates)
        self.threshold = float(np.log(candidates / alpha))
        self.costs: Floats = np.full(candidates, np.nan)
        self.active: Bools = np.ones(candidates, dtype=bool)
        self.dominated: Bools = np.zeros(candidates, dtype=bool)
        self.frontier: Bools = np.zeros(candidates, dtype=bool)
        self.leader: int | None = None
        self.decided = candidates == 1
        if self.decided:
            self.frontier[:] = True

    def step(self, scores: Floats, paid: Ints, _drawn: int) -> None:
        """Take in what has been paid for; `costs` may change between steps."""
        every = np.arange(len(self.above.first))
        for pairs in (self.above, self.close):
            upto = np.minimum(paid[pairs.first], paid[pairs.second])
            pairs.advance(scores, every, upto)
        above, close = self.above.log_value(every), self.close.log_value(every)
        above[self.above.known_true(every)] = np.inf
        above[self.above.known_false(every)] = -np.inf
        close[self.close.known_false(every)] = -np.inf
        done = self.close.units is not None and self.close.position >= self.close.units
        close[done & ~self.close.known_false(every)] = np.inf
        cheaper = (self.costs[:, None] <= self.costs[None, :]) & ~np.eye(len(paid), dtype=bool)
        self._settle(above, close, cheaper)
        self.leader = leading(scores, paid, np.flatnonzero(~self.dominated), self.leader)
        self.decided = bool((self.dominated | self.frontier).all())
        self._direct(close, cheaper)

    def _settle(self, above: Floats, close: Floats, cheaper: Bools) -> None:
        """Judge who is dominated first: dominated candidates need no comparison."""
        self.dominated[:] = False
        self.frontier[:] = False
        for k in range(len(self.costs)):
            rivals = np.flatnonzero(cheaper[:, k])
            if rivals.size:
                evidence = np.logaddexp.reduce(above[self.index[rivals, k]]) - np.log(len(rivals))
                self.dominated[k] = evidence >= self.threshold
        for k in map(int, np.flatnonzero(~self.dominated)):
            standing = np.flatnonzero(cheaper[:, k] & ~self.dominated)
            self.frontier[k] = bool((close[self.index[k, standing]] >= self.threshold).all())

    def _direct(self, close: Floats, cheaper: Bools) -> None:
        """Ask on for whoever is not settled, and for the rivals its frontier claim still needs."""
        open_ = ~(self.dominated | self.frontier)
        self.active[:] = open_
        for k in np.flatnonzero(open_):
            rivals = np.flatnonzero(cheaper[:, k] & ~self.dominated)
            self.active[rivals[close[self.index[k, rivals]] < self.threshold]] = True

    def out_reason(self, candidate: int) -> str:
        """Why `candidate` is out."""
        if self.dominated[candidate]:
            return "a candidate that costs no more is better"
        return ""
