"""What the rows of a stored score table must satisfy; the first row that does not is named by file and line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence.score import STATUS_CODES
from weighbridge.evidence.score_columns import NUMBERS
from weighbridge.evidence.score_faults import inspect, place, shown
from weighbridge.evidence.score_rows import number, status_code
from weighbridge.evidence.score_source import ScoreSource, quoted

if TYPE_CHECKING:
    import duckdb

_CHOSEN = "raw join chosen using (model)"


def check_keys(con: duckdb.DuckDBPyConnection, source: ScoreSource) -> None:
    """Every row says whose score it is, and for which item."""
    row = con.execute(
        "select rid, item_id is null from raw where item_id is null or model is null order by rid limit 1"
    ).fetchone()
    if row is not None:
        blank = "item_id" if row[1] else "model"
        found = inspect(source) if source.format == "jsonl" else None
        if found is not None:
            raise found
        raise UsageError(f"this row has no {blank}", where=place(source, row[0]), fix="fill it in or delete the row")


def check_values(con: duckdb.DuckDBPyConnection, source: ScoreSource, roles: Mapping[str, str]) -> None:
    """Scores lie in [0, 1], measures are numbers of at least 0, no cell comes twice, items keep their cluster."""
    if "status" in roles:
        _check_status(con, source)
    _check_score(con, source, roles["score"])
    for role in NUMBERS:
        if role in roles:
            _check_measure(con, source, role, roles[role])
    if "repeat" in roles:
        check_duplicates(con, source, repeated=True)
    if "cluster" in roles:
        _check_clusters(con, source)


def _check_score(con: duckdb.DuckDBPyConnection, source: ScoreSource, column: str) -> None:
    value = number("score")
    row = con.execute(
        f"select rid, score, {value} from {_CHOSEN} where score is not null and "  # noqa: S608 - made of constants
        f"({value} is null or not ({value} between 0 and 1)) order by rid limit 1"
    ).fetchone()
    if row is None:
        return
    where = place(source, row[0])
    if row[2] is None:
        raise UsageError(
            f"{shown(row[1])} in column {column!r} is not a number",
            where=where,
            fix="write a score from 0 to 1, or leave it empty",
        )
    raise UsageError(
        f"the score {row[1]} lies outside [0, 1]",
        where=where,
        fix="divide by the highest score there can be (percent by 100), the same for every model",
    )


def _check_measure(con: duckdb.DuckDBPyConnection, source: ScoreSource, role: str, column: str) -> None:
    value, name = number(role), quoted(role)
    row = con.execute(
        f"select rid, {name}, {value} from {_CHOSEN} where {name} is not null and "  # noqa: S608 - made of constants
        f"({value} is null or {value} < 0 or not isfinite({value})) order by rid limit 1"
    ).fetchone()
    if row is not None:
        kind = "not a number" if row[2] is None else "not a possible value"
        raise UsageError(
            f"{shown(row[1])} in column {column!r} is {kind}",
            where=place(source, row[0]),
            fix="write a number of at least 0, or leave it empty where it is unknown",
        )


def _check_status(con: duckdb.DuckDBPyConnection, source: ScoreSource) -> None:
    row = con.execute(
        f"select rid, status from {_CHOSEN} where status is not null and {status_code()} is null order by rid limit 1"  # noqa: S608 - made of constants
    ).fetchone()
    if row is not None:
        known = [status.value for status in STATUS_CODES]
        raise UsageError(
            f"there is no status {shown(row[1])}",
            where=place(source, row[0]),
            fix=f"{nearest(str(row[1]), known)} (a status is one of {', '.join(known)})",
        )


def check_duplicates(con: duckdb.DuckDBPyConnection, source: ScoreSource, repeated: bool) -> None:
    """No item, model (and repeat) comes twice. Slow without repeats; called once two scores were found for a cell."""
    key = "item_id, model, repeat" if repeated else "item_id, model"
    twice = con.execute(
        f"select min(rid), list_sort(list(rid))[2], arg_min(item_id, rid), arg_min(model, rid) from {_CHOSEN} "  # noqa: S608 - made of constants
        f"group by {key} having count(*) > 1 order by 2 limit 1"
    ).fetchone()
    if twice is not None:
        fix = (
            "delete one of them"
            if repeated
            else "delete one, or add a column 'repeat' where a model answered more than once"
        )
        raise UsageError(
            f"item {shown(twice[2])} and model {shown(twice[3])} come twice; first at {place(source, twice[0])}",
            where=place(source, twice[1]),
            fix=fix,
        )


def _check_clusters(con: duckdb.DuckDBPyConnection, source: ScoreSource) -> None:
    row = con.execute(
        f"""select max(rid), item_id, min(cluster), max(cluster) from {_CHOSEN} where cluster is not null
        group by item_id having min(cluster) <> max(cluster) order by 1 limit 1"""  # noqa: S608 - made of constants
    ).fetchone()
    if row is not None:
        raise UsageError(
            f"item {shown(row[1])} is in two clusters, {shown(row[2])} and {shown(row[3])}",
            where=place(source, row[0]),
            fix="an item belongs to one cluster, the same for every model",
        )
