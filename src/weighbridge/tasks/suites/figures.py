"""The figures that a suite is known by, with intervals, beside the scores that the race compares."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from weighbridge.errors import UsageError
from weighbridge.evidence import STATUS_CODES, Evidence, Status
from weighbridge.stats.fixed.means import mean_interval
from weighbridge.stats.fixed.proportions import Interval
from weighbridge.tasks.suites.build import SuiteTask
from weighbridge.tasks.suites.metrics import METRICS, Answered, Evaluate, Ints, Metric, Prepared, evaluated

RESAMPLES = 1000


class Figure(msgspec.Struct, frozen=True):
    """One figure of one candidate, or the difference of two."""

    metric: str
    title: str
    candidate: str
    value: float
    interval: tuple[float, float] | None
    """Over items, or groups of related ones; None where no resample differed, so that there is nothing to say."""
    items: int
    against: str | None = None
    """For a difference: the candidate that is subtracted."""


class Figures(msgspec.Struct, frozen=True):
    """All figures of one suite."""

    suite: str
    own: list[Figure]
    differences: list[Figure]
    alpha: float
    raced: str
    """What the race compares, in a phrase."""
    complete: bool
    """Whether every candidate answered every item: else the figures are of those that were asked."""
    missing: list[str] = []
    """Figures that could not be computed, and why."""


def figures_of(
    suite: SuiteTask, evidence: Evidence, *, alpha: float = 0.05, seed: int = 0, ks: Sequence[int] = (1, 5, 10, 100)
) -> Figures:
    """Every figure of every candidate, and the differences of all pairs on the items that both answered.

    Intervals are at 1 - `alpha`. Those of means of items are `stats.fixed.mean_interval`; those of other figures are
    percentile bootstraps (Efron & Tibshirani 1993, chapter 13) of `RESAMPLES` resamples of whole clusters, the same
    ones for every candidate. They hold for a sample of fixed size, each by itself: unlike the verdict they do not
    allow for stopping early or for looking at several figures.
    """
    index = {item.id: number for number, item in enumerate(suite.task.items)}
    where = [index[ident] for ident in evidence.items]
    rows = [_answered(suite, evidence, candidate, where) for candidate in range(len(evidence.columns))]
    names = [column.name for column in evidence.columns]
    asked = evidence.asked
    clusters = _clusters(suite)
    own: list[Figure] = []
    differences: list[Figure] = []
    missing: list[str] = []
    for metric in _metrics(suite, int(evidence.repeats.min()) if len(names) else 1, ks):
        try:
            functions = [metric.prepare(row, suite.suite) for row in rows]
        except UsageError as error:
            missing.append(f"{metric.title}: {error.what} ({error.fix})")
            continue
        spread = _Spread(metric, clusters, alpha, seed)
        for candidate, prepared in enumerate(functions):
            items = np.flatnonzero(asked[candidate])
            if items.size:
                own.append(spread.figure(names[candidate], prepared, items))
        for a in range(len(names)):
            for b in range(a + 1, len(names)):
                items = np.flatnonzero(asked[a] & asked[b])
                if items.size:
                    differences.append(spread.difference(names[a], names[b], functions[a], functions[b], items))
    return Figures(suite.name, own, differences, alpha, _raced(suite), bool(asked.all()), missing)


class _Spread:
    """Figures of one metric with their intervals."""

    def __init__(self, metric: Metric, clusters: Ints, alpha: float, seed: int) -> None:
        self._metric = metric
        self._clusters = clusters
        self._alpha = alpha
        self._seed = seed

    def figure(self, name: str, prepared: Prepared, items: Ints) -> Figure:
        if isinstance(prepared, np.ndarray):
            interval: Interval | None = mean_interval(prepared[items], self._alpha, self._clusters[items])
        else:
            interval = self._bootstrap(prepared, items)
        metric = self._metric
        return Figure(metric.name, metric.title, name, evaluated(prepared, items), interval, int(items.size))

    def difference(self, a: str, b: str, first: Prepared, second: Prepared, items: Ints) -> Figure:
        interval: Interval | None
        if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
            apart = first[items] - second[items]
            interval = mean_interval(apart, self._alpha, self._clusters[items], bounds=(-1.0, 1.0))
        else:
            interval = self._bootstrap(lambda drawn: evaluated(first, drawn) - evaluated(second, drawn), items)
        middle = evaluated(first, items) - evaluated(second, items)
        metric = self._metric
        return Figure(metric.name, metric.title, a, middle, interval, int(items.size), b)

    def _bootstrap(self, function: Evaluate, items: Ints) -> Interval | None:
        samples = _resamples(self._clusters[items], items, self._seed)
        values = np.array([function(sample) for sample in samples])
        if float(np.ptp(values)) == 0:
            return None
        low, high = np.quantile(values, (self._alpha / 2, 1 - self._alpha / 2))
        return float(low), float(high)


def _metrics(suite: SuiteTask, repeats: int, ks: Sequence[int]) -> list[Metric]:
    found: list[Metric] = []
    for name in suite.suite.metrics:
        if name == "pass_at_k":
            from weighbridge.tasks.suites.metrics import pass_at

            found += [pass_at(k) for k in ks if k <= repeats]
        else:
            found.append(METRICS[name])
    return found


def _raced(suite: SuiteTask) -> str:
    spec = suite.task.scorer
    name = getattr(getattr(spec, "spec", None), "name", "score")
    return {
        "choice": "right or wrong, item by item",
        "numeric": "right or wrong, item by item",
        "code": "all tests passed or not, item by item",
        "span": "exact match or F1, item by item",
        "chrf": "chrF, sentence by sentence",
        "rank": "nearness of the rank, item by item",
        "mass": "probability of the true answers, item by item",
    }.get(name, "the score, item by item")


def _answered(suite: SuiteTask, evidence: Evidence, candidate: int, where: Sequence[int]) -> list[Answered]:
    answers = evidence.answers[candidate] if evidence.answers is not None else [None] * len(where)
    extracted = evidence.extracted[candidate] if evidence.extracted is not None else [None] * len(where)
    return [
        Answered(
            item=suite.task.items[number],
            score=float(evidence.score[candidate, position]),
            read=extracted[position] if _read(evidence, candidate, position) else None,
            text=answers[position] or "",
            repeats=int(evidence.repeats[candidate]),
        )
        for position, number in enumerate(where)
    ]


def _read(evidence: Evidence, candidate: int, position: int) -> bool:
    """Whether the answer was one: what a refused or cut answer holds is not taken for it."""
    code = int(evidence.status[candidate, position])
    return code < len(STATUS_CODES) and STATUS_CODES[code] is Status.OK


def _clusters(suite: SuiteTask) -> Ints:
    seen: dict[str, int] = {}
    names = [item.cluster or f"\0{number}" for number, item in enumerate(suite.task.items)]
    return np.array([seen.setdefault(name, len(seen)) for name in names], dtype=np.int64)


def _resamples(clusters: Ints, items: Ints, seed: int) -> list[Ints]:
    """Item positions of each resample: whole clusters drawn with replacement."""
    rng = np.random.default_rng(seed)
    codes = np.unique(clusters, return_inverse=True)[1]
    units = int(codes.max()) + 1
    drawn = rng.integers(units, size=(RESAMPLES, units))
    if units == items.size:
        order = np.argsort(codes)
        return [items[order[row]] for row in drawn]
    groups = [items[codes == unit] for unit in range(units)]
    return [np.concatenate([groups[unit] for unit in row]) for row in drawn]
