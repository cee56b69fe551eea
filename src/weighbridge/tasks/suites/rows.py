"""The rows of a suite, read from where they were found and brought into its shape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.tasks.item import Item
from weighbridge.tasks.load import open_table
from weighbridge.tasks.normalise import as_text
from weighbridge.tasks.options import LETTERS
from weighbridge.tasks.source import DataSource
from weighbridge.tasks.suites.definition import Suite
from weighbridge.tasks.suites.find import Found
from weighbridge.tasks.suites.shapes import SHAPES


def read_items(suite: Suite, found: Found, *, shots: bool = False) -> list[Item]:
    """Every item of the suite. Raises `UsageError` for rows that do not have what the suite needs."""
    place = str(found.path)
    settings = suite.settings
    try:
        rows = list(SHAPES[suite.shape](_rows(suite, found), settings, shots))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        missing = f"the column {error}" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
        raise UsageError(
            f"the data are not laid out as those of {suite.name}: {missing}",
            where=place,
            fix=f"`weighbridge suites show {suite.name}` says which data are meant",
        ) from None
    rows = [row for row in rows if _has_reference(suite, row)]
    if not rows:
        raise UsageError(
            f"no item of {suite.name} has a reference" if not shots else f"there are no examples for {suite.name}",
            where=place,
            fix="the test parts of some data sets are published without answers: use the validation part",
        )
    items = [_item(suite, row, number, place) for number, row in enumerate(rows, start=1)]
    seen: dict[str, int] = {}
    for number, item in enumerate(items):
        if item.id in seen:
            # Published ids are not always unique; the rows are still different items.
            items[number] = Item(f"{item.id}#{number + 1}", item.fields, item.reference, item.cluster, item.meta)
        seen[item.id] = number
    return items


def digest(items: list[Item]) -> str:
    """Sixteen hexadecimal digits that change with any item: two runs with the same weighed the same."""
    text = json.dumps([(item.id, item.fields, item.reference) for item in items], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _rows(suite: Suite, found: Found) -> Iterator[dict[str, Any]]:
    folder_as = suite.settings.get("folder_as")
    for file in found.files or (found.path,):
        if file.suffix == ".arrow":
            yield from _arrow(file)
            continue
        whole = not found.files
        table, _ = open_table(DataSource(path=str(file), split=found.split if whole and file.is_dir() else None))
        for row in table.rows:
            fields = row.fields
            if folder_as and folder_as not in fields:
                fields = {folder_as: Path(row.file).parent.name, **fields}
            yield fields


def _arrow(file: Path) -> Iterator[dict[str, Any]]:
    from weighbridge.tasks.readers.arrow import arrow_rows

    # Class numbers stay numbers: the suites' labels know them.
    yield from (row.fields for row in arrow_rows(file, {}))


def _has_reference(suite: Suite, row: dict[str, Any]) -> bool:
    value = row.get(suite.reference)
    # A hidden test part has -1 or nothing where the label was.
    return value is not None and value != "" and value != [] and as_text(value) != "-1"


def _item(suite: Suite, row: dict[str, Any], number: int, place: str) -> Item:
    fields = dict(row)
    reference = fields[suite.reference]
    if suite.labels:
        reference = _label(suite, reference, number, place)
    elif suite.options:
        fields.pop("options", None)  # the prompt's own word for them
        fields.pop("choices", None)
        reference = LETTERS[int(reference)]
    ident = str(number) if suite.id is None or fields.get(suite.id) is None else as_text(fields[suite.id])
    cluster = None if suite.cluster is None else _short(as_text(fields.get(suite.cluster, "")))
    meta = {} if suite.subset is None else {suite.subset: as_text(fields.get(suite.subset, ""))}
    return Item(ident, fields, reference, cluster or None, meta, number)


def _label(suite: Suite, value: object, number: int, place: str) -> str:
    text = as_text(value).strip()
    for label, written in suite.labels.items():
        if text.casefold() in (label.casefold(), *(each.casefold() for each in written)):
            return label
    raise UsageError(
        f"the label {text[:60]!r} is none of {suite.name}'s: {', '.join(suite.labels)}",
        where=f"{place}, item {number}",
        fix="mend the row, or name the right data",
    )


def _short(text: str) -> str:
    """A long text that marks what belongs together, as a name of bounded length."""
    return text if len(text) <= 64 else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
