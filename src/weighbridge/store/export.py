"""Answers as a flat table: csv, json lines or parquet, in constant memory."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Scored
from weighbridge.store.answer import Answer
from weighbridge.store.faults import StoreError
from weighbridge.store.rows import text

COLUMNS: dict[str, str] = {
    "key": "VARCHAR",
    "task": "VARCHAR",
    "candidate": "VARCHAR",
    "model": "VARCHAR",
    "revision": "VARCHAR",
    "engine": "VARCHAR",
    "simulated": "BOOLEAN",
    "item_id": "VARCHAR",
    "repeat": "BIGINT",
    "written": "TIMESTAMP",
    "finish": "VARCHAR",
    "answer": "VARCHAR",
    "served_by": "VARCHAR",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "reasoning_tokens": "BIGINT",
    "cached_tokens": "BIGINT",
    "duration": "DOUBLE",
    "first_token": "DOUBLE",
    "cost": "DOUBLE",
    "machine_seconds": "DOUBLE",
    "error": "VARCHAR",
    "request_id": "VARCHAR",
    "scored": "VARCHAR",
    "prompt": "VARCHAR",
}
"""Columns of an export and their type in parquet. Times are in UTC."""

FORMATS = ("csv", "jsonl", "parquet")


def flat(answer: Answer) -> dict[str, Any]:
    """One answer as a row: the columns of `COLUMNS`, in that order."""
    completion, source = answer.completion, answer.source
    usage = completion.usage
    written = datetime.fromtimestamp(answer.written or 0, UTC)
    return {
        "key": answer.key.hex(),
        "task": source.task,
        "candidate": source.candidate,
        "model": source.model,
        "revision": source.revision,
        "engine": source.engine,
        "simulated": source.simulated,
        "item_id": answer.item,
        "repeat": answer.repeat,
        "written": written.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        "finish": completion.finish.value,
        "answer": text(completion.text),
        "served_by": None if completion.model is None else text(completion.model),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cached_tokens": usage.cached_tokens,
        "duration": usage.duration,
        "first_token": usage.first_token,
        "cost": answer.cost,
        "machine_seconds": answer.machine_seconds,
        "error": None if completion.error is None else text(completion.error),
        "request_id": None if completion.request_id is None else text(completion.request_id),
        "scored": None if completion.scored is None else _scored(completion.scored),
        "prompt": None if completion.prompt is None else text(completion.prompt),
    }


def _scored(scored: Sequence[Scored]) -> str:
    """Given continuations with their log-probabilities, as JSON."""
    return text(json.dumps(msgspec.to_builtins(scored), ensure_ascii=False))


def format_of(out: Path | None, named: str | None) -> str:
    """The format to write: the one `named`, else by the ending of `out`; json lines on standard output."""
    if named is not None:
        return named
    if out is None:
        return "jsonl"
    ending = out.suffix.lstrip(".").lower()
    if ending not in FORMATS:
        raise UsageError(
            f"no export format ends in {out.suffix or 'nothing'}",
            where=str(out),
            fix=f"end the name in .csv, .jsonl or .parquet, or add --format; {nearest(ending, FORMATS)}",
        )
    return ending


def export(answers: Iterable[Answer], out: Path | None, form: str, *, replace: bool = False) -> int:
    """Write `answers` to `out` (None: standard output) in `form`; returns how many.

    A file appears whole or not at all. Raises `UsageError` where it is there already and may not be replaced, and
    `StoreError` where it cannot be written.
    """
    if out is None:
        if form == "parquet":
            raise UsageError(
                "parquet cannot be written to a terminal or pipe", fix="name a file: --out answers.parquet"
            )
        # UTF-8 whatever the terminal's encoding: another program reads this.
        file = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=True)
        try:
            return _WRITERS[form](answers, file)
        finally:
            file.detach()
    if out.is_dir() or not out.parent.is_dir():
        raise UsageError(
            "the export needs a file's name in a folder that is there", where=str(out), fix="--out answers.csv"
        )
    if out.exists() and not replace:
        raise UsageError("the file is there already", where=str(out), fix="name another, or add --replace")
    part = out.with_name(out.name + ".part")
    try:
        count = _parquet(answers, part) if form == "parquet" else _file(answers, part, form)
        part.replace(out)
    except OSError as error:
        raise StoreError(
            f"the export cannot be written: {error.strerror}",
            kind="failed",
            where=str(out),
            fix="see that the folder is yours to write and the disk has space",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return count


def _file(answers: Iterable[Answer], path: Path, form: str) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        return _WRITERS[form](answers, file)


def _csv(answers: Iterable[Answer], file: IO[str]) -> int:
    rows = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    rows.writeheader()
    count = 0
    for answer in answers:
        rows.writerow(flat(answer))
        count += 1
    return count


def _jsonl(answers: Iterable[Answer], file: IO[str]) -> int:
    count = 0
    for answer in answers:
        file.write(json.dumps(flat(answer), ensure_ascii=False) + "\n")
        count += 1
    return count


_WRITERS: dict[str, Callable[[Iterable[Answer], IO[str]], int]] = {"csv": _csv, "jsonl": _jsonl}


def _parquet(answers: Iterable[Answer], path: Path) -> int:
    """By way of json lines beside the file, which DuckDB turns into parquet without holding them in memory."""
    import duckdb

    longest = 0

    def measured() -> Iterator[Answer]:
        nonlocal longest
        for answer in answers:
            # A character is at most six bytes of JSON, and the other columns are short.
            completion = answer.completion
            size = len(completion.text) + len(completion.prompt or "")
            size += sum(len(one.text) + 100 for one in completion.scored or ())
            longest = max(longest, 6 * size + 100_000)
            yield answer

    lines = path.with_name(path.name + ".jsonl")
    types = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    try:
        count = _file(measured(), lines, "jsonl")
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute(
                f"""COPY (SELECT * FROM read_json({_quoted(lines)}, format = 'newline_delimited',
                columns = {{{types}}}, maximum_object_size = {max(longest, 1 << 24)}))
                TO {_quoted(path)} (FORMAT parquet, COMPRESSION zstd)"""  # noqa: S608
            )
    except duckdb.Error as error:
        raise StoreError(
            f"DuckDB could not write the parquet file: {str(error).splitlines()[0]}",
            kind="failed",
            where=str(path),
            fix="export csv or jsonl instead",
        ) from error
    finally:
        lines.unlink(missing_ok=True)
    return count


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
