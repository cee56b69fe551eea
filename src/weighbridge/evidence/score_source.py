"""Opens a stored score table (csv, jsonl, json, parquet, a data frame) as a DuckDB relation of texts."""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence.score_encoding import LONGEST_LINE, codec_name, decoded, opened, utf8_copy

if TYPE_CHECKING:
    import duckdb

Format = Literal["csv", "jsonl", "json", "parquet", "frame"]

_MAGIC = {b"\x1f\x8b": "gzip", b"(\xb5/\xfd": "zstd"}


@dataclass(frozen=True, slots=True)
class ScoreSource:
    """A table that can be read by column name."""

    name: str
    """What error messages call it: the path as given, or ``the data frame``."""
    path: Path | None
    """The file that is read; a UTF-8 copy where the original has another encoding."""
    format: Format
    header: tuple[str, ...]
    relation: str
    """SQL that yields its columns by name, in file order."""
    gzipped: bool = False
    delimiter: str = ","
    lenient: str | None = None
    """For csv: SQL that reads lines of mixed ends too, and rows of the wrong length in silence."""
    numbered: bool = False
    """Whether the relation names its columns c0, c1, ... in the order of `header`, as it must where the file's own
    names would not do in SQL: blank, or alike but for case."""

    def sql(self, column: str) -> str:
        """The SQL identifier of a column of `header`."""
        return f"c{self.header.index(column)}" if self.numbered else quoted(column)


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _format(path: Path) -> Format:
    kinds: dict[str, Format] = {
        "csv": "csv",
        "tsv": "csv",
        "txt": "csv",
        "jsonl": "jsonl",
        "ndjson": "jsonl",
        "json": "json",
        "parquet": "parquet",
        "pq": "parquet",
    }
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if ending not in kinds:
        raise UsageError(
            f"{path.name!r} ends in nothing known",
            where=str(path),
            fix="give a .csv, .tsv, .jsonl, .json or .parquet file (text kinds may be gzipped: .csv.gz)",
        )
    return kinds[ending]


def _existing(path: Path) -> None:
    if path.is_dir():
        raise UsageError("this is a folder, not a score table", where=str(path), fix="name the file inside it")
    if not path.exists():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UsageError("there is no such file", where=str(path), fix=nearest(path.name, beside))
    if path.stat().st_size == 0:
        raise UsageError("the file is empty", where=str(path), fix="write item_id, model, score into it")


def _first_record(head: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(head), delimiter=delimiter), [])


@contextlib.contextmanager
def open_scores(
    con: duckdb.DuckDBPyConnection, path: Path, encoding: str | None = None, shown: str | None = None
) -> Iterator[ScoreSource]:
    """The table in the file at `path`. UsageError: no such file, an unknown kind, a foreign encoding, no header."""
    _existing(path)
    kind = _format(path)
    name = shown or str(path)
    with path.open("rb") as stream:
        start = stream.read(4)
    packing = next((label for magic, label in _MAGIC.items() if start.startswith(magic)), None)
    if packing == "zstd":
        raise UsageError("zstd files are not read", where=name, fix="unpack it, or use gzip")
    gzipped = packing == "gzip"
    with contextlib.ExitStack() as stack:
        if any(mark in str(path) for mark in "*?["):
            # DuckDB would take the name for a pattern and read every file that fits.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="weighbridge-"))
            link = Path(folder) / "scores"
            link.symlink_to(path.resolve())
            path = link
        if kind == "parquet":
            sql = f"read_parquet({literal(str(path))})"
            yield ScoreSource(name, path, kind, _described(con, sql, name), sql)
            return
        if kind != "csv" and start.startswith(codecs.BOM_UTF8):
            # DuckDB takes the mark before a csv and not before JSON.
            encoding = encoding or "utf-8-sig"
        if encoding and codec_name(encoding) not in ("utf-8", "ascii"):
            path, gzipped = stack.enter_context(utf8_copy(path, gzipped, encoding)), False
        yield _text_source(con, path, kind, gzipped, name)


