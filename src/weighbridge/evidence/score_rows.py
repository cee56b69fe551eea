"""Reads the rows of a stored score table into DuckDB as text, and says in SQL what a text means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from weighbridge.evidence.score import STATUS_CODES
from weighbridge.evidence.score_columns import TEXTS
from weighbridge.evidence.score_faults import diagnose
from weighbridge.evidence.score_source import ScoreSource, literal, quoted

if TYPE_CHECKING:
    import duckdb

BLANK = "('', 'nan', 'null', 'none', 'na', 'n/a', '<na>')"
"""Texts that stand for no value."""


def ingest(con: duckdb.DuckDBPyConnection, source: ScoreSource, roles: Mapping[str, str]) -> None:
    """Reads the columns in question into the temporary table `raw`, all as text, numbered in file order (`rid`)."""
    import duckdb

    if source.endless():
        raise diagnose(source, ValueError("a line without end"))
    picks = []
    for role, name in roles.items():
        text = f"cast({quoted(name)} as varchar)"
        if role in TEXTS:
            picks.append(f"{text} as {quoted(role)}")
        else:
            picks.append(
                f"case when lower(trim({text})) in {BLANK} then null else trim({text}) end as {quoted(role)}"
            )
    try:
        con.execute(
            f"create temp table raw as select row_number() over () as rid, {', '.join(picks)} from {source.relation}"  # noqa: S608 - names are quoted
        )
    except duckdb.Error as error:
        raise diagnose(source, error) from None


def number(role: str) -> str:
    """SQL for a column as a number; true and false count 1 and 0."""
    name = quoted(role)
    return f"case lower({name}) when 'true' then 1.0 when 'false' then 0.0 else try_cast({name} as double) end"


def status_code() -> str:
    """SQL for the position of a status in `STATUS_CODES`; NULL where there is none."""
    cases = " ".join(f"when {literal(status.value)} then {code}" for code, status in enumerate(STATUS_CODES))
    return f"case lower(status) {cases} end"
