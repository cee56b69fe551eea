"""Evidence that one of several contenders is good enough against every rival, without paying for all of them.

For contender b and rival i, M_{b,i} is the process against "b is more than a margin below i". A wrong claim of b
needs M_{b,i*} to cross for the one best rival i*, so nothing is corrected for the number of rivals; the contenders
share the capital:

    E_{b,i} = SPREAD / B * M_{b,i}(0 -> t) + (1 - SPREAD) * c_i * M_{b,i}(s -> t)     b the leader since draw s

c_i is 1 at first; whenever the leader changes, c_i <- min(c_i, c_i * M) with M what the old leader won: capital may
move to another contender, but gains may not, because an old leader that was good enough could have won them rightly.
Proof sketch: freeze c during reigns of contenders that are good enough; the minimum makes the real value never
larger than that frozen process, and with the spread parts it is a supermartingale that starts at most at 1 under
"i* is the best rival", for the contenders that are not good enough.
"""

from __future__ import annotations

import numpy as np

from weighbridge.stats.betting import Bets, Floats
from weighbridge.stats.pairs import Bools, Ints, Pairs

SPREAD = 0.4
"""Share of the capital that is spread evenly over the contenders; the rest follows the leader."""


class Ratchet:
    """E-processes of every contender against every rival, with capital that follows the leading contender."""

    def __init__(
        self,
        contenders: Ints,
        rivals: Ints,
        margin: float,
        units: int | None,
        bets: Bets,
        spread: float = SPREAD,
    ) -> None:
        """`contenders`, `rivals`: candidate indices, which may overlap. `margin` >= 0 in score units."""
        first, second = (grid.ravel() for grid in np.meshgrid(contenders, rivals, indexing="ij"))
        apart = first != second
        size = int(max(contenders.max(), rivals.max())) + 1
        self.pairs = Pairs(first[apart], second[apart], -margin, units, bets)
        self.index = self.pairs.index(size)
        bad = len(contenders) - (1 if np.isin(contenders, rivals).all() else 0)
        self.log_spread = float(np.log(spread / bad)) if bad > 1 else 0.0
        self.log_lead = float(np.log1p(-spread)) if bad > 1 else -np.inf
        self.leader: int | None = None
        self.credit = np.zeros(size)
        """Shape (K,): log c_i."""
        self.since = np.zeros((size, bets.size))
        """Shape (K, G): log capital of (leader, i) when the reign began."""
        self.starts = np.zeros(size, dtype=np.int64)
        """Shape (K,): the draw from which the leader's own capital against i is in play."""

    def lead(self, leader: int | None, drawn: int) -> None:
        """Let `leader` reign from draw `drawn` on (no change if it reigns already); None: nobody does."""
        if leader == self.leader:
            return
        if self.leader is not None:
            shared = np.flatnonzero(self.index[self.leader] >= 0)
            which = self.index[self.leader, shared]
            reigned = self.pairs.position[which] > self.starts[shared]
            won = np.minimum(self.pairs.log_value(which, self.since[shared]), 0.0)
            self.credit[shared] += np.where(reigned, won, 0.0)
        self.leader = leader
        if leader is not None:
            rivals = np.flatnonzero(self.index[leader] >= 0)
            self.starts[rivals] = drawn
            self.since[rivals] = self.pairs.capital[self.index[leader, rivals]]

    def advance(self, scores: Floats, which: Ints, paid: Ints) -> None:
        """Read on for the processes `which`, as far as both of a pair have paid (`paid`: shape (K,))."""
        pairs = self.pairs
        upto = np.minimum(paid[pairs.first[which]], paid[pairs.second[which]])
        if self.leader is not None:
            mine = pairs.first[which] == self.leader
            rival = pairs.second[which]
            late = mine & (pairs.position[which] < self.starts[rival])
            if late.any():
                pairs.advance(scores, which[late], np.minimum(upto[late], self.starts[rival[late]]))
                caught = rival[late]
                self.since[caught] = pairs.capital[which[late]]
        pairs.advance(scores, which, upto)

    def log_evidence(self, leader: int, rivals: Ints) -> Floats:
        """Shape of `rivals`: log E of `leader` against each; the threshold is log(1/alpha)."""
        which = self.index[leader, rivals]
        evidence = self.log_spread + self.pairs.log_value(which)
        if leader == self.leader:
            reigned = self.pairs.position[which] >= self.starts[rivals]
            won = np.where(reigned, self.pairs.log_value(which, self.since[rivals]), 0.0)
            impossible = np.isposinf(won)
            lead = self.log_lead + self.credit[rivals] + np.where(impossible, 0.0, won)
            evidence = np.logaddexp(evidence, lead)
            evidence[impossible] = np.inf
        evidence[self.pairs.known_true(which) | self.equal_to_null(which)] = np.inf
        evidence[self.pairs.known_false(which)] = -np.inf
        return evidence

    def equal_to_null(self, which: Ints) -> Bools:
        """Pool read to the end with the contender exactly the margin below: at most a margin below, so good."""
        if self.pairs.units is None:
            return np.zeros(len(which), dtype=bool)
        done = self.pairs.position[which] >= self.pairs.units
        return done & ~self.pairs.known_true(which) & ~self.pairs.known_false(which)
