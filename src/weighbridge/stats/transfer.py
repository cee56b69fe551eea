"""Strict best: candidates leave for good when they are shown not to be a best one.

H_i: "i is a best candidate". Under H_i no rival is better than i, so capital that bets against i may ride any
predictable choice of rivals. It rides the leader of the draws so far and keeps its gains when the leader changes;
i leaves at 1/alpha. A wrong answer needs the one true best to be thrown out, so nothing is corrected for the number
of candidates.
"""

from __future__ import annotations

import numpy as np

from weighbridge.stats.betting import Bets, Floats, Past, log_growth, log_mean
from weighbridge.stats.pairs import Bools, Ints


class Transfer:
    """Evidence against each of K candidates being a best one."""

    def __init__(self, candidates: int, units: int | None, bets: Bets, alpha: float) -> None:
        self.units = units
        self.bets = bets
        self.threshold = -np.log(alpha)
        self.won = np.zeros((candidates, bets.size))
        """Shape (K, G): log capital held against each candidate."""
        self.out = np.zeros(candidates, dtype=bool)
        """Shape (K,): shown not to be a best one."""
        self.reached = 0
        """Draws read so far, the same for all that are alive."""
        self._sum = np.zeros(candidates)
        self._products = np.zeros((candidates, candidates))

    def read(self, scores: Floats, alive: Bools, leader: int | None, upto: int) -> None:
        """Read draws `reached` to `upto`, which all of `alive` have paid for.

        `scores` (K, N) in draw order; `leader` must have been chosen from the draws before `reached` (None: no
        bets are placed yet).
        """
        block = scores[:, self.reached : upto]
        if leader is not None:
            rivals = np.flatnonzero(alive)
            rivals = rivals[rivals != leader]
            past = self.past(np.full_like(rivals, leader), rivals)
            self.won[rivals] += log_growth(block[leader] - block[rivals], past, 0.0, self.units, self.bets)
            self.out[rivals] |= log_mean(self.won[rivals], self.bets) >= self.threshold
        known = np.where(alive[:, None], block, 0.0)
        self._sum += known.sum(axis=1)
        self._products += known @ known.T
        self.reached = upto

    def past(self, first: Ints, second: Ints) -> Past:
        """What was seen of `first` minus `second` (shape (P,) each) in the draws read so far."""
        square = np.diagonal(self._products)
        return Past(
            self._sum[first] - self._sum[second],
            square[first] + square[second] - 2 * self._products[first, second],
            self.reached,
        )
