"""What the item browser needs, as JSON that can stand inside a page.

A report must open at once and fit a mail: long answers are cut, and of very many items those worth reading come
first. Both are said on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from weighbridge.evidence import NOT_ASKED, Evidence
from weighbridge.report.clean import clean_line, clean_text
from weighbridge.report.html.series import Series

TEXT_LIMITS = (20_000, 8_000, 4_000, 2_000, 1_000, 500, 300)
"""Characters kept of one text; the first that keeps the whole under `TEXT_BUDGET` is taken."""

TEXT_BUDGET = 12_000_000
"""Characters of all texts together: the page stays small enough to mail."""
ITEMS = 20_000
CELLS = 400_000


def _lengths(texts: Sequence[str | None], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.fromiter((len(texts[n] or "") for n in rows), dtype=np.int64, count=len(rows))


def text_limit(evidence: Evidence, rows: NDArray[np.int64]) -> int:
    """Characters to keep of each text so that all of them fit the budget."""
    parts = list(evidence.answers or ()) + list(evidence.extracted or ())
    parts += [texts for texts in (evidence.questions, evidence.references) if texts is not None]
    if not parts or not len(rows):
        return TEXT_LIMITS[0]
    lengths = [_lengths(texts, rows) for texts in parts]
    for limit in TEXT_LIMITS:
        if sum(int(np.minimum(each, limit).sum()) for each in lengths) <= TEXT_BUDGET:
            return limit
    return TEXT_LIMITS[-1]


def worth(evidence: Evidence) -> NDArray[np.int64]:
    """Shape (N,): 3 an answer failed, 2 candidates disagree, 1 asked, 0 asked of nobody."""
    asked = evidence.asked
    failed = np.any(asked & (evidence.status != 0), axis=0)
    high = np.where(asked, evidence.score, -np.inf).max(axis=0)
    low = np.where(asked, evidence.score, np.inf).min(axis=0)
    apart = np.any(asked, axis=0) & (high - low > 1e-9)
    return np.where(failed, 3, np.where(apart, 2, np.where(asked.any(axis=0), 1, 0)))


def chosen_items(evidence: Evidence) -> NDArray[np.int64]:
    """Items to show, in data order: all that were asked, or of very many those with failures and disagreements."""
    value = worth(evidence)
    rows = np.flatnonzero(value > 0)
    limit = min(ITEMS, CELLS // max(1, len(evidence.columns)))
    if evidence.answers is not None and evidence.questions is not None:
        limit = min(limit, TEXT_BUDGET // ((len(evidence.columns) + 1) * TEXT_LIMITS[-1]))
    if len(rows) > limit:
        rows = np.sort(rows[np.argsort(-value[rows], kind="stable")][:limit])
    return rows


def _figures(values: NDArray[np.float64], digits: int) -> list[float | None]:
    """Numbers with `digits` significant digits, whole ones without a point."""
    found: list[float | None] = []
    for value in values.tolist():
        if value != value:
            found.append(None)
        else:
            short = float(f"{value:.{digits}g}")
            found.append(int(short) if short == int(short) else short)
    return found


def item_data(series: Sequence[Series], evidence: Evidence, currency: str) -> dict[str, Any]:
    """Everything the browser shows, by column: K rows (in reading order) of M items."""
    rows = chosen_items(evidence)
    limit = text_limit(evidence, rows)
    drawn = np.zeros(len(evidence.items), dtype=np.int64)
    drawn[evidence.order] = np.arange(1, len(evidence.order) + 1)
    people = [(one, one.column) for one in series if one.column is not None]
    cut: dict[str, int] = {}

    def kept(texts: Sequence[str | None] | None, key: str) -> list[str | None] | None:
        if texts is None:
            return None
        found: list[str | None] = []
        for place, n in enumerate(rows.tolist()):
            words = texts[n]
            if words is not None and len(words) > limit:
                cut[f"{key}:{place}"] = len(words)
            found.append(None if words is None else clean_text(words, limit))
        return found

    def statuses(k: int) -> str:
        return "".join("." if code == NOT_ASKED else str(code) for code in evidence.status[k, rows].tolist())

    answers, extracted = evidence.answers, evidence.extracted
    return {
        "candidates": [
            {
                "name": clean_line(one.name),
                "side": one.result.side,
                "colour": one.colour,
                "repeats": int(evidence.repeats[k]),
            }
            for one, k in people
        ],
        "currency": currency,
        "limit": limit,
        "left_out": int(np.count_nonzero(evidence.asked.any(axis=0))) - len(rows),
        "unasked": int(np.count_nonzero(~evidence.asked.any(axis=0))),
        "ids": [clean_line(evidence.items[n]) for n in rows.tolist()],
        "drawn": drawn[rows].tolist(),
        "questions": kept(evidence.questions, "q"),
        "references": kept(evidence.references, "r"),
        "meta": {
            clean_line(name, 60): [clean_line(values[n], 200) for n in rows.tolist()]
            for name, values in evidence.meta.items()
        },
        "status": [statuses(k) for _, k in people],
        "score": [_figures(evidence.score[k, rows], 4) for _, k in people],
        "cost": [_figures(evidence.cost[k, rows], 3) for _, k in people],
        "latency": [_figures(evidence.latency[k, rows], 3) for _, k in people],
        "answers": [kept(answers[k], str(p)) for p, (_, k) in enumerate(people)] if answers is not None else None,
        "extracted": [kept(extracted[k], f"x{p}") for p, (_, k) in enumerate(people)]
        if extracted is not None
        else None,
        "cut": cut,
    }


def embedded(data: dict[str, Any]) -> str:
    """JSON that cannot end the script element it stands in: no ``<`` and no line separators are left."""
    text = msgspec.json.encode(data).decode()
    return (
        text.replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )
