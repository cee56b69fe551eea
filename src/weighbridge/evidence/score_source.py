"""Opens a stored score table (csv, jsonl, json, parquet, a data frame) as a DuckDB relation of texts."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, cast

from weighbridge.errors import UsageError, nearest

if TYPE_CHECKING:
    import duckdb

Format = Literal["csv", "jsonl", "json", "parquet", "frame"]

LONGEST_LINE = 16_000_000
"""Bytes of the longest line (csv) or record (json) that is read; what is longer is a broken file."""

_MAGIC = {b"\x1f\x8b": "gzip", b"(\xb5/\xfd": "zstd"}
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


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

    def endless(self) -> bool:
        """Whether a line is so long that the file is broken; a block of that length without a line break tells."""
        if self.path is None or self.format not in ("csv", "jsonl"):
            return False
        with opened(self.path, self.gzipped) as stream:
            try:
                while len(block := stream.read(LONGEST_LINE)) == LONGEST_LINE:
                    if b"\n" not in block:
                        return True
            except (EOFError, OSError):
                # DuckDB meets the same broken archive, and then the place is looked for.
                return False
        return False


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def opened(path: Path, gzipped: bool) -> IO[bytes]:
    """The bytes of a file, unpacked."""
    return cast(IO[bytes], gzip.open(path, "rb")) if gzipped else path.open("rb")


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


def _decoded(raw: bytes, name: str, encoding: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(raw).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise foreign(raw, f"{name}:{line}") from None


def foreign(raw: bytes, where: str) -> UsageError:
    """What to say of bytes that are not UTF-8."""
    guess = guessed_encoding(raw)
    return UsageError(
        f"the text is not UTF-8; it looks like {guess}",
        where=where,
        fix=f"save it as UTF-8, or name its encoding ({guess})",
    )


def guessed_encoding(raw: bytes) -> str:
    """The likeliest encoding of bytes that are not UTF-8: utf-16 by its mark or its zeros, else cp1252."""
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            return name
    sample = raw[:4000]
    if sample.count(0) > len(sample) // 4:
        return "utf-16-le" if sample[1:2] == b"\0" else "utf-16-be"
    return "cp1252"


@contextmanager
def _utf8_copy(path: Path, gzipped: bool, encoding: str) -> Iterator[Path]:
    """A UTF-8 copy of the file for the time of reading, made in bounded memory."""
    with tempfile.TemporaryDirectory(prefix="weighbridge-") as folder:
        copy = Path(folder) / path.name.removesuffix(".gz")
        try:
            with (
                opened(path, gzipped) as raw,
                io.TextIOWrapper(raw, encoding=encoding, newline="") as source,
                copy.open("w", encoding="utf-8", newline="") as target,
            ):
                while block := source.read(1 << 20):
                    target.write(block.removeprefix("\ufeff"))
        except LookupError:
            raise UsageError(
                f"there is no encoding {encoding!r}",
                where=str(path),
                fix=nearest(encoding, ["utf-8", "utf-16", "cp1252", "latin-1", "shift_jis", "gb18030"]),
            ) from None
        except UnicodeError as error:
            raise UsageError(
                f"the text is not {encoding}: {error}", where=str(path), fix="name its encoding"
            ) from None
        yield copy


@contextmanager
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
    if kind == "parquet":
        sql = f"read_parquet({literal(str(path))})"
        yield ScoreSource(name, path, kind, _described(con, sql, name), sql)
        return
    if encoding and codecs_name(encoding) not in ("utf-8", "ascii"):
        with _utf8_copy(path, gzipped, encoding) as copy:
            yield _text_source(con, copy, kind, gzipped=False, name=name)
        return
    yield _text_source(con, path, kind, gzipped, name)


def codecs_name(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return encoding


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
    head = _decoded(more, name, "utf-8")
    packed = "'gzip'" if gzipped else "'none'"
    if kind == "csv":
        line = head.splitlines()[0] if head.strip() else ""
        delimiter = max(",\t;|", key=lambda mark: len(_first_record(line, mark)))
        header = [column.strip() for column in _first_record(head, delimiter)]
        types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in dict.fromkeys(header))
        sql = (
            f"read_csv({literal(str(path))}, auto_detect=false, header=true, delim={literal(delimiter)}, quote='\"', "
            f"escape='\"', compression={packed}, columns={{{types}}}, max_line_size={LONGEST_LINE}, "
            f"buffer_size={2 * LONGEST_LINE}, strict_mode=true)"
        )
        return ScoreSource(name, path, kind, tuple(header), sql, gzipped, delimiter)
    shape = "newline_delimited" if kind == "jsonl" else "auto"
    objects = (
        f"read_json_objects({literal(str(path))}, format='{shape}', compression={packed}, "
        f"maximum_object_size={LONGEST_LINE})"
    )
    header = _line_keys(head, name) if kind == "jsonl" else _json_keys(con, objects, name)
    picks = ", ".join(f"json_extract_string(json, {literal(_pointer(key))}) as {quoted(key)}" for key in header)
    sql = f"(select {picks or 'json'} from {objects})"  # noqa: S608 - names are quoted
    return ScoreSource(name, path, kind, tuple(header), sql, gzipped)


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
