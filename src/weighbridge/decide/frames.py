"""The tables a decision can be turned into, as columns."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from weighbridge.decide.decision import CandidateResult, Decision, FrameName, PairResult
from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Finding
from weighbridge.evidence.frames import evidence_columns


def columns_of(decision: Decision, table: FrameName = "evidence") -> dict[str, Any]:
    """Columns by name.

    ``evidence``: one row per item and candidate that was asked, in draw order. ``candidates``, ``pairs`` and
    ``findings``: one row each, with intervals as two columns (`_low`, `_high`) and one column per status. ``trace``:
    one row per look and candidate. UsageError: another name, or the evidence of a decision read from JSON.
    """
    if table == "evidence":
        if decision.evidence is None:
            raise UsageError(
                "this decision was read from JSON, which leaves the evidence out",
                where="Decision.evidence",
                fix='ask for another table, for example to_polars("candidates")',
            )
        return evidence_columns(decision.evidence)
    if table == "candidates":
        return _flat(decision.candidates, CandidateResult)
    if table == "pairs":
        return _flat(decision.pairs, PairResult)
    if table == "findings":
        return _flat(decision.findings, Finding)
    if table == "trace":
        return _trace(decision)
    raise UsageError(f"a decision has no table {table!r}", where="table", fix=nearest(table, get_args(FrameName)))


def _flat(rows: list[Any], kind: type[msgspec.Struct]) -> dict[str, list[Any]]:
    """One column per field; intervals and statuses are spread over several."""
    columns: dict[str, list[Any]] = {}
    for field in kind.__struct_fields__:
        values = [getattr(row, field) for row in rows]
        if field.endswith("interval"):
            for place, ending in enumerate(("low", "high")):
                columns[f"{field}_{ending}"] = [None if value is None else value[place] for value in values]
        elif field == "statuses":
            names = dict.fromkeys(name for value in values for name in value)
            for name in names:
                columns[f"status_{name}"] = [value.get(name, 0) for value in values]
        elif field in ("evidence", "versions"):
            columns[field] = ["; ".join(value) for value in values]
        else:
            columns[field] = values
    return columns


def _trace(decision: Decision) -> dict[str, list[Any]]:
    names = [candidate.name for candidate in decision.candidates]
    rows = [(point, k) for point in decision.trace for k in range(len(names))]
    return {
        "items": [point.items for point, _ in rows],
        "calls": [point.calls for point, _ in rows],
        "candidate": [names[k] for _, k in rows],
        "score": [point.score[k] for point, k in rows],
        "low": [point.low[k] for point, k in rows],
        "high": [point.high[k] for point, k in rows],
        "alive": [point.alive[k] for point, k in rows],
        "leader": [point.leader == k for point, k in rows],
    }
