"""The options of a choice: the same for all items, or each item's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.errors import UsageError
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.item import Item
from weighbridge.tasks.normalise import as_text, references

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

MOST = 26
"""Distinct references up to which a task without stated options is taken as a choice among them."""


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen: one label (A, B, ...) and one text each; no labels beyond 26 options."""

    labels: tuple[str, ...]
    texts: tuple[str, ...]
    own: bool = False
    """True where they are the item's own and not the task's."""


def lettered(texts: Sequence[str], *, own: bool = False) -> Options:
    """Options with the letters A, B, ... as labels."""
    return Options(tuple(LETTERS[: len(texts)]) if len(texts) <= len(LETTERS) else (), tuple(texts), own)


def options_of(item: Item, columns: Sequence[str]) -> Options:
    """The item's own options, from one column with a list or from one column per option.

    A list, ``{"label": [...], "text": [...]}`` (ARC), a mapping of label to text, JSON of any of these, or text
    with ``|`` or line breaks between the options. Raises UsageError with the item's line for fewer than two.
    """
    if len(columns) > 1:
        cells = [item.fields.get(column) for column in columns]
        found = lettered([as_text(cell) for cell in cells if cell not in (None, "")], own=True)
    else:
        found = _listed(item.fields.get(columns[0]))
    if len(found.texts) < 2:
        raise UsageError(
            f"item {item.id!r} has fewer than two options in {', '.join(map(repr, columns))}",
            where=f"line {item.line}" if item.line else None,
            fix='write them as a list, for example ["red", "green"], or as red|green',
        )
    return found


def _listed(value: Cell) -> Options:
    if isinstance(value, str):
        if value.lstrip()[:1] in ("[", "{"):
            try:
                return _listed(json.loads(value))
            except ValueError:
                pass
        parts = value.split("|") if "|" in value else value.splitlines()
        return lettered([part.strip() for part in parts if part.strip()], own=True)
    if isinstance(value, dict):
        texts, labels = value.get("text"), value.get("label")
        if isinstance(texts, list) and isinstance(labels, list) and len(texts) == len(labels):
            return Options(tuple(map(as_text, labels)), tuple(map(as_text, texts)), own=True)
        return Options(tuple(map(str, value)), tuple(map(as_text, value.values())), own=True)
    return lettered([as_text(entry) for entry in value] if isinstance(value, list | tuple) else [], own=True)


def choices_of(items: Sequence[Item], most: int = MOST) -> tuple[str, ...] | None:
    """The distinct references in order of first appearance, or None for more than `most`: the options of a task
    that states none. References that differ in case or outer blanks alone are one option."""
    found: dict[str, str] = {}
    for item in items:
        for reference in references(item.reference):
            text = as_text(reference).strip()
            found.setdefault(text.casefold(), text)
        if len(found) > most:
            return None
    return tuple(found.values())
