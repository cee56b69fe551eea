"""Makes one score table of several logs: columns are models, items are matched, what is missing is counted."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from weighbridge.errors import UsageError
from weighbridge.evidence import NOT_ASKED, STATUS_CODES, Column, Evidence, Side
from weighbridge.evidence.score_gaps import fill_gaps, keep_shared
from weighbridge.evidence.table import Floats
from weighbridge.logs.log import Log, Row
from weighbridge.logs.table_items import Items

Missing = Literal["shared", "failed"]

MOST_TEXT = 256_000_000
"""Bytes of answers kept for reading; no verdict needs them."""

MOST_META = 24
"""Metadata columns kept."""

_CODE = {status: code for code, status in enumerate(STATUS_CODES)}
_MEASURES = ("cost", "latency", "tokens_in", "tokens_out")
_NAN = float("nan")


@dataclass(slots=True)
class _Cells:
    """The rows of one column, as read: item index, score, status and measures in step."""

    name: str
    side: Side
    index: array[int] = field(default_factory=lambda: array("q"))
    score: array[float] = field(default_factory=lambda: array("d"))
    status: array[int] = field(default_factory=lambda: array("B"))
    measures: dict[str, array[float]] = field(default_factory=lambda: {name: array("d") for name in _MEASURES})
    answers: dict[int, str] = field(default_factory=dict)
    extracted: dict[int, str] = field(default_factory=dict)
    seen: set[tuple[int, int]] = field(default_factory=set)
    unread: int = 0
    again: int = 0


@dataclass(slots=True)
class _About:
    """What rows say of their items; the first log that says it counts."""

    reference: dict[int, str] = field(default_factory=dict)
    cluster: dict[int, str] = field(default_factory=dict)
    meta: dict[str, dict[int, str]] = field(default_factory=dict)
    text: int = 0
    """Bytes of answers held."""


def evidence_of(logs: Sequence[Log], *, missing: Missing = "shared") -> tuple[Evidence, tuple[str, ...]]:
    """One score table of several logs, and sentences to show above the verdict.

    One column per model; a model with several tasks is one column, its items named ``task/id``; a model that ran a
    task twice has two columns, told apart by file. Items are matched as `table_items.Items` says. Repeats are
    averaged within the item: `Evidence.score` is the mean, `within` the variance, the status the worst. A row with a
    status but no score counts 0; a row with neither is missing.

    missing
        ``shared``: only items that every model has a score for are kept. ``failed``: a missing score counts 0.

    Rows are streamed: memory grows with cells (some 60 bytes each) and with answers up to `MOST_TEXT`.
    UsageError: no rows, a score outside [0, 1], no item in common, or what a reader raises.
    """
    if not logs:
        raise UsageError("there is no log to compare", where="logs", fix="name one or more log files")
    items, about = Items(), _About()
    several = len({log.settings.task for log in logs}) > 1 and _some_model_has_two_tasks(logs)
    columns: list[_Cells] = []
    notes: list[str] = []
    said: dict[str, list[str]] = {}
    for name, runs in runs_of(logs):
        cells = _Cells(name, next((log.side for log in runs if log.side != "unknown"), "unknown"))
        items.open_log(name)
        for log in runs:
            prefix = f"{log.settings.task or log.path.stem}/" if several else ""
            _read(log, prefix, cells, items, about)
            for note in log.notes:
                said.setdefault(note, []).append(name)
        columns.append(cells)
        notes += _column_notes(cells)
        cells.seen.clear()
    if not items.ids:
        raise UsageError("the log holds no answers", where=str(logs[0].path), fix="did the run that wrote it finish?")
    told = [f"{_names(names, len(columns))}: {note}" for note, names in said.items()]
    notes = [*told, *notes, *items.notes()]
    evidence = _assembled(columns, items, about, notes)
    where = ", ".join(dict.fromkeys(str(log.path) for log in logs))
    whole, gaps = fill_gaps(evidence) if missing == "failed" else keep_shared(evidence, where)
    return whole, (*notes, *gaps)


def _names(names: Sequence[str], columns: int) -> str:
    """Who a note is about, in few words."""
    each = list(dict.fromkeys(names))
    if len(each) == columns > 1:
        return "every model"
    return ", ".join(each[:5]) + (f" and {len(each) - 5} more" if len(each) > 5 else "")


def _some_model_has_two_tasks(logs: Sequence[Log]) -> bool:
    tasks: dict[str, set[str | None]] = {}
    for log in logs:
        tasks.setdefault(log.model, set()).add(log.settings.task)
    return any(len(of_model) > 1 for of_model in tasks.values())


def runs_of(logs: Sequence[Log]) -> list[tuple[str, list[Log]]]:
    """Column name and logs of each column: one per model, or several where a model ran a task more than once."""
    columns: dict[tuple[str, int], list[Log]] = {}
    times: Counter[tuple[str, str | None]] = Counter()
    for log in logs:
        key = (log.model, log.settings.task)
        columns.setdefault((log.model, times[key]), []).append(log)
        times[key] += 1
    models = Counter(model for model, _ in columns)
    names: Counter[str] = Counter()
    named: list[tuple[str, list[Log]]] = []
    for (model, _), runs in columns.items():
        name = model
        if models[model] > 1:
            others = [log.path for key, group in columns.items() if key[0] == model for log in group[:1]]
            name = f"{model} ({_told_apart(runs[0].path, others)})"
        names[name] += 1
        named.append((name if names[name] == 1 else f"{name} #{names[name]}", runs))
    return named


def _told_apart(path: Path, others: Sequence[Path]) -> str:
    """The shortest end of `path` that no other path shares."""
    for length in range(1, len(path.parts) + 1):
        if sum(other.parts[-length:] == path.parts[-length:] for other in others) <= 1:
            return "/".join(path.parts[-length:])
    return path.name


def _read(log: Log, prefix: str, cells: _Cells, items: Items, about: _About) -> None:
    for row in log.rows():
        item = items.place(prefix + row.item_id if prefix else row.item_id, row.question)
        _describe(row, item, about)
        score = row.score
        if score is None or score != score:
            if not _CODE[row.status]:
                cells.unread += 1
                continue
            score = 0.0
        if not 0.0 <= score <= 1.0:
            raise UsageError(
                f"item {row.item_id!r} has the score {score}, outside [0, 1]",
                where=str(log.path),
                fix="score the answers again with a scorer that gives 0 to 1",
            )
        if (item, row.repeat) in cells.seen:
            cells.again += 1
        cells.seen.add((item, row.repeat))
        cells.index.append(item)
        cells.score.append(score)
        cells.status.append(_CODE[row.status])
        for name, values in cells.measures.items():
            value = getattr(row, name)
            values.append(_NAN if value is None else value)
        if row.answer is not None and (row.repeat == 0 or item not in cells.answers) and about.text < MOST_TEXT:
            about.text += len(row.answer)
            cells.answers[item] = row.answer
        if row.extracted is not None and (row.repeat == 0 or item not in cells.extracted) and about.text < MOST_TEXT:
            about.text += len(row.extracted)
            cells.extracted[item] = row.extracted


def _describe(row: Row, item: int, about: _About) -> None:
    if row.reference is not None:
        about.reference.setdefault(item, row.reference)
    if row.cluster is not None:
        about.cluster.setdefault(item, row.cluster)
    for key, value in row.meta.items():
        if key in about.meta or len(about.meta) < MOST_META:
            about.meta.setdefault(key, {}).setdefault(item, value)


def _column_notes(cells: _Cells) -> list[str]:
    notes: list[str] = []
    if cells.unread:
        notes.append(
            f"{cells.name}: {cells.unread:,} answers have no score that could be read; they count as missing."
        )
    if cells.again:
        notes.append(
            f"{cells.name}: {cells.again:,} answers came twice under one item and repeat; they were averaged."
        )
    return notes


def _assembled(columns: Sequence[_Cells], items: Items, about: _About, notes: list[str]) -> Evidence:
    n, k = len(items.ids), len(columns)
    score, within = np.full((k, n), np.nan), np.full((k, n), np.nan)
    status = np.full((k, n), NOT_ASKED, dtype=np.uint8)
    measured = {name: np.full((k, n), np.nan) for name in _MEASURES}
    repeats = np.ones(k, dtype=np.int64)
    for row, cells in enumerate(columns):
        index = np.frombuffer(cells.index, dtype=np.int64) if cells.index else np.empty(0, dtype=np.int64)
        values = np.frombuffer(cells.score, dtype=np.float64) if cells.score else np.empty(0)
        codes = np.frombuffer(cells.status, dtype=np.uint8) if cells.status else np.empty(0, dtype=np.uint8)
        score[row], counts = _mean(index, values, n)
        spread = np.bincount(index, (values - score[row][index]) ** 2, minlength=n)
        with np.errstate(divide="ignore", invalid="ignore"):
            within[row] = np.where(counts > 1, spread / (counts - 1), np.nan)
        worst = np.zeros(n, dtype=np.uint8)
        np.maximum.at(worst, index, codes)
        status[row] = np.where(counts > 0, worst, NOT_ASKED)
        repeats[row] = max(1, int(counts.max(initial=0)))
        for name, column in cells.measures.items():
            found = np.frombuffer(column, dtype=np.float64) if column else np.empty(0)
            known = np.isfinite(found)
            measured[name][row], _ = _mean(index[known], found[known], n)
    whole_text = about.text < MOST_TEXT
    if not whole_text:
        notes.append(f"The answers are more than {MOST_TEXT // 1_000_000} MB and are not shown.")
    costs = [bool(np.isfinite(measured["cost"][row]).any()) for row in range(k)]
    return Evidence(
        columns=tuple(
            Column(
                cells.name,
                cells.side,
                spec="stored",
                cost_known=costs[row],
                price_note="as the log has it" if costs[row] else None,
            )
            for row, cells in enumerate(columns)
        ),
        items=tuple(items.ids),
        order=np.arange(n, dtype=np.int64),
        score=score,
        status=status,
        cost=measured["cost"],
        latency=measured["latency"],
        first_token=np.full((k, n), np.nan),
        tokens_in=measured["tokens_in"],
        tokens_out=measured["tokens_out"],
        repeats=repeats,
        within=within,
        cluster=_clusters(about.cluster, n),
        answers=_texts([cells.answers for cells in columns], n) if whole_text else None,
        extracted=_texts([cells.extracted for cells in columns], n) if whole_text else None,
        questions=tuple(text or "" for text in items.questions) if any(items.questions) else None,
        references=_column(about.reference, n) if about.reference else None,
        meta={key: _column(values, n) for key, values in about.meta.items()},
    )


def _mean(index: np.ndarray, values: Floats, n: int) -> tuple[Floats, np.ndarray]:
    """Mean of the values of each item, shape (n,), NaN where there is none; and how many there are."""
    counts = np.bincount(index, minlength=n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts > 0, np.bincount(index, values, minlength=n) / counts, np.nan), counts


def _column(values: dict[int, str], n: int) -> tuple[str, ...]:
    return tuple(values.get(item, "") for item in range(n))


def _texts(columns: Sequence[dict[int, str]], n: int) -> tuple[tuple[str | None, ...], ...] | None:
    if not any(columns):
        return None
    return tuple(tuple(column.get(item) for item in range(n)) for column in columns)


def _clusters(labels: dict[int, str], n: int) -> np.ndarray | None:
    """Cluster number of each item, one without a label alone; None where no two items share one."""
    numbers: dict[str, int] = {}
    codes = [
        numbers.setdefault(f"item {item}" if item not in labels else f"cluster {labels[item]}", len(numbers))
        for item in range(n)
    ]
    return np.array(codes, dtype=np.int64) if len(numbers) < n else None
