"""From a file or folder to items: ids are unique, references are there, and every error names its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.columns import REFERENCE, ColumnMap, map_columns
from weighbridge.tasks.item import Item
from weighbridge.tasks.source import DataSource, Format, Row, Table, detect, existing, place
from weighbridge.tasks.text import head_of

FEWEST_CLUSTERS = 20
"""A guessed cluster column with fewer values is more likely a category; taking it would leave too few units."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The items, what the columns are for, and what to tell the user about it."""

    items: tuple[Item, ...]
    columns: ColumnMap
    notes: tuple[str, ...] = ()
    split: str | None = None
    fields: tuple[str, ...] = ()
    """All column names."""


def load_items(source: DataSource, *, need_reference: bool = True) -> Loaded:
    """Read all items of `source`.

    With `need_reference` False (a scorer that needs none), rows without one are taken as they are. Raises
    UsageError for a file that is missing, empty, damaged, of an unknown kind or encoding; for an unknown column;
    for a duplicate id; and for a row without an id or reference.
    """
    table, split = open_table(source)
    return _assemble(table, source, need_reference, split)


def items_of(
    rows: Iterable[Mapping[str, Any]], source: DataSource | None = None, *, need_reference: bool = True
) -> Loaded:
    """Items from rows that are in memory already (dicts, or any frame's rows); `source` names the columns."""
    source = source or DataSource(path="rows")
    found = (Row(source.path, number, dict(row)) for number, row in enumerate(rows, start=1))
    return _assemble(Table(None, found, "row"), source, need_reference, None)


def open_table(source: DataSource) -> tuple[Table, str | None]:
    """The rows of `source`, not yet read, and the split they are from."""
    path = existing(source.path)
    if not path.is_dir():
        if source.split is not None:
            raise UsageError(
                "a single file has no splits", where=source.path, fix="leave `split:` out, or name the folder"
            )
        return _read(path, source), None
    from weighbridge.tasks.readers.folder import saved_dataset, split_files

    saved = saved_dataset(path, source.split)
    if saved is not None:
        return saved
    files, split = split_files(path, source.split)
    first = _read(files[0], source)
    rest = chain.from_iterable(_read(file, source).rows for file in files[1:])
    return Table(first.columns if len(files) == 1 else None, chain(first.rows, rest), first.unit, first.notes), split


def _read(path: Path, source: DataSource) -> Table:
    head = head_of(path)
    if not head:
        raise UsageError("the data file is empty", where=str(path), fix="it needs at least one item")
    kind: Format = source.format if source.format not in (None, "folder") else detect(path, head)
    if kind == "parquet":
        from weighbridge.tasks.readers.parquet import read_parquet

        return read_parquet(path)
    if kind == "jsonl":
        from weighbridge.tasks.readers.lines_of_json import read_jsonl

        return read_jsonl(path, encoding=source.encoding)
    if kind == "json":
        from weighbridge.tasks.readers.json_document import read_json

        return read_json(path, encoding=source.encoding)
    from weighbridge.tasks.readers.delimited import read_delimited

    delimiter = source.delimiter or ("\t" if kind == "tsv" else None)
    return read_delimited(path, delimiter=delimiter, encoding=source.encoding)


def _assemble(table: Table, source: DataSource, need_reference: bool, split: str | None) -> Loaded:
    rows = list(islice(table.rows, source.limit))
    if not rows:
        raise UsageError("there are no items in the data", where=source.path, fix="it needs at least one item")
    fields = tuple(table.columns or dict.fromkeys(name for row in rows for name in row.fields))
    where = f"{source.path}:1" if table.columns is not None and table.unit == "line" else source.path
    columns, guesses = map_columns(fields, source, where)
    columns, guesses = _nameable(rows, columns, guesses)
    if need_reference and not columns.reference:
        shown = ", ".join(map(repr, fields[:12]))
        raise UsageError(
            "no column looks like the reference (the right answer)",
            where=where,
            fix=f"name it with `reference:`; the columns are {shown}. Guessed names: {', '.join(REFERENCE[:6])}, ...",
        )
    notes = [*([f"split: {split}"] if split else []), *table.notes, *guesses]
    if source.limit is not None and len(rows) == source.limit:
        notes.append(f"only the first {source.limit:,} rows were read; a sorted file makes them a poor sample")
    items = tuple(_items(rows, columns, source, table.unit, need_reference))
    if not items:
        raise UsageError("no item has a reference", where=source.path, fix="name another column with `reference:`")
    if len(items) < len(rows):
        notes.append(f"{len(rows) - len(items):,} of {len(rows):,} rows have no reference and were left out")
    items, columns, told = _clusters(items, columns)
    return Loaded(items, columns, (*notes, *told), split, fields)


