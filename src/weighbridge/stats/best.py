"""Rules for "which candidate is at most epsilon below the best?", each wrong with probability at most alpha.

`StrictBest` (epsilon = 0): candidates leave for good by transfer (`stats.transfer`); the last one is the best.
`NearBest` (epsilon > 0): rivals are parked while the leader is certified against them by the ratchet
(`stats.ratchet`), come back if the lead changes hands, and the race is over when all are parked by one leader.
`Hybrid` (epsilon > 0, many candidates): candidates leave for good by transfer at alpha/2; the race is over when the
leader is certified at alpha/2 against every other survivor (the ratchet).
"""

from __future__ import annotations

import numpy as np

from weighbridge.stats.betting import Bets, Floats
from weighbridge.stats.pairs import EXACT, Bools, Ints
from weighbridge.stats.ratchet import Ratchet
from weighbridge.stats.transfer import Transfer

CONTENDERS = 12
"""Candidates that may become the winner of `Hybrid` other than by outlasting all others."""

STAY = 0.5
"""A leader stays until another is ahead by this many standard errors of their paired difference: each change of
leader brings parked rivals back."""


def leading(scores: Floats, paid: Ints, arms: Ints, now: int | None, stay: float = STAY) -> int:
    """The candidate among `arms` with the best mean; `now`, if among them, leads until it is clearly behind.

    Each is compared with `now` over the draws both have paid for; once no draws are left the plain mean decides.
    """
    if now is None or now not in arms:
        common = int(paid[arms].min())
        if common == 0:
            return int(arms[0])
        return int(arms[int(np.argmax(scores[arms, :common].mean(axis=1)))])
    ahead, lead = now, 0.0
    for common in np.unique(np.minimum(paid[arms], paid[now])):
        if common == 0:
            continue
        here = arms[np.minimum(paid[arms], paid[now]) == common]
        over = scores[here, :common].sum(axis=1) - scores[now, :common].sum()
        for arm, points in zip(here[over > 0], over[over > 0], strict=True):
            difference = scores[arm, :common] - scores[now, :common]
            clear = stay * float(np.sqrt(difference @ difference)) if common < scores.shape[1] else 0.0
            if (points - clear) / common > lead:
                ahead, lead = int(arm), float(points - clear) / int(common)
    return ahead


class StrictBest:
    """Epsilon 0. Every active candidate pays for the same draws."""

    def __init__(self, candidates: int, units: int | None, bets: Bets, alpha: float) -> None:
        self.transfer = Transfer(candidates, units, bets, alpha)
        self.units = units
        self.active: Bools = np.ones(candidates, dtype=bool)
        self.leader = 0
        self.leads = False
        """Whether `leader` was chosen from draws."""
        self.decided = candidates == 1

    def step(self, scores: Floats, paid: Ints, _drawn: int) -> None:
        """Take in all that every active candidate has paid for."""
        common = int(paid[self.active].min())
        if common > self.transfer.reached:
            self.transfer.read(scores, self.active, self.leader if self.leads else None, common)
            self.leads = True
        self.active &= ~self.transfer.out
        arms = np.flatnonzero(self.active)
        self.leader = leading(scores, paid, arms, None)
        if self.units is not None and common >= self.units:
            total = scores[arms, : self.units].sum(axis=1)
            self.active[arms[total < total.max() - EXACT]] = False
            self.decided = True
        else:
            self.decided = len(arms) == 1

    def out_reason(self, candidate: int) -> str:
        """Why `candidate` is out."""
        return "shown not to be a best one" if not self.active[candidate] else ""


class NearBest:
    """Epsilon > 0: parking by the ratchet."""

    def __init__(
        self,
        candidates: int,
        epsilon: float,
        units: int | None,
        bets: Bets,
        alpha: float,
    ) -> None:
        self.arms = np.arange(candidates)
        self.ratchet = Ratchet(self.arms, self.arms, epsilon, units, bets)
        self.threshold = -np.log(alpha)
        self.active: Bools = np.ones(candidates, dtype=bool)
        self.leader: int | None = None
        self.decided = candidates == 1

    def step(self, scores: Floats, paid: Ints, drawn: int) -> None:
        """Take in what has been paid for."""
        first, second = self.ratchet.pairs.first, self.ratchet.pairs.second
        self.ratchet.advance(scores, np.flatnonzero(self.active[first] & self.active[second]), paid)
        leader = self.leader = leading(scores, paid, np.flatnonzero(self.active), self.leader)
        self.ratchet.lead(leader, drawn)
        rivals = self.arms[self.arms != leader]
        parked = self.ratchet.log_evidence(leader, rivals) >= self.threshold
        self.active[rivals] = ~parked
        self.decided = bool(parked.all())

    def out_reason(self, candidate: int) -> str:
        """Why `candidate` is out."""
        return "" if self.active[candidate] else "the leader is certified against it"


class Hybrid:
    """Epsilon > 0, many candidates. Every active candidate pays for the same draws.

    The contenders of the ratchet are the `CONTENDERS` best of the first draws: bets begin after them, so the choice
    is predictable, and few contenders share the capital.
    """

    def __init__(
        self, candidates: int, epsilon: float, units: int | None, planned: int, bets: Bets, alpha: float
    ) -> None:
        """`planned`: units there are, also under the population claim."""
        self.epsilon = epsilon
        self.units = units
        self.bets = bets
        self.strict = StrictBest(candidates, units, bets, alpha / 2)
        self.ratchet: Ratchet | None = None
        self.contenders: Ints = np.arange(candidates)
        self.first_draws = max(24, planned // 50)
        self.threshold = -np.log(alpha / 2)
        self.leader: int | None = None
        self.decided = candidates == 1

    @property
    def active(self) -> Bools:
        return self.strict.active

    def step(self, scores: Floats, paid: Ints, drawn: int) -> None:
        """Take in all that every active candidate has paid for."""
        if self.ratchet is not None:
            first, second = self.ratchet.pairs.first, self.ratchet.pairs.second
            self.ratchet.advance(scores, np.flatnonzero(self.active[first] & self.active[second]), paid)
        self.strict.step(scores, paid, drawn)
        if self.strict.decided:
            self.leader, self.decided = self.strict.leader, True
            return
        if self.ratchet is None and self.strict.transfer.reached >= self.first_draws:
            self._begin(scores)
        standing = self.contenders[self.active[self.contenders]]
        if self.ratchet is None or not standing.size:
            self.leader = self.strict.leader
            return
        leader = self.leader = leading(scores, paid, standing, self.leader)
        self.ratchet.lead(leader, drawn)
        rivals = np.flatnonzero(self.active)
        certified = self.ratchet.log_evidence(leader, rivals[rivals != leader]) >= self.threshold
        self.decided = bool(certified.all())

    def _begin(self, scores: Floats) -> None:
        """Choose the contenders, and let the ratchet bet from here on."""
        alive = np.flatnonzero(self.active)
        seen = scores[alive, : self.strict.transfer.reached].mean(axis=1)
        self.contenders = np.sort(alive[np.argsort(-seen, kind="stable")[:CONTENDERS]])
        self.ratchet = Ratchet(self.contenders, alive, self.epsilon, self.units, self.bets)
        pairs = self.ratchet.pairs
        pairs.begin(self.strict.transfer.past(pairs.first, pairs.second))

    def out_reason(self, candidate: int) -> str:
        """Why `candidate` is out."""
        return self.strict.out_reason(candidate)
