"""The documents of an lm-eval task: found, read, and their targets and options rendered in the sandbox."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.load import load_items
from weighbridge.tasks.source import DataSource, Format
from weighbridge.tasks.templates import Template

KINDS: dict[str, Format | None] = {"json": None, "csv": "csv", "parquet": "parquet"}
"""``dataset_path`` of data in files; json covers json and json lines."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Rows in file order."""

    path: Path
    fields: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]


def documents(config: dict[str, Any], path: Path, data: Path | None) -> Documents:
    """The rows of the split that is evaluated: `data`, or the file that the task at `path` names in its folder.

    UsageError: a data set from a hub (nothing is downloaded), a file outside the task's folder, a split without one.
    """
    kind = str(config.get("dataset_path"))
    if data is None and kind not in KINDS:
        raise UsageError(
            f"the data set {kind!r} is not a file beside the task, and nothing is downloaded",
            where=str(path),
            fix="save the split that is evaluated as jsonl, csv or parquet and pass it as data=",
        )
    file = data if data is not None else _file(config, path)
    loaded = load_items(
        DataSource(path=str(file), format=KINDS.get(kind) if data is None else None, id="@row"), need_reference=False
    )
    return Documents(file, tuple(loaded.fields), tuple(dict(item.fields) for item in loaded.items))


def split_of(config: dict[str, Any]) -> str:
    """The split that lm-eval evaluates: test where the task has one, else validation."""
    return str(config.get("test_split") or config.get("validation_split") or "train")


def _file(config: dict[str, Any], path: Path) -> Path:
    more = config.get("dataset_kwargs")
    files = more.get("data_files") if isinstance(more, dict) else None
    split = split_of(config)
    if isinstance(files, dict):
        if split not in files:
            raise UsageError(
                f"no file holds the split {split!r}", where=str(path), fix=nearest(split, map(str, files))
            )
        files = files[split]
    if isinstance(files, list) and len(files) == 1:
        files = files[0]
    if not isinstance(files, str):
        raise UsageError(
            "the task names no single file for its data",
            where=str(path),
            fix="pass the file as data=, or name one under dataset_kwargs: data_files:",
        )
    home = path.parent.resolve()
    found = (home / files).resolve()
    if "://" in files or not found.is_relative_to(home):
        raise UsageError(
            f"the data file {files!r} is not in the task's folder",
            where=str(path),
            fix="pass the file as data=; files elsewhere are not read for a task file that asks for them",
        )
    return found


def as_written(template: str) -> str:
    """The template so that the sandbox, which trims around blocks, renders it as lm-eval does, which does not."""
    from jinja2 import Environment, TemplateSyntaxError

    pieces: list[str] = []
    try:
        tokens = list(Environment(autoescape=False, keep_trailing_newline=True).lex(template))  # noqa: S701 - texts for models, not web pages
    except TemplateSyntaxError:
        return template  # whoever renders it names the mistake
    for _, kind, text in tokens:
        bare = text.strip()
        if kind in ("block_begin", "comment_begin") and not bare.endswith(("-", "+")):
            text = text + "+"
        elif kind in ("block_end", "comment_end") and not bare.startswith(("-", "+")):
            text = "+" + text
        pieces.append(text)
    return "".join(pieces)


def as_template(text: str, fields: tuple[str, ...]) -> str:
    """A field's name, or a template, as a template."""
    if text in fields:
        return f"{{{{ {text} }}}}" if text.isidentifier() else f"{{{{ item[{text!r}] }}}}"
    return as_written(text)


class Rendered:
    """One of `doc_to_target` and `doc_to_choice`: a value, a field's name or a template."""

    def __init__(self, name: str, value: Cell, docs: Documents, where: str) -> None:
        self._value = value
        self._field = value if isinstance(value, str) and value in docs.fields else None
        self._template = (
            Template(as_written(value), f"{where}, {name}")
            if isinstance(value, str) and self._field is None
            else None
        )

    def of(self, row: dict[str, Any], number: int) -> Cell:
        """The value for one row; a text that spells a list of Python's is that list, as lm-eval reads it."""
        if self._field is not None:
            return row.get(self._field)
        if self._template is None:
            return list(self._value.values()) if isinstance(self._value, dict) else self._value
        text = self._template.render({**row, "item": row}, (), f"{number}")
        return _literal(text) if text.startswith("[") and text.endswith("]") else text


def _literal(text: str) -> Cell:
    try:
        found = ast.literal_eval(text) if len(text) < 1_000_000 else text
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return found if isinstance(found, list) else text
