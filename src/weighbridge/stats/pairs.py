"""Many paired processes side by side: E-processes on the differences of two candidates' scores.

Process p bets that candidate `first[p]` scores above `second[p]` by more than `null`. It reads only draw positions
that both have paid for, always in draw order, so it may be read at any time and by any rule (Ville's inequality
bounds its maximum over all draws).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weighbridge.stats.betting import Bets, Floats, Past, log_growth, log_mean

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BLOCK = 32_768
"""Most draws taken in at once: what is worked on stays in the processor's cache."""


EXACT = 1e-7
"""Sums of scores over a whole pool that differ by less than this are equal."""


class Pairs:
    """State of P processes that share one null and one mixture of bets."""

    def __init__(self, first: Ints, second: Ints, null: float, units: int | None, bets: Bets) -> None:
        """`first`, `second`: shape (P,), candidate indices. `units`: N for the pool claim, None otherwise."""
        self.first = first
        self.second = second
        self.null = null
        self.units = units
        self.bets = bets
        size = len(first)
        self.position = np.zeros(size, dtype=np.int64)
        """Draws each process has read."""
        self.total = np.zeros(size)
        self.square = np.zeros(size)
        self.capital = np.zeros((size, bets.size))
        """Shape (P, G): log capital of each bet since the first draw."""

    def begin(self, past: Past) -> None:
        """Start betting after the draws in `past`, which inform the stakes (one entry per process)."""
        self.total, self.square = past.total.copy(), past.square.copy()
        self.position[:] = past.draws

    def index(self, candidates: int) -> Ints:
        """Shape (K, K): process number of each ordered pair, -1 where there is none."""
        table = np.full((candidates, candidates), -1, dtype=np.int64)
        table[self.first, self.second] = np.arange(len(self.first))
        return table

    def advance(self, scores: Floats, which: Ints, upto: Ints) -> None:
        """Let the processes `which` read on to draw positions `upto` (one each; no move where already there).

        `scores` has shape (K, N), in draw order.
        """
        behind = self.position[which] < upto
        which, upto = which[behind], upto[behind]
        if not which.size:
            return
        start = self.position[which]
        if (start == start[0]).all() and (upto == upto[0]).all():
            self._advance_together(scores, which, int(start[0]), int(upto[0]))
            return
        spans = np.stack([start, upto], axis=1)
        for begin, end in np.unique(spans, axis=0):
            together = which[(spans[:, 0] == begin) & (spans[:, 1] == end)]
            self._advance_together(scores, together, int(begin), int(end))

    def _advance_together(self, scores: Floats, which: Ints, start: int, stop: int) -> None:
        rows = max(1, BLOCK // (stop - start))
        for low in range(0, len(which), rows):
            chunk = which[low : low + rows]
            draws = scores[self.first[chunk], start:stop] - scores[self.second[chunk], start:stop]
            past = Past(self.total[chunk], self.square[chunk], start)
            self.capital[chunk] += log_growth(draws, past, self.null, self.units, self.bets)
            self.total[chunk] += draws.sum(axis=1)
            self.square[chunk] += (draws * draws).sum(axis=1)
        self.position[which] = stop

    def log_value(self, which: Ints, since: Floats | None = None) -> Floats:
        """Shape of `which`: log of the mixture; of the capital won since the snapshot `since` (P', G) if given."""
        capital = self.capital[which]
        if since is not None:
            capital = won_since(capital, since)
        return log_mean(capital, self.bets)

    def known_true(self, which: Ints) -> Bools:
        """Pool claim: whether the whole pool was read and the null is false; exact, no bet needed."""
        if self.units is None:
            return np.zeros(len(which), dtype=bool)
        done = self.position[which] >= self.units
        return done & (self.total[which] > self.units * self.null + EXACT)

    def known_false(self, which: Ints) -> Bools:
        """Pool claim: whether the whole pool was read and the null is true."""
        if self.units is None:
            return np.zeros(len(which), dtype=bool)
        done = self.position[which] >= self.units
        return done & (self.total[which] < self.units * self.null - EXACT)


def won_since(capital: Floats, since: Floats) -> Floats:
    """Log capital won since a snapshot; a null that has become impossible stays at infinity."""
    return np.where(np.isposinf(capital), np.inf, capital - np.where(np.isposinf(since), 0.0, since))


def ordered_pairs(candidates: int) -> tuple[Ints, Ints]:
    """All K (K - 1) ordered pairs of different candidates."""
    first, second = np.nonzero(~np.eye(candidates, dtype=bool))
    return first.astype(np.int64), second.astype(np.int64)
