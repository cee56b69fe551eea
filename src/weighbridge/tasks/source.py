"""Where the items are and how to read them: one struct, from which schema, help and docs are derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from weighbridge.errors import UsageError, nearest

Format = Literal["csv", "tsv", "jsonl", "json", "parquet", "folder"]

ROW_NUMBER = "@row"
"""As `DataSource.id`: number the rows, whatever columns there are."""


class DataSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file or folder of items. Columns that are not named are guessed, and what was guessed is reported."""

    path: Annotated[
        str, msgspec.Meta(description="File (csv, tsv, jsonl, json, parquet; text kinds also .gz) or folder.")
    ]
    format: Annotated[
        Format | None, msgspec.Meta(description="What the file holds; found from its content and name where absent.")
    ] = None
    id: Annotated[
        str | None, msgspec.Meta(description="Column that names an item; `@row` numbers the rows instead.")
    ] = None
    reference: Annotated[
        str | tuple[str, ...] | None,
        msgspec.Meta(description="Column with the right answer; several columns make one object of them."),
    ] = None
    input: Annotated[
        tuple[str, ...], msgspec.Meta(description="Columns the default prompt shows; all others are still usable.")
    ] = ()
    choices: Annotated[
        str | tuple[str, ...] | None,
        msgspec.Meta(description="Column with the list of options, or one column per option."),
    ] = None
    cluster: Annotated[
        str | None, msgspec.Meta(description="Column that says which items belong together (conversation, customer).")
    ] = None
    meta: Annotated[tuple[str, ...], msgspec.Meta(description="Columns to slice the results by.")] = ()
    split: Annotated[str | None, msgspec.Meta(description="Split of a dataset folder, for example `test`.")] = None
    encoding: Annotated[str, msgspec.Meta(description="Text encoding of the file, for example `cp1252`.")] = "utf-8"
    delimiter: Annotated[
        str | None, msgspec.Meta(description="Field separator of a csv; found from its first lines where absent.")
    ] = None
    limit: Annotated[int, msgspec.Meta(ge=1, description="Read only the first rows, at most so many.")] | None = None
    missing_reference: Annotated[
        Literal["error", "skip", "empty"],
        msgspec.Meta(description="A row without a reference: stop, leave the row out, or take it as the empty text."),
    ] = "error"


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it stands in a file."""

    file: str
    line: int
    """Line (text kinds) or row number, from 1."""
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """What a reader yields. `rows` is consumed once."""

    columns: tuple[str, ...] | None
    """In file order; None where only the rows tell (jsonl, json)."""
    rows: Iterator[Row]
    unit: Literal["line", "row"] = "line"
    notes: tuple[str, ...] = ()


def place(row: Row, unit: str) -> str:
    """``file:line`` or ``file, row n``: where an error message points."""
    return f"{row.file}:{row.line}" if unit == "line" else f"{row.file}, row {row.line}"


SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}

FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "export the sheet as csv, or unzip the file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "export the sheet as csv"),
    (b"BZh", "compressed with bzip2", "unpack it, or compress it with gzip instead"),
    (b"\xfd7zXZ", "compressed with xz", "unpack it, or compress it with gzip instead"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it, or compress it with gzip instead"),
    (b"SQLite format 3", "an SQLite database", "export the table as csv or jsonl"),
    (b"ARROW1", "an Arrow or Feather file", "save it as parquet"),
    (b"version https://git-lfs", "a Git LFS pointer, not the data itself", "run `git lfs pull`"),
    (b"<!DOCTYPE", "a web page", "download the raw file, not the page that shows it"),
    (b"<html", "a web page", "download the raw file, not the page that shows it"),
    (b"%PDF", "a PDF", "the items must be a table: csv, jsonl, json or parquet"),
)


def existing(path: str) -> Path:
    """The path, if a regular file or a folder is there; else an error with the nearest name in that folder."""
    try:
        here = Path(path).expanduser()
        if here.is_dir() or here.is_file():
            return here
        there = here.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"the data file cannot be opened: {error}", where=repr(path)) from None
    if there:
        raise UsageError("the data file is not a regular file", where=path, fix="save the items to a file first")
    parent = here.parent
    if not parent.is_dir():
        raise UsageError(
            "the data file is not there: its folder does not exist",
            where=path,
            fix=f"check the path; it is taken from {Path.cwd()}" if not here.is_absolute() else "check the path",
        )
    names = [entry.name for entry in parent.iterdir() if not entry.name.startswith(".")]
    raise UsageError("the data file is not there", where=path, fix=f"in {parent}: {nearest(here.name, names)}")


def detect(path: Path, head: bytes) -> Format:
    """What a file holds, from its first (unpacked) bytes, then from its name."""
    if head.startswith(b"PAR1"):
        return "parquet"
    for magic, name, fix in FOREIGN:
        if head.startswith(magic):
            raise UsageError(f"the data file is {name}", where=str(path), fix=fix)
    suffix = SUFFIXES.get(Path(path.name.lower().removesuffix(".gz")).suffix)
    if suffix == "parquet":
        raise UsageError(
            "the file is called parquet but does not hold parquet", where=str(path), fix="name its `format:`"
        )
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if suffix in ("csv", "tsv"):
        return suffix
    if suffix == "jsonl":
        return "json" if start == b"[" else "jsonl"
    if suffix == "json":
        return "json"
    if start == b"[":
        return "json"
    if start == b"{":
        return "jsonl" if _first_line_is_json(head) else "json"
    return "csv"


def _first_line_is_json(head: bytes) -> bool:
    line = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
