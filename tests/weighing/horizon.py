"""TEMPORARY: fixed-horizon race with the interface of weighbridge.stats.race, until that lands."""

import numpy as np

from weighbridge.stats.rules import Look, Outcome, Span


class HorizonRace:
    def __init__(self, candidates, units, rules):
        self.k, self.n, self.rules = candidates, units, rules
        self.values = np.full((candidates, units), np.nan)
        self.drawn = 0
        self.gone = set()
        self.size = rules.look or 4

    @property
    def finished(self):
        return self.drawn >= self.n

    def wanted(self):
        stop = min(self.n, self.drawn + self.size)
        return [Span(c, self.drawn, stop) for c in range(self.k) if c not in self.gone]

    def feed(self, candidate, values):
        self.values[candidate, self.drawn : self.drawn + len(values)] = values

    def step(self):
        self.drawn = min(self.n, self.drawn + self.size)
        self.size *= 2
        with np.errstate(all="ignore"):
            means = np.array(
                [np.nanmean(v[: self.drawn]) if c not in self.gone else np.nan for c, v in enumerate(self.values)]
            )
        return Look(
            self.drawn,
            means,
            np.array([0 if c in self.gone else self.drawn for c in range(self.k)]),
            np.array([c not in self.gone for c in range(self.k)]),
            int(np.nanargmax(means)),
        )

    def outcome(self):
        if not self.drawn:
            lead = 0
        else:
            lead = int(
                np.nanargmax(
                    [np.nanmean(v[: self.drawn]) if c not in self.gone else -1 for c, v in enumerate(self.values)]
                )
            )
        kind = "best" if self.finished else "undecided"
        return Outcome(kind, (lead,), lead, np.zeros(self.k), (None,) * self.k, (None,) * self.k, self.finished, None)

    def without(self, candidate):
        new = HorizonRace(self.k, self.n, self.rules)
        new.gone = self.gone | {candidate}
        return new
