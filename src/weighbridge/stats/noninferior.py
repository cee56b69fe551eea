"""Is some challenger (an open candidate) at most a margin below every reference (the closed ones)?

YES for challenger o: the ratchet's evidence of o against EVERY reference reaches 1/alpha (intersection-union: no
correction for the number of references; the challengers share the capital, see `stats.ratchet`).

NONE: for every challenger o, capital against H_o "o is within the margin of the best reference" reaches 1/alpha. It
rides, at each draw, the reference that led before that draw; under H_o no reference is more than the margin above o,
so any predictable choice of references is fair. o is dropped for good.

YES and NONE cannot both be wrong, so each has the whole alpha. Margin 0 asks for superiority.

Calls go where they can end the race soonest. While the leading challenger looks good enough ("yes" in sight), to it
and to the references it has not beaten; otherwise ("none" in sight) to the leading reference and the challengers not
yet dropped. Whoever is not asked meanwhile catches up on the skipped draws, in order, when its turn comes. The choice
of calls cannot inflate the evidence: every process is a fixed path over its pair's draws, read without a gap (a
reference leads only while it is asked), and a reign of the ratchet ends together with the calls that feed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from weighbridge.stats.best import STAY, leading
from weighbridge.stats.betting import Bets, Floats, log_mean
from weighbridge.stats.pairs import Bools, Ints, Pairs, won_since
from weighbridge.stats.ratchet import Ratchet

TOGETHER = 24
"""Draws that everybody takes before calls are directed."""

Sight = Literal["all", "yes", "none"]


@dataclass(slots=True)
class Reign:
    """A reference that led the references from draw `start` on; it was asked for every draw of its reign."""

    start: int
    reference: int
    end: int
    """Draw at which the reign ended, or beyond all draws."""


class NonInferior:
    """State of the question; `active` are the candidates whose next draws are wanted."""

    def __init__(
        self,
        candidates: int,
        challengers: Ints,
        references: Ints,
        margin: float,
        units: int | None,
        bets: Bets,
        alpha: float,
        strict: bool = False,
        together: int = TOGETHER,
    ) -> None:
        """`units`: N for the pool claim. `strict`: superiority, so an exact tie at the end of the pool is no YES."""
        self.challengers = challengers
        self.references = references
        self.margin = margin
        self.strict = strict
        self.threshold = -np.log(alpha)
        self.together = together
        self.yes = Ratchet(challengers, references, margin, units, bets)
        first, second = (grid.ravel() for grid in np.meshgrid(references, challengers, indexing="ij"))
        self.against = Pairs(first, second, margin, units, bets)
        self.index = self.against.index(candidates)
        self.lost = np.zeros((candidates, bets.size))
        """Shape (K, G): log capital against "this challenger is within the margin"."""
        self.read_to = np.zeros(candidates, dtype=np.int64)
        """Shape (K,): draws that `lost` has read."""
        self.reigns: list[Reign] = []
        self.dropped: Bools = np.zeros(candidates, dtype=bool)
        self.beaten: Bools = np.zeros(candidates, dtype=bool)
        self.active: Bools = np.zeros(candidates, dtype=bool)
        self.active[challengers] = True
        self.active[references] = True
        self.leader: int | None = None
        self.front: int | None = None
        self.sight: Sight = "all"
        """Which end of the race the calls are made for."""
        self.decided = False
        self.found = False

    def step(self, scores: Floats, paid: Ints, drawn: int) -> None:
        """Take in what has been paid for (`paid`: shape (K,), at most `drawn`); `scores` has shape (K, N)."""
        self.yes.advance(scores, np.arange(len(self.yes.pairs.first)), paid)
        self._ride(scores, paid)
        self.dropped[self.challengers] |= log_mean(self.lost[self.challengers], self.against.bets) >= self.threshold
        left = self.challengers[~self.dropped[self.challengers]]
        if not left.size:
            self.decided = True
            return
        spent = np.array([self._spent(int(arm), paid, scores.shape[1]) for arm in left])
        hopeful = left[~spent] if not spent.all() else left
        leader = self.leader = leading(scores, paid, hopeful, self.leader)
        toughest = leading(scores, paid, self.references, self.front)
        self.sight = self._look_ahead(scores, paid, left, leader, toughest)
        self.yes.lead(None if self.sight == "none" else leader, drawn)
        self._judge(leader)
        if spent.all():
            self._at_the_end(left)
        if not self.decided:
            asked = self.references
            if self.sight == "yes":
                asked = self.references[~self.beaten[self.references]]
                toughest = leading(scores, paid, asked, self.front)
            self._crown(toughest, drawn)
            self._direct(left, leader, toughest, asked)

    def _look_ahead(self, scores: Floats, paid: Ints, left: Ints, leader: int, toughest: int) -> Sight:
        if min(int(paid[left].min()), int(paid[self.references].min())) < self.together:
            return "all"
        common = int(min(paid[leader], paid[toughest]))
        if common >= scores.shape[1] <= int(paid[left].min()):
            return "yes"
        difference = scores[leader, :common] - scores[toughest, :common] + self.margin
        clear = STAY * float(np.sqrt(difference @ difference)) if self.sight == "yes" else 0.0
        return "yes" if float(difference.sum()) >= -clear else "none"

    def _reached(self, challenger: int) -> Bools:
        """Shape of `references`: which ones `challenger` is certified against."""
        reached = self.yes.log_evidence(challenger, self.references) >= self.threshold
        if self.strict:
            reached &= ~self.yes.equal_to_null(self.yes.index[challenger, self.references])
        return np.asarray(reached, dtype=bool)

    def _judge(self, challenger: int) -> None:
        self.beaten[:] = False
        self.beaten[self.references] = self._reached(challenger)
        self.found = bool(self.beaten[self.references].all())
        self.decided = self.found

    def _spent(self, challenger: int, paid: Ints, units: int) -> bool:
        """Whether no draw is left that could still help `challenger` to a YES."""
        if paid[challenger] < units:
            return False
        missing = ~self._reached(challenger)
        return bool(missing.any()) and bool((paid[self.references[missing]] >= units).all())

    def _at_the_end(self, left: Ints) -> None:
        """All draws are used up: under the pool claim the means are known exactly, so NONE may be said."""
        if self.yes.pairs.units is not None and not self.found:
            self.dropped[left] = True
            self.decided = True

    def _crown(self, front: int, now: int) -> None:
        """Let `front` lead the references from draw `now` on."""
        if front == self.front:
            return
        if self.reigns:
            self.reigns[-1].end = now
        else:
            self.read_to[:] = now
        self.reigns.append(Reign(now, front, int(np.iinfo(np.int64).max)))
        self.front = front

    def _ride(self, scores: Floats, paid: Ints) -> None:
        """Advance the capital against each challenger along the references that led at the time."""
        arms = self.challengers[~self.dropped[self.challengers]]
        for reign in self.reigns:
            stop = np.minimum(np.minimum(paid[arms], paid[reign.reference]), reign.end)
            here = (self.read_to[arms] >= reign.start) & (self.read_to[arms] < stop)
            if not here.any():
                continue
            which = self.index[reign.reference, arms[here]]
            self.against.advance(scores, which, self.read_to[arms[here]])
            before = self.against.capital[which].copy()
            self.against.advance(scores, which, stop[here])
            self.lost[arms[here]] += won_since(self.against.capital[which], before)
            self.read_to[arms[here]] = stop[here]

    def _direct(self, left: Ints, leader: int, front: int, asked: Ints) -> None:
        """Say whose next draws are wanted."""
        self.active[:] = False
        if self.sight == "all":
            self.active[left] = True
            self.active[self.references] = True
        elif self.sight == "yes":
            self.active[leader] = True
            self.active[asked] = True
        else:
            self.active[front] = True
            self.active[left] = True

    def out_reason(self, candidate: int) -> str:
        """Why `candidate` is out."""
        if self.dropped[candidate]:
            return "shown to be more than the margin below a reference"
        return "the leading challenger is certified against it" if self.beaten[candidate] else ""
