"""Opens a data frame, a list of rows or a dict of columns as a score table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence.score_source import ScoreSource, literal, open_scores

if TYPE_CHECKING:
    import duckdb

NAME = "the data frame"


@contextmanager
def open_frame(con: duckdb.DuckDBPyConnection, frame: object) -> Iterator[ScoreSource]:
    """The table in a pandas or polars frame, an arrow table, a list of dicts or a dict of columns.

    UsageError: anything else, with what would be read.
    """
    kind = type(frame).__module__.partition(".")[0]
    if kind in ("pandas", "pyarrow"):
        con.register("frame", frame)
        header = tuple(str(row[0]) for row in con.execute("describe select * from frame").fetchall())
        yield ScoreSource(NAME, None, "frame", header, "frame")
        return
    with tempfile.TemporaryDirectory(prefix="weighbridge-") as folder:
        if kind == "polars":
            path = Path(folder) / "scores.parquet"
            # Through a file, because DuckDB reads a polars frame only where pyarrow is installed too.
            polars_frame: Any = frame
            collected = polars_frame.collect() if hasattr(polars_frame, "collect") else polars_frame
            collected.write_parquet(path)
            sql = f"read_parquet({literal(str(path))})"
            yield ScoreSource(NAME, None, "frame", tuple(collected.columns), sql)
            return
        rows = _rows(frame)
        path = Path(folder) / "scores.jsonl"
        path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        with open_scores(con, path, shown=NAME) as source:
            yield replace(source, path=None, format="frame")


def _rows(table: object) -> list[dict[str, Any]]:
    if isinstance(table, Mapping) and table and all(hasattr(column, "__len__") for column in table.values()):
        names = [str(name) for name in table]
        columns = [list(column) for column in table.values()]
        if len({len(column) for column in columns}) == 1:
            return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        raise UsageError("the columns differ in length", where=NAME, fix="give each column one value per row")
    if isinstance(table, Sequence) and table and all(isinstance(row, Mapping) for row in table):
        return [{str(name): value for name, value in row.items()} for row in table]
    raise UsageError(
        f"a {type(table).__name__} is not a score table",
        where=NAME,
        fix="give a path, a polars or pandas frame, an arrow table, a list of dicts or a dict of columns",
    )
