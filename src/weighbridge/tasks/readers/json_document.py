"""json: a list of objects, alone or under a name; or columns as lists. Each item still knows its line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from weighbridge.errors import UsageError
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.readers.lines_of_json import read_jsonl, record, unreadable, whole
from weighbridge.tasks.source import Row, Table
from weighbridge.tasks.text import LINE_LIMIT, lines

DOCUMENT_LIMIT = 256 * 1024 * 1024
"""Characters in one json document, at most: unlike jsonl it must be held whole."""

NAMES = ("items", "data", "rows", "examples", "records", "samples", "questions", "test", "instances", "tests")
"""Under which name a document keeps its list, in this order."""


def read_json(path: Path, *, encoding: str, limit: int = LINE_LIMIT) -> Table:
    """Rows of a json document; one that holds an object per line is read as jsonl.

    Raises UsageError with the line for what is not JSON, and for a document with no list of objects in it.
    """
    text = _whole_text(path, encoding, limit)
    if not text.strip():
        raise UsageError("the data file is empty", where=str(path), fix="it needs a list of objects, one per item")
    if text.lstrip()[0] == "[":
        return Table(None, _elements(path, text, text.index("[") + 1))
    try:
        document = whole(json.loads(text, parse_constant=lambda _: None))
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            table = read_jsonl(path, encoding=encoding, limit=limit)
            return Table(table.columns, table.rows, "line", ("the file holds one object per line: read as jsonl",))
        raise _not_json(path, error.lineno, error.colno, error.msg) from None
    except (RecursionError, ValueError) as error:
        unreadable(error, str(path))
    return _from_object(path, document)


def _whole_text(path: Path, encoding: str, limit: int) -> str:
    parts, size = [], 0
    for _, line in lines(path, encoding, limit=limit):
        parts.append(line)
        size += len(line)
        if size > DOCUMENT_LIMIT:
            raise UsageError(
                f"the json document is longer than {DOCUMENT_LIMIT:,} characters",
                where=str(path),
                fix="save it as jsonl (one object a line) or parquet, which are read piece by piece",
            )
    return "".join(parts)


def _not_json(path: Path, line: int, column: int, message: str) -> UsageError:
    return UsageError(
        f"this is not JSON: {message} at column {column}",
        where=f"{path}:{line}",
        fix="the file must be a list of objects: [{...}, {...}]",
    )


def _elements(path: Path, text: str, position: int) -> Iterator[Row]:
    """The objects of a list that opens before `position`, each with the line it begins on."""
    decoder = json.JSONDecoder(parse_constant=lambda _: None)
    line = 1 + text.count("\n", 0, position)
    counted = position
    first = True
    while True:
        position = _skip(text, position)
        if text[position : position + 1] == "]" and first:
            position += 1
            break
        line += text.count("\n", counted, position)
        counted = position
        where = f"{path}:{line}"
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise _not_json(path, error.lineno, error.colno, error.msg) from None
        except (RecursionError, ValueError) as error:
            unreadable(error, where)
        yield Row(str(path), line, record(whole(value), where))
        first = False
        position = _skip(text, position)
        mark = text[position : position + 1]
        position += 1
        if mark == "]":
            break
        if mark != ",":
            raise _stray(path, text, position - 1, "a comma or the end of the list is missing")
    position = _skip(text, position)
    if position < len(text):
        raise _stray(path, text, position, "there is more text after the end of the list")


def _stray(path: Path, text: str, position: int, message: str) -> UsageError:
    line = text.count("\n", 0, position) + 1
    return _not_json(path, line, position - text.rfind("\n", 0, position), message)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _from_object(path: Path, document: Cell) -> Table:
    if isinstance(document, dict):
        for name in NAMES:
            if isinstance(document.get(name), list):
                return Table(None, _numbered(path, document[name]), "row", (f"items are under {name!r}",))
        lists = {name: value for name, value in document.items() if isinstance(value, list)}
        if lists and len(lists) == len(document) and len({len(value) for value in lists.values()}) == 1:
            names = tuple(lists)
            rows = (dict(zip(names, cells, strict=True)) for cells in zip(*lists.values(), strict=True))
            return Table(names, _numbered(path, rows), "row", ("the file holds one list per column",))
    raise UsageError(
        "the json document holds no list of items",
        where=str(path),
        fix='write it as a list of objects, [{...}, {...}], or put the list under "items"',
    )


def _numbered(path: Path, values: Cell) -> Iterator[Row]:
    for number, value in enumerate(values, start=1):
        yield Row(str(path), number, record(value, f"{path}, row {number}"))