def _text_source(con: duckdb.DuckDBPyConnection, path: Path, kind: Format, gzipped: bool, name: str) -> ScoreSource:
    try:
        with opened(path, gzipped) as stream:
            first = stream.readline(LONGEST_LINE + 1) if kind != "json" else stream.read(1 << 16)
            more = first + stream.read(1 << 16)
    except (gzip.BadGzipFile, EOFError, OSError) as error:
        raise UsageError(f"the file cannot be unpacked: {error}", where=name, fix="fetch or pack it again") from None
    if len(first) > LONGEST_LINE:
        raise UsageError(
            f"the first line is longer than {LONGEST_LINE // 1_000_000} MB",
            where=f"{name}:1",
            fix="is this one line per score? A json array belongs in a .json file",
        )
    head = decoded(more, name)
    packed = "'gzip'" if gzipped else "'none'"
    if kind == "csv":
        return _csv_source(path, head, packed, name)
    shape = "newline_delimited" if kind == "jsonl" else "auto"
    objects = (
        f"read_json_objects({literal(str(path))}, format='{shape}', compression={packed}, "
        f"maximum_object_size={LONGEST_LINE})"
    )
    header = _line_keys(head, name) if kind == "jsonl" else _json_keys(con, objects, name)
    picks = ", ".join(
        f"json_extract_string(json, {literal(_pointer(key))}) as c{place}" for place, key in enumerate(header)
    )
    sql = f"(select {picks or 'json'} from {objects})"  # noqa: S608 - literals are quoted
    return ScoreSource(name, path, kind, tuple(header), sql, gzipped, numbered=True)


def _csv_source(path: Path, head: str, packed: str, name: str) -> ScoreSource:
    lines = head.splitlines()
    blank = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    if "\r" in head and "\n" not in head:
        raise UsageError(
            "the lines end in carriage returns alone, as on old Macs",
            where=f"{name}:1",
            fix="save it with line feeds",
        )
    first = lines[blank] if blank < len(lines) else ""
    delimiter = max(",\t;|", key=lambda mark: len(_first_record(first, mark)))
    header = [column.strip() for column in _first_record("\n".join(lines[blank:]), delimiter)]
    types = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header)))
    sql = (
        f"read_csv({literal(str(path))}, auto_detect=false, header=true, skip={blank}, delim={literal(delimiter)}, "
        f"quote='\"', escape='\"', compression={packed}, columns={{{types}}}, max_line_size={LONGEST_LINE}, "
        f"buffer_size={2 * LONGEST_LINE}, strict_mode=true)"
    )
    gzipped = packed == "'gzip'"
    lenient = sql.replace("strict_mode=true", "strict_mode=false")
    return ScoreSource(name, path, "csv", tuple(header), sql, gzipped, delimiter, lenient, numbered=True)


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _line_keys(head: str, name: str) -> list[str]:
    """The keys of the objects in the first lines, in order of appearance."""
    keys: dict[str, None] = {}
    for number, line in enumerate(head.splitlines(), start=1):
        try:
            row = json.loads(line) if line.strip() else {}
        except ValueError as error:
            # The last line of the head may be cut; one that is not is found out when the rows are read.
            if not keys:
                raise UsageError(
                    f"this line is not JSON: {error}", where=f"{name}:{number}", fix="write one object per line"
                ) from None
            break
        if isinstance(row, dict):
            keys.update(dict.fromkeys(row))
    return list(keys)


def _json_keys(con: duckdb.DuckDBPyConnection, objects: str, name: str) -> list[str]:
    """The keys of the first thousand objects, sorted."""
    import duckdb

    try:
        rows = con.execute(
            f"select distinct unnest(json_keys(json)) from (select json from {objects} limit 1000) "  # noqa: S608 - quoted
            "where json_type(json) = 'OBJECT'"
        ).fetchall()
    except duckdb.Error as error:
        message = str(error).splitlines()[0]
        raise UsageError(f"this is not JSON: {message}", where=name, fix="write an array of objects") from None
    return sorted(str(key) for (key,) in rows)


def _described(con: duckdb.DuckDBPyConnection, sql: str, name: str) -> tuple[str, ...]:
    import duckdb

    try:
        return tuple(str(row[0]) for row in con.execute(f"describe select * from {sql}").fetchall())  # noqa: S608 - quoted
    except duckdb.Error as error:
        message = str(error).splitlines()[0]
        raise UsageError(f"the file cannot be read: {message}", where=name, fix="is it what its name says?") from None
