"""jsonl: one object on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from weighbridge.errors import UsageError
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.source import Row, Table
from weighbridge.tasks.text import LINE_LIMIT, lines


def read_jsonl(path: Path, *, encoding: str, limit: int = LINE_LIMIT) -> Table:
    """Rows of a jsonl file; blank lines are passed over. Numbers, lists and objects keep their types."""
    return Table(None, _rows(path, encoding, limit))


def _rows(path: Path, encoding: str, limit: int) -> Iterator[Row]:
    for number, line in lines(path, encoding, limit=limit):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        value = loads(line, where)
        yield Row(str(path), number, record(value, where))


def loads(text: str, where: str) -> Cell:
    """JSON text to plain values; NaN counts as null. Raises UsageError with the column."""
    try:
        return whole(json.loads(text, parse_constant=lambda _: None))
    except json.JSONDecodeError as error:
        raise UsageError(
            f"this line is not JSON: {error.msg} at column {error.colno}",
            where=where,
            fix='each line holds one object, like {"id": "1", "question": "...", "answer": "..."}',
        ) from None
    except (RecursionError, ValueError) as error:
        unreadable(error, where)


def unreadable(error: Exception, where: str) -> NoReturn:
    """JSON that is right by the grammar and still cannot be held: nested too deep, a number of too many digits."""
    reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
    raise UsageError(f"this JSON cannot be read: {reason}", where=where, fix="mend or drop this item") from None


def record(value: Cell, where: str) -> dict[str, Any]:
    """The value, if it is an object with fields."""
    if not isinstance(value, dict):
        kind = {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number or true/false")
        raise UsageError(
            f"an item must be an object with named fields, but here is {kind}",
            where=where,
            fix='write it as {"question": ..., "answer": ...}',
        )
    return value


def whole(value: Cell) -> Cell:
    """The value with half surrogate pairs replaced: JSON can spell them, but no file or server takes them."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [whole(each) for each in value]
    if isinstance(value, dict):
        return {whole(key): whole(each) for key, each in value.items()}
    return value
