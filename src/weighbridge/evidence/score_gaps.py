"""What becomes of cells without a score: their items are left out, or they count as failed; and it is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from weighbridge.errors import UsageError
from weighbridge.evidence.score import STATUS_CODES, Status
from weighbridge.evidence.table import Evidence


def keep_items(evidence: Evidence, kept: NDArray[np.bool_]) -> Evidence:
    """The evidence on some of its items, in their order; `kept` has shape (N,). Clusters are numbered anew."""
    where = np.flatnonzero(kept)
    new_index = np.cumsum(kept) - 1
    rows = where.tolist()

    def some(texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if texts is None else tuple(texts[i] for i in rows)

    def cells(table: tuple[tuple[str | None, ...], ...] | None) -> tuple[tuple[str | None, ...], ...] | None:
        return None if table is None else tuple(tuple(row[i] for i in rows) for row in table)

    cluster = evidence.cluster
    if cluster is not None:
        first: dict[int, int] = {}
        cluster = np.array([first.setdefault(int(c), len(first)) for c in cluster[where]], dtype=np.int64)
        cluster = cluster if len(first) < where.size else None
    return replace(
        evidence,
        items=tuple(evidence.items[i] for i in rows),
        order=new_index[evidence.order[kept[evidence.order]]],
        score=evidence.score[:, where],
        status=evidence.status[:, where],
        cost=evidence.cost[:, where],
        latency=evidence.latency[:, where],
        first_token=evidence.first_token[:, where],
        tokens_in=evidence.tokens_in[:, where],
        tokens_out=evidence.tokens_out[:, where],
        within=evidence.within[:, where],
        cluster=cluster,
        answers=cells(evidence.answers),
        extracted=cells(evidence.extracted),
        questions=some(evidence.questions),
        references=some(evidence.references),
        meta={name: some(values) or () for name, values in evidence.meta.items()},
    )


def keep_shared(evidence: Evidence, where: str) -> tuple[Evidence, list[str]]:
    """Only the items every candidate has a score for, and what that left out."""
    asked = evidence.asked
    kept = np.logical_and.reduce(asked, axis=0)
    if kept.all():
        return evidence, []
    total = len(evidence.items)
    lacking = ", ".join(
        f"{column.name} lacks {int(gap):,}"
        for column, gap in zip(evidence.columns, (~asked).sum(axis=1), strict=True)
        if gap
    )
    if not kept.any():
        raise UsageError(
            f"no item has a score for every model ({lacking} of {total:,} items)",
            where=where,
            fix="name fewer models, or count a missing score as failed (missing=failed)",
        )
    note = (
        f"Only items that every model has a score for are weighed: {int(kept.sum()):,} of {total:,}; "
        f"{int((~kept).sum()):,} left out ({lacking})."
    )
    return replace(keep_items(evidence, kept), whole=evidence), [note]


def fill_gaps(evidence: Evidence) -> tuple[Evidence, list[str]]:
    """Every missing score counts 0 with status ``failed``; and how many there were of each candidate."""
    asked = evidence.asked
    if asked.all():
        return evidence, []
    status = np.where(asked, evidence.status, STATUS_CODES.index(Status.FAILED)).astype(np.uint8)
    score = np.where(asked, evidence.score, 0.0)
    missing = ", ".join(
        f"{column.name} {int(gap):,}"
        for column, gap in zip(evidence.columns, (~asked).sum(axis=1), strict=True)
        if gap
    )
    note = f"A missing score counts 0 (failed): {missing} of {len(evidence.items):,} items."
    return replace(evidence, status=status, score=score, whole=evidence), [note]
