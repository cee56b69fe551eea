"""The race over time: scores with intervals at up to sixty looks, for a chart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weighbridge.decide.decision import TracePoint
from weighbridge.decide.standing import Standing
from weighbridge.stats.intervals import mean_sequence_at
from weighbridge.stats.rules import Look
from weighbridge.weighing.run import Run

MOST_POINTS = 60
MOST_INTERVALS = 300
"""Intervals in all: with many candidates there are fewer points."""
MOST_STORED = 300_000
"""Scores used at once beyond which no race over time is made up from them: it would take longer than the verdict."""


def trace_points(run: Run, standing: Standing) -> list[TracePoint]:
    """The looks at about equal steps of log items; the first and the last look are always among them.

    Scores that were used all at once have no looks; theirs are shown in the order of the seed, with everybody in.
    Intervals are confidence sequences in either case: whoever reads a chart looks at every point of it.
    """
    size = len(standing.names)
    looks: Sequence[Look] = run.looks
    if standing.at_once:
        looks = _passing(standing) if standing.values.size <= MOST_STORED else ()
    chosen = chosen_looks(looks, min(MOST_POINTS, max(6, MOST_INTERVALS // size)))
    bounds = [_bounds(standing, k, chosen) for k in range(size)]
    repeats = run.evidence.repeats.tolist()
    return [
        TracePoint(
            items=standing.items_after(look.drawn),
            calls=sum(standing.items_after(n) * r for n, r in zip(look.counts.tolist(), repeats, strict=True)),
            score=[None if np.isnan(mean) else float(mean) for mean in look.means],
            low=[path[at][0] for path in bounds],
            high=[path[at][1] for path in bounds],
            alive=[bool(alive) for alive in look.alive],
            leader=int(look.leader),
        )
        for at, look in enumerate(chosen)
    ]


def _bounds(standing: Standing, k: int, looks: Sequence[Look]) -> list[tuple[float | None, float | None]]:
    """The interval of candidate `k` at each look; (None, None) before it was asked.

    A candidate that was taken down may have been fed less than a look says; its interval stays at what it was fed.
    """
    counts = [min(int(look.counts[k]), int(standing.counts[k])) for look in looks]
    distinct = sorted({count for count in counts if count})
    prefix = standing.prefix(k)
    found = mean_sequence_at(prefix, distinct, standing.alpha, standing.pool, standing.units) if distinct else []
    by_count: dict[int, tuple[float | None, float | None]] = dict(zip(distinct, found, strict=True))
    return [by_count.get(count, (None, None)) for count in counts]


def _passing(standing: Standing) -> list[Look]:
    """Looks at stored scores as if they had come one by one."""
    at = np.unique(np.geomspace(min(4, standing.units), standing.units, MOST_POINTS).astype(np.int64))
    sums = np.cumsum(standing.values, axis=1)
    size = len(standing.names)
    return [
        Look(
            drawn=int(n),
            means=sums[:, n - 1] / n,
            counts=np.full(size, n, dtype=np.int64),
            alive=np.ones(size, dtype=np.bool_),
            leader=int(np.argmax(sums[:, n - 1])),
        )
        for n in at
    ]


def chosen_looks(looks: Sequence[Look], points: int) -> list[Look]:
    """At most about `points` looks, at equal steps of the logarithm of draws, the first and last among them."""
    if len(looks) <= points:
        return list(looks)
    drawn = np.array([max(1, look.drawn) for look in looks], dtype=np.float64)
    picked = np.minimum(np.searchsorted(drawn, np.geomspace(drawn[0], drawn[-1], points)), len(looks) - 1)
    return [looks[index] for index in sorted({0, *picked.tolist(), len(looks) - 1})]
