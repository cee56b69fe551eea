"""csv and tsv: every cell stays the text it is ("007" is not 7), and every row knows its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.tasks.source import Row, Table
from weighbridge.tasks.text import LINE_LIMIT, lines

DELIMITERS = (",", ";", "\t", "|")

SNIFFED = 20
"""Lines that decide on the delimiter."""


def read_delimited(path: Path, *, delimiter: str | None, encoding: str, limit: int = LINE_LIMIT) -> Table:
    """Rows of a csv with a header line. Cells are text; quoted cells may hold line breaks.

    Raises UsageError, with file and line, for no header, a column named twice, a row with more or fewer cells than
    the header, a quote that is never closed, a cell over `limit` characters and text in another encoding.
    """
    source = (line for _, line in lines(path, encoding, limit=limit))
    first = list(islice(source, SNIFFED))
    if not "".join(first).strip():
        raise UsageError(
            "the data file is empty", where=str(path), fix="it needs a header line and one line per item"
        )
    notes = []
    if delimiter is None:
        delimiter = sniff(first)
        if delimiter != ",":
            notes.append(f"fields are separated by {delimiter!r}")
    elif len(delimiter) != 1:
        raise UsageError(f"the delimiter must be one character, not {delimiter!r}", where="delimiter")
    records = _records(path, chain(first, source), delimiter, limit)
    line, header = next(records)
    columns, renamed = _header(header, f"{path}:{line}")
    return Table(columns, _rows(path, records, columns), "line", (*notes, *renamed))


def sniff(first: list[str]) -> str:
    """The delimiter that cuts the header into the most cells and the next records into as many."""
    best, found = (False, 1), ","
    for delimiter in DELIMITERS:
        try:
            records = [row for row in csv.reader(first, delimiter=delimiter) if row]
        except csv.Error:
            continue
        width = len(records[0]) if records else 0
        whole = records[:-1] if len(records) > 2 else records  # the last may be cut in the middle of a cell
        even = all(len(row) == width for row in whole)
        if width > 1 and (even, width) > best:
            best, found = (even, width), delimiter
    return found


def _records(path: Path, source: Iterator[str], delimiter: str, limit: int) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of each record that is not blank."""
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    # The limit of the csv module holds for the whole process; it is raised and never lowered under another reader.
    csv.field_size_limit(max(limit, csv.field_size_limit()))
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken(path, start, reader.line_num, error) from None
        if cells:
            yield start, cells


def _broken(path: Path, start: int, line: int, error: csv.Error) -> UsageError:
    reason = str(error)
    if "unexpected end" in reason or "field larger" in reason:
        return UsageError(
            f"a quoted cell that opens in the row at line {start} is never closed",
            where=f"{path}:{start}",
            fix='close the quote; a quote inside a quoted cell is written twice ("")',
        )
    return UsageError(
        f"this row cannot be read: {reason}",
        where=f"{path}:{line}",
        fix='a quote inside a quoted cell is written twice (""); the delimiter can be named with `delimiter:`',
    )


def _header(header: list[str], where: str) -> tuple[tuple[str, ...], list[str]]:
    names = [name.strip() for name in header]
    notes = []
    for index, name in enumerate(names):
        if not name:
            names[index] = f"column_{index + 1}"
            notes.append(f"column {index + 1} has no name; it is called column_{index + 1}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"the column {twice[0]!r} is there twice", where=where, fix="give each column its own name")
    return tuple(names), notes


def _rows(path: Path, records: Iterator[tuple[int, list[str]]], columns: tuple[str, ...]) -> Iterator[Row]:
    width = len(columns)
    for line, cells in records:
        if len(cells) != width:
            raise UsageError(
                f"this row has {len(cells)} cells where the header has {width}",
                where=f"{path}:{line}",
                fix="quote cells that hold the delimiter or a line break, or name the `delimiter:`",
            )
        fields: dict[str, Any] = dict(zip(columns, cells, strict=True))
        yield Row(str(path), line, fields)
