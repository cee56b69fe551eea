"""Items that go together: clusters that make an interval too narrow unless they are named."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from weighbridge.audit.fairness.view import Floats, View, finding
from weighbridge.evidence import Finding
from weighbridge.evidence.words import count
from weighbridge.stats.fixed import clustered_error

FEWEST = 20
"""Fewer groups than this are categories of one benchmark, not a sample of clusters."""

NARROW = 1.15
"""Intervals narrower than they should be by less than this factor are let pass."""

PASSAGES = "opening passage"
PASSAGE = 200
"""Characters at the beginning of longer questions that show a shared passage."""

INSTRUCTION = 30
"""More items than this share instructions, not a passage."""

DRAWS = 99

FAR = 4.0


def clusters(view: View) -> list[Finding]:
    """Whether the items of a named cluster, of a metadata value or of a shared passage depend on each other.

    The design effect is the squared ratio of the clustered to the plain standard error of the difference between the
    two rivals (Miller 2024, arXiv 2411.00640, section 2.2). Clusters that the evidence names are taken into account
    by the verdict; groups that it does not name are held against permutations. A metadata column may as well be a
    category whose values stay the same, so that it makes the matter ``unknown``. The pool claim needs none of it.
    """
    if view.rivals is None or view.question.claim == "pool":
        return []
    a, b = view.rivals
    both, differences = view.differences(a, b)
    if both.size < 2 * FEWEST or float(differences.std()) < 1e-12:
        return []
    plain = clustered_error(differences)
    if view.evidence.cluster is not None:
        codes = view.evidence.cluster[both]
        ratio = clustered_error(differences, codes) / plain
        groups = count(int(np.unique(codes).size), "cluster")
        return [finding("met", f"items come in {groups}, which the intervals account for (a factor of {ratio:.2f})")]
    found = []
    for what, codes in _groupings(view, both):
        ratio = clustered_error(differences, codes) / plain
        if ratio >= NARROW and _far_from_chance(differences, codes, ratio * plain):
            sizes = np.bincount(codes)
            members = np.flatnonzero(codes == int(sizes.argmax()))
            found.append(
                finding(
                    "not met" if what == PASSAGES else "unknown",
                    f"items of the same {what} go together ({count(sizes.size, 'group')}): the interval between "
                    f"{view.names[a]} and {view.names[b]} is {ratio:.2f} times too narrow"
                    f"{'' if what == PASSAGES else f' if the traffic to come brings other values of {what}'}",
                    value=ratio,
                    limit=NARROW,
                    evidence=view.ids(both[members]),
                    would_change=f"the {what} as the cluster of each item (a column `cluster`)",
                )
            )
    return found


def _groupings(view: View, both: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64]]]:
    """Metadata columns and shared passages that could be clusters: enough groups, and not all of one item."""
    texts: list[tuple[str, tuple[str, ...]]] = list(view.evidence.meta.items())
    questions = view.evidence.questions
    if questions is not None and any(len(text) > 1.5 * PASSAGE for text in questions):
        shared = Counter(text[:PASSAGE] for text in questions if len(text) > 1.5 * PASSAGE)
        heads = tuple(
            text[:PASSAGE] if 1 < shared[text[:PASSAGE]] <= INSTRUCTION else f"{i}"
            for i, text in enumerate(questions)
        )
        texts.append((PASSAGES, heads))
    found = []
    for what, values in texts:
        names: dict[str, int] = {}
        codes = np.array([names.setdefault(values[int(i)], len(names)) for i in both], dtype=np.int64)
        if FEWEST <= len(names) <= 0.8 * both.size:
            found.append((what, codes))
    return found


def _far_from_chance(differences: Floats, codes: NDArray[np.int64], error: float) -> bool:
    """Whether a clustered error this large lies beyond what it is when groups have nothing to do with differences.

    Permutations give the mean and the spread of the squared error; beyond is above all of them and `FAR` spreads off,
    which is cheaper than the many permutations that a small p value needs.
    """
    centred = differences - differences.mean()
    target = (error * differences.size) ** 2
    rng = np.random.default_rng(0)
    sums = np.array([np.sum(np.bincount(codes, weights=rng.permutation(centred)) ** 2) for _ in range(DRAWS)])
    return bool(target > sums.max() and target - sums.mean() > FAR * sums.std())