def _nameable(rows: Sequence[Row], columns: ColumnMap, notes: list[str]) -> tuple[ColumnMap, list[str]]:
    """Drop a guessed id or cluster column whose cells cannot name anything: a guess must not make a file fail."""
    import dataclasses

    for role, column in (("id", columns.id), ("cluster", columns.cluster)):
        if column is None or role not in columns.guessed:
            continue
        cells = (row.fields.get(column) for row in rows)
        odd = next((cell for cell in cells if isinstance(cell, bool | list | dict)), None)
        if odd is None:
            continue
        instead = "the rows are numbered" if role == "id" else "every item stands alone"
        notes = [note for note in notes if not note.startswith(f"{role}: column")]
        notes.append(f"column {column!r} is not taken as {role}, because it holds {_shown(odd)[:40]}: {instead}")
        guessed = tuple(each for each in columns.guessed if each != role)
        columns = dataclasses.replace(columns, guessed=guessed)
        columns = (
            dataclasses.replace(columns, id=None) if role == "id" else dataclasses.replace(columns, cluster=None)
        )
    return columns, notes


def _items(
    rows: Sequence[Row], columns: ColumnMap, source: DataSource, unit: str, need_reference: bool
) -> Iterator[Item]:
    seen: dict[str, Row] = {}
    for number, row in enumerate(rows, start=1):
        ident = str(number) if columns.id is None else _name(row, columns.id, "id", unit)
        if ident is None:
            raise UsageError(
                f"this item has no id (column {columns.id!r})",
                where=place(row, unit),
                fix='give each item its own id, or number the rows with `id: "@row"`',
            )
        if ident in seen:
            raise UsageError(
                f"the id {ident!r} is there twice (column {columns.id!r})",
                where=f"{place(row, unit)}, first at {place(seen[ident], unit)}",
                fix='give each item its own id, name another column with `id:`, or number the rows with `id: "@row"`',
            )
        seen[ident] = row
        reference = _reference(row, columns.reference)
        if reference is None and need_reference:
            if source.missing_reference == "skip":
                continue
            if source.missing_reference == "error":
                raise UsageError(
                    f"item {ident!r} has no reference (column {', '.join(map(repr, columns.reference))})",
                    where=place(row, unit),
                    fix="fill it in, or set `missing_reference:` to `skip` (leave such rows out) or `empty`",
                )
            reference = ""
        cluster = None if columns.cluster is None else _name(row, columns.cluster, "cluster", unit)
        meta = {name: _shown(row.fields.get(name)) for name in columns.meta}
        yield Item(ident, row.fields, reference, cluster, meta, row.line)


def _name(row: Row, column: str, role: str, unit: str) -> str | None:
    """The cell as a name, or None where it is empty."""
    value = row.fields.get(column)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool | list | dict):
        raise UsageError(
            f"the {role} must be a text or a number, but column {column!r} holds {_shown(value)[:40]}",
            where=place(row, unit),
            fix=f"name another column with `{role}:`",
        )
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _reference(row: Row, columns: tuple[str, ...]) -> Cell:
    """The right answer; None where there is none."""
    if len(columns) > 1:
        found = {name: _or_none(row.fields.get(name)) for name in columns}
        return None if all(value is None for value in found.values()) else found
    value = row.fields.get(columns[0]) if columns else None
    if isinstance(value, dict) and "answer_start" in value and isinstance(value.get("text"), list):
        value = value["text"]  # the layout of SQuAD
    if isinstance(value, list) and not value:
        return None
    return None if isinstance(value, str) and not value.strip() else value


def _or_none(value: Cell) -> Cell:
    """An empty cell of a csv is no value, as null is in jsonl."""
    return None if isinstance(value, str) and not value.strip() else value


def _shown(value: Cell) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else str(value)


def _clusters(items: tuple[Item, ...], columns: ColumnMap) -> tuple[tuple[Item, ...], ColumnMap, list[str]]:
    """Drop a guessed cluster column that has too few values to be one; say how many clusters there are."""
    if columns.cluster is None:
        return items, columns, []
    import dataclasses

    import msgspec

    values = {item.cluster for item in items if item.cluster is not None}
    alone = sum(item.cluster is None for item in items)
    if "cluster" in columns.guessed and len(values) < FEWEST_CLUSTERS:
        note = (
            f"column {columns.cluster!r} has only {len(values)} values and is not taken as cluster; "
            "if items that share one are related, name it with `cluster:`"
        )
        bare = tuple(msgspec.structs.replace(item, cluster=None) for item in items)
        guessed = tuple(role for role in columns.guessed if role != "cluster")
        return bare, dataclasses.replace(columns, cluster=None, guessed=guessed), [note]
    more = f"; {alone:,} items without one stand alone" if alone else ""
    return items, columns, [f"{len(values):,} clusters from column {columns.cluster!r}{more}"]
