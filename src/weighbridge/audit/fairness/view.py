"""What the checks of one comparison share: who leads, which texts there are, and the shape of their findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weighbridge.evidence import Evidence, Finding, Met, Question

if TYPE_CHECKING:
    from weighbridge.logs.log import Settings

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DIMENSION = "fairness"

ROWS = 20
"""Item ids a finding names, at most."""

LABELS = 26
"""References with at most this many different values are labels to choose from."""

JUDGED_WORDS = 30
"""Answers without a reference and longer than this in the median were marked by a judge."""

RARE = 0.001
"""Chance of a false alarm that one test may have: a table gets many tests."""


class View:
    """Evidence with what several checks need of it, worked out once and on demand."""

    def __init__(
        self, evidence: Evidence, question: Question, settings: Mapping[str, Settings] | None = None
    ) -> None:
        self.evidence = evidence
        self.question = question
        self.settings = dict(settings or {})
        self.asked = evidence.asked
        self.names = tuple(column.name for column in evidence.columns)
        self.items = len(evidence.items)

    @cached_property
    def means(self) -> Floats:
        """Shape (K,): mean score over the items asked; NaN where none was."""
        counts = self.asked.sum(axis=1)
        totals = np.where(self.asked, self.evidence.score, 0.0).sum(axis=1)
        return np.asarray(np.where(counts > 0, totals / np.maximum(counts, 1), np.nan))

    @cached_property
    def ranked(self) -> list[int]:
        """Candidates with answers, the highest mean first."""
        order = np.argsort(-np.nan_to_num(self.means, nan=-1.0), kind="stable")
        return [int(k) for k in order if np.isfinite(self.means[k])]

    @cached_property
    def rivals(self) -> tuple[int, int] | None:
        """The two candidates the verdict is about: the reference and the best other, or the two highest."""
        ranked = self.ranked
        if len(ranked) < 2:
            return None
        reference = self.question.reference
        if self.question.goal in ("non_inferior", "superior") and reference in self.names:
            fixed = self.names.index(reference)
            other = next((k for k in ranked if k != fixed), None)
            return None if other is None or fixed not in ranked else (other, fixed)
        return ranked[0], ranked[1]

    @property
    def tolerance(self) -> float:
        """Epsilon or margin of the question, in score units."""
        question = self.question
        return question.epsilon if question.goal in ("best", "pareto") else question.margin

    def differences(self, a: int, b: int) -> tuple[NDArray[np.int64], Floats]:
        """Items both were asked, and a - b on them."""
        both = np.flatnonzero(self.asked[a] & self.asked[b])
        score = self.evidence.score
        return both, np.round(score[a, both] - score[b, both], 12)

    @cached_property
    def references(self) -> tuple[str, ...] | None:
        """Reference texts; None where there are none at all."""
        texts = self.evidence.references
        return texts if texts is not None and any(text.strip() for text in texts) else None

    @cached_property
    def labels(self) -> dict[str, int] | None:
        """How often each reference occurs, where references are a few labels that come again and again."""
        if self.references is None:
            return None
        found: dict[str, int] = {}
        for text in self.references:
            key = text.strip().casefold()
            found[key] = found.get(key, 0) + 1
            if len(found) > LABELS:
                return None
        return found if "" not in found and 5 * len(found) <= self.items else None

    @cached_property
    def judged(self) -> bool:
        """Whether a judge marked the answers: the settings say so, or long answers have no reference."""
        said = " ".join(f"{one.scorer or ''} {one.metric or ''}" for one in self.settings.values()).casefold()
        if any(
            word in said for word in ("judge", "rubric", "pairwise", "preference", "alpaca", "win_rate", "graded")
        ):
            return True
        if self.references is not None or self.evidence.answers is None:
            return False
        lengths = [len(text.split()) for k in range(len(self.names)) for _, text in self.sample(k, 100)]
        return bool(lengths) and float(np.median(lengths)) >= JUDGED_WORDS

    def texts(self, candidate: int) -> list[tuple[int, str]]:
        """Item index and answer, of the answers that were kept."""
        if self.evidence.answers is None:
            return []
        return [(i, text) for i, text in enumerate(self.evidence.answers[candidate]) if text is not None]

    def sample(self, candidate: int, most: int) -> list[tuple[int, str]]:
        """At most `most` of the answers, evenly spaced over the table."""
        if self.evidence.answers is None:
            return []
        row = self.evidence.answers[candidate]
        places = (
            range(len(row)) if len(row) <= most else sorted({round(x) for x in np.linspace(0, len(row) - 1, most)})
        )
        return [(i, text) for i in places if (text := row[i]) is not None]

    def answering(self) -> Iterator[tuple[int, str]]:
        """Candidates that are models: a rule answers without reading on purpose."""
        for k, column in enumerate(self.evidence.columns):
            if column.side != "rule":
                yield k, column.name

    def ids(self, items: Sequence[int] | NDArray[np.int64]) -> tuple[str, ...]:
        """Ids of some items, at most `ROWS`."""
        return tuple(self.evidence.items[int(i)] for i in items[:ROWS])


def finding(
    met: Met,
    statement: str,
    *,
    candidate: str | None = None,
    value: float | None = None,
    interval: tuple[float, float] | None = None,
    limit: float | None = None,
    evidence: tuple[str, ...] = (),
    would_change: str | None = None,
) -> Finding:
    """A finding of this dimension."""
    return Finding(DIMENSION, met, statement, candidate, value, interval, limit, evidence, would_change)
