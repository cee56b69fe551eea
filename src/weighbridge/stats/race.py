"""A race between candidates, without I/O: it says which draws it wants, is fed scores, and says when to stop.

    race = Race(candidates=3, units=500, rules=Rules())
    while not race.finished:
        for span in race.wanted():                       # pay for these draw positions
            race.feed(span.candidate, scores[span.candidate, span.start:span.stop])
        look = race.step()
    print(race.outcome())

Scores are fed in one seeded random draw order, the same for all candidates. The claim holds whenever the race is
stopped, whatever the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from weighbridge.stats.best import Hybrid, NearBest, StrictBest
from weighbridge.stats.betting import Floats, settled_bets
from weighbridge.stats.certify import certified_margins
from weighbridge.stats.noninferior import NonInferior
from weighbridge.stats.pairs import Ints
from weighbridge.stats.pareto import Pareto
from weighbridge.stats.plan import draws_to_settle
from weighbridge.stats.rules import Kind, Look, Outcome, Rules, Span

HYBRID_FROM = 16
"""Candidates from which ``best`` with an epsilon uses the hybrid rule."""


class Race:
    """K candidates on N units (items, or whole clusters), under `rules`."""

    def __init__(self, candidates: int, units: int, rules: Rules, known: Mapping[int, Floats] | None = None) -> None:
        """`known`: candidates whose scores on all N draws are there already (draw order); they are never wanted.

        Raises ValueError for rules that do not fit: no candidate, no unit, challengers or references missing.
        """
        if candidates < 1 or units < 1:
            raise ValueError("a race needs at least one candidate and one unit")
        self.rules = rules
        self.candidates = candidates
        self.units = units
        self.scores: Floats = np.full((candidates, units), np.nan)
        self.paid: Ints = np.zeros(candidates, dtype=np.int64)
        """Shape (K,): draws each candidate has been fed."""
        self.removed: dict[int, str] = {}
        self._rule = self._make_rule(np.arange(candidates))
        self._out_at: list[int | None] = [None] * candidates
        self._known = dict(known or {})
        for candidate, values in self._known.items():
            self.feed(candidate, np.asarray(values, dtype=np.float64))
        self._settle()

    def _make_rule(self, index: Ints) -> StrictBest | NearBest | Hybrid | NonInferior | Pareto:
        """The rule over the candidates `index` (all that have not been removed)."""
        rules = self.rules
        pool = rules.claim == "pool"
        units = self.units if pool else None
        bets = settled_bets(self.units, pool)
        size = len(index)
        if rules.goal in ("non_inferior", "superior"):
            place = {int(k): number for number, k in enumerate(index)}
            challengers = np.array([place[k] for k in rules.challengers if k in place], dtype=np.int64)
            references = np.array([place[k] for k in rules.references if k in place], dtype=np.int64)
            if not challengers.size or not references.size:
                raise ValueError(f"{rules.goal} needs at least one challenger and one reference")
            strict = rules.goal == "superior"
            margin = 0.0 if strict else rules.margin
            return NonInferior(size, challengers, references, margin, units, bets, rules.alpha, strict)
        if rules.goal == "pareto":
            rule = Pareto(size, rules.epsilon, units, bets, bets, rules.alpha)
            if rules.costs is not None:
                rule.costs = np.asarray(rules.costs, dtype=np.float64)[index]
            return rule
        if rules.epsilon <= 0:
            return StrictBest(size, units, bets, rules.alpha)
        if size >= HYBRID_FROM:
            return Hybrid(size, rules.epsilon, units, self.units, bets, rules.alpha)
        return NearBest(size, rules.epsilon, units, bets, rules.alpha)

    @property
    def drawn(self) -> int:
        """Draws opened so far by a candidate that had to be asked."""
        asked = [int(self.paid[k]) for k in range(self.candidates) if k not in self._known]
        return max(asked, default=self.units)

    @property
    def _kept(self) -> Ints:
        return np.array([k for k in range(self.candidates) if k not in self.removed], dtype=np.int64)

    @property
    def active(self) -> NDArray[np.bool_]:
        """Shape (K,): candidates still being asked."""
        mask = np.zeros(self.candidates, dtype=bool)
        mask[self._kept[self._rule.active]] = True
        return mask

    @property
    def exhausted(self) -> bool:
        """No unit is left for those that the question still needs."""
        return bool((self.paid[self.active] >= self.units).all())

    @property
    def finished(self) -> bool:
        """Decided, or nothing left to draw."""
        return self._rule.decided or self.exhausted

    def look_size(self) -> int:
        """Draws until the next decision: 4 at first, 1/32 of what was drawn later."""
        return self.rules.look or max(4, self.drawn // 32)

    def wanted(self) -> list[Span]:
        """Draw positions to pay for before the next step; candidates that fell behind catch up first."""
        if self.finished:
            return []
        arms = np.flatnonzero(self.active & (self.paid < self.units))
        front = self.drawn
        behind = arms[self.paid[arms] < front]
        if behind.size:
            low = int(self.paid[behind].min())
            target = min(front, low + max(16, self.look_size()))
            arms = behind[self.paid[behind] < target]
        else:
            target = min(self.units, front + self.look_size())
        return [Span(int(k), int(self.paid[k]), target) for k in arms]

    def feed(self, candidate: int, values: Sequence[float] | Floats) -> None:
        """The next scores of `candidate`, in draw order; in [0, 1]."""
        block = np.asarray(values, dtype=np.float64)
        start = int(self.paid[candidate])
        if start + block.size > self.units:
            raise ValueError(f"candidate {candidate} was fed more than {self.units} scores")
        if not ((block >= 0) & (block <= 1)).all():
            raise ValueError("scores must lie in [0, 1]")
        self.scores[candidate, start : start + block.size] = block
        self.paid[candidate] += block.size

    def price(self, costs: Sequence[float] | Floats) -> None:
        """Set the costs (K,) that ``pareto`` compares; NaN = unknown."""
        self.rules = replace(self.rules, costs=tuple(float(cost) for cost in costs))
        if isinstance(self._rule, Pareto):
            self._rule.costs = np.asarray(costs, dtype=np.float64)[self._kept]

    def step(self) -> Look:
        """Take in what was fed."""
        self._settle()
        return self.look()

    def _settle(self) -> None:
        kept = self._kept
        # A candidate the question is not about (neither challenger nor reference) is never asked.
        if not self._rule.decided and (self.paid[kept][self._rule.active] > 0).all():
            drawn = self.drawn
            scores = self.scores[kept] if self.removed else self.scores
            self._rule.step(scores, np.minimum(self.paid[kept], drawn), drawn)
        active = self.active
        for k in range(self.candidates):
            if k in self.removed:
                continue
            if active[k]:
                self._out_at[k] = None
            elif self._out_at[k] is None:
                self._out_at[k] = int(self.paid[k])

    def look(self) -> Look:
        """The race as it stands."""
        means = np.array([self.scores[k, : self.paid[k]].mean() if self.paid[k] else np.nan for k in self._all()])
        return Look(self.drawn, means, self.paid.copy(), self.active, self.leader)

    def _all(self) -> range:
        return range(self.candidates)

    @property
    def leader(self) -> int:
        """The candidate in front (for non-inferiority the challenger in front)."""
        led = self._rule.leader
        first = next((k for k in self.rules.challengers if k not in self.removed), int(self._kept[0]))
        return int(self._kept[led]) if led is not None else first

    def without(self, candidate: int, reason: str) -> Race:
        """The same race among the others, replayed on what they were fed; raises ValueError if none is left."""
        other = Race.__new__(Race)
        other.rules, other.candidates, other.units = self.rules, self.candidates, self.units
        other.removed = {**self.removed, candidate: reason}
        other.scores = np.full_like(self.scores, np.nan)
        other.paid = np.zeros_like(self.paid)
        other._known = {}
        other._out_at = [None] * self.candidates
        other._out_at[candidate] = int(self.paid[candidate])
        kept = other._kept
        if not kept.size:
            raise ValueError("no candidate is left")
        other._rule = other._make_rule(kept)
        for k, values in self._known.items():
            if k in kept:
                other.feed(k, values)
                other._known[k] = values
        other._replay(self)
        return other

    def _replay(self, past: Race) -> None:
        """Take what this race wants from what `past` was fed, as far as that goes."""
        complete = True
        while complete and not self.finished:
            for span in self.wanted():
                stop = min(span.stop, int(past.paid[span.candidate]))
                complete &= stop == span.stop
                if stop > span.start:
                    self.feed(span.candidate, past.scores[span.candidate, span.start : stop])
            self._settle()

    def outcome(self) -> Outcome:
        """What may be claimed now."""
        kind, winners = self._verdict()
        leader = self.leader
        certified = certified_margins(self.scores, self.paid, leader, self._rivals(), self._contenders(), self.rules)
        strangers = [k for k in self._all() if k != leader and k not in self._rivals() and k not in self.removed]
        certified[strangers] = np.nan
        out: list[str | None] = []
        for k in self._all():
            if k in self.removed:
                out.append(self.removed[k])
                continue
            place = int(np.flatnonzero(self._kept == k)[0])
            reason = self._rule.out_reason(place) if k != leader else ""
            out.append(reason or None)
        if isinstance(self._rule, NearBest):
            parked = np.array([k for k in self._rivals() if out[k]], dtype=np.int64)
            certified[parked] = np.minimum(certified[parked], self.rules.epsilon)
        return Outcome(
            kind, winners, leader, certified, tuple(out), tuple(self._out_at), self.exhausted, self._more(kind)
        )

    def _verdict(self) -> tuple[Kind, tuple[int, ...]]:
        rule = self._rule
        if not rule.decided:
            return "undecided", (self.leader,)
        if isinstance(rule, NonInferior):
            if not rule.found:
                return "none", ()
            return ("superior" if self.rules.goal == "superior" else "non_inferior"), (self.leader,)
        if isinstance(rule, Pareto):
            return "frontier", tuple(int(k) for k in self._kept[rule.frontier])
        return "best", (self.leader,)

    def _rivals(self) -> list[int]:
        """Whom the leader is compared with."""
        kept = [int(k) for k in self._kept]
        if self.rules.goal in ("non_inferior", "superior"):
            return [k for k in self.rules.references if k in kept]
        return [k for k in kept if k != self.leader]

    def _contenders(self) -> int:
        """How many could have been the leader wrongly (the union bound of a certified margin)."""
        if self.rules.goal in ("non_inferior", "superior"):
            return max(1, sum(1 for k in self.rules.challengers if k not in self.removed))
        return max(1, len(self._kept) - 1)

    def _more(self, kind: Kind) -> int | None:
        """Undecided under the population claim: draws still missing, from the gaps seen so far."""
        if kind != "undecided" or (self.rules.claim == "pool" and self.exhausted):
            return None
        leader, worst = self.leader, 0.0
        margin = {"best": self.rules.epsilon, "pareto": self.rules.epsilon, "non_inferior": self.rules.margin}
        for k in self._rivals():
            common = int(min(self.paid[leader], self.paid[k]))
            if common < 2 or not self.active[k]:
                continue
            difference = self.scores[leader, :common] - self.scores[k, :common]
            threshold = np.log(self._contenders() / self.rules.alpha)
            need = draws_to_settle(
                difference, margin.get(self.rules.goal, 0.0), threshold, self.units, self.rules.claim
            )
            worst = max(worst, need - common, 0.1 * common)
        if not np.isfinite(worst) or worst > 1e7:
            return None
        return max(1, int(np.ceil(worst)))
