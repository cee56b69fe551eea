"""Reads the rows of a stored score table into DuckDB as text, and says in SQL what a text means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError
from weighbridge.evidence.score import STATUS_CODES
from weighbridge.evidence.score_columns import TEXTS
from weighbridge.evidence.score_faults import count_records, diagnose, inspect
from weighbridge.evidence.score_lines import count_lines
from weighbridge.evidence.score_source import ScoreSource, literal, quoted

if TYPE_CHECKING:
    import duckdb

BLANK = "('', 'nan', 'null', 'none', 'na', 'n/a', '<na>')"
"""Texts that stand for no value."""


def ingest(con: duckdb.DuckDBPyConnection, source: ScoreSource, roles: Mapping[str, str]) -> None:
    """Reads the columns in question into the temporary table `raw`, all as text, numbered in file order (`rid`)."""
    import duckdb

    picks = []
    for role, name in roles.items():
        text = f"cast({source.sql(name)} as varchar)"
        if role in TEXTS:
            picks.append(f"{text} as {quoted(role)}")
        elif role in ("item_id", "model"):
            # An item may well be called "none".
            picks.append(f"nullif(trim({text}), '') as {quoted(role)}")
        else:
            picks.append(
                f"case when lower(trim({text})) in {BLANK} then null else trim({text}) end as {quoted(role)}"
            )
    texts = ("csv", "jsonl")
    lines = count_lines(source) if source.path is not None and source.format in texts else None
    if lines is not None and lines.endless:
        raise diagnose(source, ValueError("a line without end"))
    columns = ", ".join(picks)
    if source.lenient is None or lines is None:
        try:
            _read(con, source.relation, columns)
        except duckdb.Error as error:
            raise diagnose(source, error) from None
    else:
        _read_all(con, source, columns, lines.records, source.lenient)


def _read(con: duckdb.DuckDBPyConnection, relation: str, columns: str) -> int:
    """Makes the table `raw`; returns how many rows it has."""
    con.execute(
        f"create or replace temp table raw as select row_number() over () as rid, {columns} from {relation}"  # noqa: S608 - names are quoted
    )
    found = con.execute("select count(*) from raw").fetchone()
    return 0 if found is None else int(found[0])


def _read_all(con: duckdb.DuckDBPyConnection, source: ScoreSource, columns: str, lines: int, lenient: str) -> None:
    """Reads a csv and makes sure that no row got lost.

    Where line ends are mixed, DuckDB 2.0 in strict mode drops rows without a word, or fails; what is more lenient
    takes rows of the wrong length. So the lenient way is taken only after every record was looked at.
    """
    import duckdb

    try:
        rows = _read(con, source.relation, columns)
    except duckdb.Error as error:
        fault = inspect(source)
        if fault is not None:
            raise fault from error
        rows = -1
    if rows + 1 == lines:
        return
    fault = inspect(source)
    if fault is not None:
        raise fault
    records = count_records(source)
    if rows + 1 != records:
        try:
            rows = _read(con, lenient, columns)
        except duckdb.Error as error:
            raise diagnose(source, error) from None
    if rows + 1 != records:
        raise UsageError(
            f"{rows:,} rows can be read of {records - 1:,}",
            where=source.name,
            fix="save it with one kind of line end, or as jsonl or parquet",
        )


def number(role: str) -> str:
    """SQL for a column as a number; true and false count 1 and 0."""
    name = quoted(role)
    return f"case lower({name}) when 'true' then 1.0 when 'false' then 0.0 else try_cast({name} as double) end"


def status_code() -> str:
    """SQL for the position of a status in `STATUS_CODES`; NULL where there is none."""
    cases = " ".join(f"when {literal(status.value)} then {code}" for code, status in enumerate(STATUS_CODES))
    return f"case lower(status) {cases} end"
