"""Answers as rows of the SQLite tables, and back, each with a checksum.

SQLite does not notice when bytes inside a page change. An answer that changed on the disk would change a verdict, so
every row carries a CRC-32 over all that matters in it, checked whenever it is read.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

import msgspec

from weighbridge.evidence import Completion
from weighbridge.store.answer import Answer, Key, Source

COLUMNS = (
    *("key", "source", "item", "repeat", "written", "cost", "machine_seconds"),
    *("finish", "input_tokens", "output_tokens", "sum", "completion"),
)
INSERT = f"INSERT OR IGNORE INTO answers ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
READ = "key, source, item, repeat, written, cost, machine_seconds, sum, completion"
"""The columns `answer_of` takes, in its order."""

SOURCE_COLUMNS = ("task", "candidate", "model", "revision", "engine", "simulated", "sum")
SOURCE_INSERT = (
    f"INSERT OR IGNORE INTO sources ({', '.join(SOURCE_COLUMNS)}) VALUES ({', '.join('?' * len(SOURCE_COLUMNS))})"  # noqa: S608
)
SOURCE_ID = f"SELECT id FROM sources WHERE {' AND '.join(f'{name} = ?' for name in SOURCE_COLUMNS[:-1])}"  # noqa: S608

Row = tuple[Any, ...]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Completion).decode


class DamagedRow(Exception):  # noqa: N818 - caught where the file's name is known, and never shown
    """The row is not what was written."""


def completion_bytes(completion: Completion) -> bytes:
    """`completion` as MessagePack; as JSON where it holds half a surrogate pair, which UTF-8 cannot carry."""
    try:
        return _encode(completion)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(completion)).encode("ascii")


def completion_of(encoded: bytes) -> Completion:
    """What `completion_bytes` was given. A MessagePack map never begins with a brace, so the two forms differ."""
    if encoded[:1] == b"{":
        return msgspec.convert(json.loads(encoded), Completion)
    return _decode(encoded)


def text(value: str) -> str:
    """`value` in a form that a database column can hold."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def row_of(answer: Answer, source: int, written: float) -> Row:
    """The row of `answer`, in the order of `COLUMNS`."""
    completion = answer.completion
    usage = completion.usage
    encoded = completion_bytes(completion)
    item = text(answer.item)
    cost = None if answer.cost is None else float(answer.cost)
    machine = None if answer.machine_seconds is None else float(answer.machine_seconds)
    return (
        answer.key,
        source,
        item,
        answer.repeat,
        written,
        cost,
        machine,
        completion.finish.value,
        usage.input_tokens,
        usage.output_tokens,
        _sum(answer.key, source, item, answer.repeat, written, cost, machine, encoded),
        encoded,
    )


def answer_of(row: Row, sources: dict[int, Source]) -> Answer:
    """The answer in a row of `READ`. Raises `DamagedRow` if the row is not what was written."""
    key, source, item, repeat, written, cost, machine, checksum, encoded = row
    try:
        if _sum(key, source, item, repeat, written, cost, machine, encoded) != checksum:
            raise DamagedRow(key)
        completion = completion_of(encoded)
    except (msgspec.DecodeError, msgspec.ValidationError, TypeError, ValueError) as error:
        raise DamagedRow(key) from error
    held = sources.get(source)
    if held is None:
        raise DamagedRow(key)
    return Answer(Key(key), completion, held, item, repeat, cost, machine, written)


def source_row(source: Source) -> Row:
    """The row of `source`, in the order of `SOURCE_COLUMNS`."""
    parts = (
        *(text(source.task), text(source.candidate), text(source.model), text(source.revision), text(source.engine)),
        int(source.simulated),
    )
    return (*parts, _sum(*parts))


def source_of(row: Row) -> Source:
    """The source in a row of `SOURCE_COLUMNS`. Raises `DamagedRow`."""
    *parts, checksum = row
    try:
        if _sum(*parts) != checksum:
            raise DamagedRow(row)
    except (TypeError, UnicodeEncodeError) as error:
        raise DamagedRow(row) from error
    task, candidate, model, revision, engine, simulated = parts
    return Source(candidate, model, task, revision, engine, bool(simulated))


def _sum(*parts: object) -> int:
    return zlib.crc32(_encode(parts))
