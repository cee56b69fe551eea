"""Evidence as a polars or pandas frame or an arrow table, where the user has the library."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from weighbridge.errors import UsageError
from weighbridge.evidence.score import STATUS_CODES

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from weighbridge.evidence.table import Evidence


def evidence_columns(evidence: Evidence) -> dict[str, Any]:
    """One row per item and candidate that was asked, in draw order; columns as arrays and lists of equal length.

    `draw` counts items from 0 in the order drawn. Unknown costs, latencies and tokens are NaN. Answers, questions,
    references, clusters and metadata are there where the evidence has them.
    """
    positions = np.empty(len(evidence.items), dtype=np.int64)
    positions[evidence.order] = np.arange(len(evidence.items))
    candidate, item = np.nonzero(evidence.asked)
    order = np.lexsort((candidate, positions[item]))
    candidate, item = candidate[order], item[order]
    at = (candidate, item)
    places = item.tolist()
    rows = candidate.tolist()
    names = [column.name for column in evidence.columns]
    sides = [column.side for column in evidence.columns]
    statuses = [status.value for status in STATUS_CODES]
    columns: dict[str, Any] = {
        "item_id": [evidence.items[i] for i in places],
        "model": [names[k] for k in rows],
        "side": [sides[k] for k in rows],
        "draw": positions[item],
        "score": evidence.score[at],
        "status": [statuses[code] for code in evidence.status[at].tolist()],
        "cost": evidence.cost[at],
        "latency": evidence.latency[at],
        "first_token": evidence.first_token[at],
        "tokens_in": evidence.tokens_in[at],
        "tokens_out": evidence.tokens_out[at],
    }
    if evidence.cluster is not None:
        columns["cluster"] = evidence.cluster[item]
    for name, table in (("answer", evidence.answers), ("extracted", evidence.extracted)):
        if table is not None:
            columns[name] = [table[k][i] for k, i in zip(rows, places, strict=True)]
    for name, texts in (("question", evidence.questions), ("reference", evidence.references)):
        if texts is not None:
            columns[name] = [texts[i] for i in places]
    for name, texts in evidence.meta.items():
        columns[name if name not in columns else f"meta_{name}"] = [texts[i] for i in places]
    return columns


def _library(name: str) -> Any:  # noqa: ANN401 - a module, whose attributes are its own affair
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(
            f"{name} is not installed",
            where=f"to_{name}",
            fix=f"pip install {name}, or pip install 'weighbridge[frames]'",
        ) from None


def polars_frame(columns: Mapping[str, Any]) -> polars.DataFrame:
    """Columns as a polars frame. UsageError where polars is not installed."""
    frame: polars.DataFrame = _library("polars").DataFrame(dict(columns), strict=False)
    return frame


def pandas_frame(columns: Mapping[str, Any]) -> pandas.DataFrame:
    """Columns as a pandas frame. UsageError where pandas is not installed."""
    frame: pandas.DataFrame = _library("pandas").DataFrame(dict(columns))
    return frame


def arrow_table(columns: Mapping[str, Any]) -> pyarrow.Table:
    """Columns as an arrow table. UsageError where pyarrow is not installed."""
    table: pyarrow.Table = _library("pyarrow").table(dict(columns))
    return table
