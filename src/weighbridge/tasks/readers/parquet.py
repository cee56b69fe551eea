"""parquet, read by duckdb in constant memory with its types kept."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError
from weighbridge.tasks.readers.plain import class_names, plain
from weighbridge.tasks.source import Row, Table

if TYPE_CHECKING:
    import duckdb

BATCH = 1000


def read_parquet(path: Path) -> Table:
    """Rows of one parquet file; whole-number class labels of a Hugging Face dataset become their names."""
    import duckdb

    # Nothing may be fetched or installed on the side, and names may hold the characters of a pattern.
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "threads": "1"})
    name = glob.escape(str(path))
    try:
        found = connection.execute("SELECT * FROM read_parquet(?)", [name])
        columns = tuple(str(column[0]) for column in found.description or ())
        kept = connection.cursor().execute(
            "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'huggingface'", [name]
        )
        noted = kept.fetchone()
    except duckdb.Error as error:
        raise UsageError(
            f"the parquet file cannot be read: {str(error).splitlines()[0]}", where=str(path), fix="save it again"
        ) from None
    labels = _labels(noted[0]) if noted else {}
    notes = tuple(f"{column}: class numbers are shown as their names" for column in labels)
    return Table(columns, _rows(path, found, columns, labels), "row", notes)


def _labels(text: str) -> dict[str, list[str]]:
    try:
        return class_names(json.loads(text)["info"]["features"])
    except (ValueError, KeyError, TypeError):
        return {}


def _rows(
    path: Path, found: duckdb.DuckDBPyConnection, columns: tuple[str, ...], labels: dict[str, list[str]]
) -> Iterator[Row]:
    import duckdb

    number = 0
    while True:
        try:
            batch = found.fetchmany(BATCH)
        except duckdb.Error as error:
            raise UsageError(
                f"the parquet file is damaged: {str(error).splitlines()[0]}",
                where=f"{path}, after row {number}",
                fix="save it again",
            ) from None
        if not batch:
            return
        for cells in batch:
            number += 1
            yield Row(str(path), number, plain(dict(zip(columns, cells, strict=True)), labels))
