"""One row per item and model as a file: the table that every other program reads, and `weighbridge compare` too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Evidence
from weighbridge.evidence.frames import evidence_columns
from weighbridge.logs.whole_file import through_part

FORMATS = {
    ".csv": "format csv, header",
    ".tsv": "format csv, header, delimiter '\t'",
    ".jsonl": "format json",
    ".parquet": "format parquet, compression zstd",
    ".csv.gz": "format csv, header, compression gzip",
    ".jsonl.gz": "format json, compression gzip",
}
"""By the end of the file's name: DuckDB's options of ``copy ... to``."""


def write_rows(evidence: Evidence, path: Path) -> None:
    """Writes one row per item and model that was asked, in draw order, with the columns of `evidence_columns`.

    The ending of `path` says the format (`FORMATS`); UsageError where it is none of them. What is not known (a cost,
    a latency, an answer) is empty. `score` is the mean over repeats where there were any.
    """
    import duckdb

    ending = next((one for one in sorted(FORMATS, key=len, reverse=True) if path.name.lower().endswith(one)), None)
    if ending is None:
        raise UsageError(
            f"rows cannot be written as {path.suffix or 'a file without an ending'}",
            where=str(path),
            fix=f"{nearest(path.suffix, FORMATS)} (one of {', '.join(FORMATS)})",
        )
    with duckdb.connect() as con:
        con.register("rows", _arrays(evidence_columns(evidence)))
        through_part(path, lambda part: con.execute(f"copy rows to ? ({FORMATS[ending]})", [str(part)]))


def _arrays(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as arrays: NaN becomes an empty cell on DuckDB's side, and so does None."""
    import numpy as np

    arrays = {}
    for name, values in columns.items():
        if isinstance(values, np.ndarray):
            arrays[utf8(name)] = values
            continue
        texts = np.empty(len(values), dtype=object)
        texts[:] = [None if value is None else utf8(value) for value in values]
        arrays[utf8(name)] = texts
    return arrays


def utf8(text: str) -> str:
    """`text` with half surrogate pairs replaced: JSON can spell them, but no file format here has a form for them."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
