"""Finds what is wrong with a stored score table, and in which line: the slow road, taken only once something is."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import IO

from weighbridge.errors import UsageError
from weighbridge.evidence.score_encoding import LONGEST_LINE, foreign, opened
from weighbridge.evidence.score_source import ScoreSource


def place(source: ScoreSource, record: int) -> str:
    """``file:line`` of the record with this number (from 1), or ``file, row N`` where there are no lines."""
    if source.path is None or source.format in ("parquet", "json", "frame"):
        return f"{source.name}, row {record}"
    with opened(source.path, source.gzipped) as stream:
        for number, (line, _) in enumerate(_records(source, stream), start=0 if source.format == "csv" else 1):
            if number == record:
                return f"{source.name}:{line}"
    return f"{source.name}, row {record}"


def diagnose(source: ScoreSource, error: Exception) -> UsageError:
    """What a file that DuckDB would not read is ill with."""
    found = inspect(source)
    if found is not None:
        return found
    message = str(error).splitlines()[0]
    return UsageError(f"the table cannot be read: {message}", where=source.name, fix="check the file by eye")


def count_records(source: ScoreSource) -> int:
    """Records of a csv or jsonl file, the header among them, by reading every one."""
    if source.path is None:
        return 0
    with opened(source.path, source.gzipped) as stream:
        return sum(1 for _ in _records(source, stream))


def inspect(source: ScoreSource) -> UsageError | None:
    """Reads a csv or jsonl file record by record and says what is wrong with the first that is ill: a line too long,
    a foreign encoding, a wrong number of fields, an open quote, broken JSON."""
    if source.path is None or source.format not in ("csv", "jsonl"):
        return None
    with opened(source.path, source.gzipped) as stream:
        try:
            _inspect(source, stream)
        except UsageError as found:
            return found
        except (EOFError, OSError) as broken:
            return UsageError(f"the file ends in the middle: {broken}", where=source.name, fix="fetch it again")
    return None


def _inspect(source: ScoreSource, stream: IO[bytes]) -> None:
    """Reads every record; raises UsageError at the first that is ill."""
    if source.format == "jsonl":
        for line, text in _records(source, stream):
            try:
                row = json.loads(str(text))
            except ValueError as error:
                raise UsageError(
                    f"this line is not JSON: {error}", where=f"{source.name}:{line}", fix="one object per line"
                ) from None
            if not isinstance(row, dict):
                raise UsageError(
                    "this line is not a JSON object",
                    where=f"{source.name}:{line}",
                    fix='write {"item_id": ..., "model": ..., "score": ...}',
                )
        return
    for line, fields in _records(source, stream):
        if len(fields) != len(source.header):
            raise UsageError(
                f"this row has {len(fields)} fields, the header has {len(source.header)}",
                where=f"{source.name}:{line}",
                fix="quote a field that holds the delimiter, a quote or a line break",
            )


def _lines(source: ScoreSource, stream: IO[bytes]) -> Iterator[str]:
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        where = f"{source.name}:{number}"
        if len(raw) > LONGEST_LINE:
            raise UsageError(
                f"this line is longer than {LONGEST_LINE // 1_000_000} MB",
                where=where,
                fix="is a quote left open, or a line break lost?",
            )
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise foreign(raw, where) from None


def _records(source: ScoreSource, stream: IO[bytes]) -> Iterator[tuple[int, list[str] | str]]:
    """(first line, record) of every record that is not blank; for csv the header is the first."""
    if source.format == "jsonl":
        for number, text in enumerate(_lines(source, stream), start=1):
            if text.strip():
                yield number, text
        return
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(_lines(source, stream), delimiter=source.delimiter, strict=True)
    start = 1
    try:
        for row in reader:
            if row:
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(
            f"this row cannot be read: {error}",
            where=f"{source.name}:{start}",
            fix="close the quotes, double those inside",
        ) from None


def shown(value: object) -> str:
    """A value as an error message shows it."""
    full = repr(value)
    return full if len(full) <= 60 else full[:57] + "..."
