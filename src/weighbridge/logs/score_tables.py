"""A score table beside logs: each of its models is taken as a log of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from weighbridge.evidence import NOT_ASKED, STATUS_CODES, Evidence
from weighbridge.evidence.scores_file import load_scores
from weighbridge.logs.log import Log, Row, Settings

ENDINGS = ("csv", "tsv", "jsonl", "ndjson", "json", "parquet", "pq")
"""Names of files that may be score tables, after an ending .gz."""


def may_be_table(path: Path) -> bool:
    """Whether the name is one that `load_scores` takes."""
    return path.is_file() and path.name.lower().removesuffix(".gz").rpartition(".")[2] in ENDINGS


def table_logs(path: Path) -> list[Log]:
    """One log per model of the table at `path`, with the items it has a score for.

    Repeats are averaged already. UsageError as of `load_scores`.
    """
    filled = load_scores(path, missing="failed").evidence
    table = filled.whole or filled
    return [
        Log(
            path,
            "table",
            column.name,
            partial(_rows, table, index, path.name),
            Settings(model=column.name),
            side=column.side,
        )
        for index, column in enumerate(table.columns)
    ]


def _rows(table: Evidence, column: int, file: str) -> Iterator[Row]:
    texts = table.answers[column] if table.answers else None
    read = table.extracted[column] if table.extracted else None
    for item, name in enumerate(table.items):
        status = int(table.status[column, item])
        if status == NOT_ASKED:
            continue
        yield Row(
            item_id=name,
            score=float(table.score[column, item]),
            status=STATUS_CODES[status],
            question=table.questions[item] or None if table.questions else None,
            reference=table.references[item] or None if table.references else None,
            answer=texts[item] if texts else None,
            extracted=read[item] if read else None,
            cost=_known(table.cost[column, item]),
            latency=_known(table.latency[column, item]),
            tokens_in=_whole(table.tokens_in[column, item]),
            tokens_out=_whole(table.tokens_out[column, item]),
            # Numbers mean something within their file alone.
            cluster=None if table.cluster is None else f"{file}:{table.cluster[item]}",
            meta={key: values[item] for key, values in table.meta.items() if values[item]},
        )


def _known(value: float) -> float | None:
    return float(value) if value == value else None


def _whole(value: float) -> int | None:
    return round(value) if value == value else None
