"""Reads YAML into a `Source`: no tags, no duplicate keys, and no surprises such as ``no`` read as false.

Plain scalars follow the YAML 1.2 core schema (only ``true`` and ``false`` are booleans; ``1e-3`` is a number), where
PyYAML alone follows YAML 1.1, in which ``choices: [yes, no]`` would become two booleans.
"""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from typing import Any

import yaml

from weighbridge.errors import UsageError, nearest
from weighbridge.project.source import Mark, Path, Source, Value

MOST_BYTES = 5_000_000
MOST_VALUES = 200_000
"""After aliases are expanded: a file of a few lines can otherwise unfold into billions of values."""

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INT = re.compile(r"[-+]?[0-9]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INF = re.compile(r"([-+]?)\.(?:inf|Inf|INF)")
_MOST_DIGITS = 30
_DATA = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".gz")


class _PlainLoader(yaml.SafeLoader):
    """Leaves every scalar as text, so that an explicit tag can be told from a plain value."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute, replaced whole


def read_yaml(path: FilePath, label: str | None = None) -> Source:
    """The project file at `path`.

    Raises `UsageError` where it is missing, not text, not YAML, holds a key twice, or uses a tag.
    """
    label = label or str(path)
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if path.is_file() and size <= MOST_BYTES else b""
    except OSError as error:
        raise _unreadable(path, label, error) from None
    if not path.is_file():
        raise UsageError(
            "the project file is a folder" if path.is_dir() else "the project file is not a regular file",
            where=label,
            fix=f"name the file in it, for example {FilePath(label) / 'weighbridge.yaml'}",
        )
    if path.name.removesuffix(".gz").endswith(_DATA):
        raise UsageError(
            "this is a data file, not a project file",
            where=label,
            fix=f"write a project file for it with: weighbridge init {label}",
        )
    if size > MOST_BYTES:
        raise UsageError(
            f"the project file is {size / 1e6:.0f} MB; that is hardly a project file",
            where=label,
            fix="give the YAML file; the data belongs in its own file, named under data: path:",
        )
    return parse_yaml(_decoded(raw, label), label)


def parse_yaml(text: str, label: str) -> Source:
    """The project in `text`; `label` names it in messages. Raises `UsageError`."""
    try:
        loader = _PlainLoader(text)
    except yaml.YAMLError as error:
        raise _syntax(error, text, label) from None
    try:
        node = loader.get_single_node()
        reading = _Reading(label)
        tree = reading.value(node, ()) if node is not None else {}
    except yaml.YAMLError as error:
        raise _syntax(error, text, label) from None
    except RecursionError:
        raise UsageError("the YAML is nested too deeply", where=label, fix="flatten it") from None
    finally:
        loader.dispose()
    if not isinstance(tree, dict):
        raise UsageError(
            "a project file holds 'key: value' lines; this one does not",
            where=f"{label}:1",
            fix="write one with: weighbridge init DATA",
        )
    return Source(label, tree, reading.values, reading.keys, reading.raw, frozenset(reading.blocks))


class _Reading:
    """One walk over the node tree."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.values: dict[Path, Mark] = {}
        self.keys: dict[Path, Mark] = {}
        self.raw: dict[Path, str] = {}
        self.blocks: set[Path] = set()
        self.count = 0

    def value(self, node: yaml.Node, path: Path) -> Value:
        self.count += 1
        if self.count > MOST_VALUES:
            raise UsageError(
                f"the file unfolds into more than {MOST_VALUES:,} values",
                where=self.place(node),
                fix="remove the aliases (*name) that repeat each other",
            )
        self.values[path] = _mark(node)
        if isinstance(node, yaml.ScalarNode):
            self.only(node, "str")
            if node.style is None:
                self.raw[path] = node.value
                return plain(node.value)
            if node.style in ("|", ">"):
                self.blocks.add(path)
            return str(node.value)
        if isinstance(node, yaml.SequenceNode):
            self.only(node, "seq")
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        self.only(node, "map")
        return self.mapping(node, path)

    def mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise UsageError(
                    "a key must be a word", where=self.place(key_node), fix="quote it if it holds { or ["
                )
            key = str(key_node.value)
            if key == "<<" and key_node.style is None:
                merged.extend(child.value if isinstance(child, yaml.SequenceNode) else [child])
                continue
            if key in result:
                first = self.keys[(*path, key)]
                raise UsageError(
                    f"the key {key!r} stands here twice (first on line {first[0]})",
                    where=self.place(key_node),
                    fix="keep one of them",
                )
            self.keys[(*path, key)] = _mark(key_node)
            result[key] = self.value(child, (*path, key))
        for source in merged:
            if not isinstance(source, yaml.MappingNode):
                raise UsageError("<<: takes a mapping", where=self.place(source), fix="write <<: *name")
            for key_node, child in source.value:
                key = str(key_node.value)
                if key not in result:
                    self.keys[(*path, key)] = _mark(key_node)
                    result[key] = self.value(child, (*path, key))
        return result

    def only(self, node: yaml.Node, kind: str) -> None:
        if node.tag != f"tag:yaml.org,2002:{kind}":
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            raise UsageError(
                f"the YAML tag {tag} is not read in a project file",
                where=self.place(node),
                fix="write the plain value without a tag",
            )

    def place(self, node: yaml.Node) -> str:
        line, column = _mark(node)
        return f"{self.label}:{line}:{column}"


def plain(text: str) -> Value:
    """An unquoted scalar by the YAML 1.2 core schema."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if len(text) <= _MOST_DIGITS:
        if _INT.fullmatch(text):
            return int(text)
        if _HEX.fullmatch(text):
            return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if match := _INF.fullmatch(text):
        return float(match[1] + "inf")
    return text


def _mark(node: yaml.Node) -> Mark:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


def _decoded(raw: bytes, label: str) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"the project file is not UTF-8 (byte 0x{raw[error.start]:02x} on line {line})",
            where=f"{label}:{line}",
            fix="save it as UTF-8 in your editor",
        ) from None


def _unreadable(path: FilePath, label: str, error: OSError) -> UsageError:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        return UsageError(f"cannot read the project file: {error.strerror}", where=label, fix="check its permissions")
    folder = path.parent
    if not folder.is_dir():
        return UsageError(f"there is no folder {folder}", where=label, fix="check the path")
    there = [child.name for child in folder.iterdir() if child.suffix in (".yaml", ".yml")]
    hint = f"{nearest(path.name, there)} " if there else ""
    return UsageError(
        "there is no such project file",
        where=label,
        fix=f"{hint}write one with: weighbridge init DATA" if not hint else f"{hint} (or: weighbridge init DATA)",
    )


def _syntax(error: yaml.YAMLError, text: str, label: str) -> UsageError:
    """A YAML error in plain words, with the line it stands on."""
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    where, snippet = label, ""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        where = f"{label}:{line}"
        problem = (
            f"it holds the character #x{ord(str(error.character)):04x}"
            if isinstance(error.character, str)
            else (f"it holds the character #x{error.character:04x}")
        )
    elif mark is not None:
        where = f"{label}:{mark.line + 1}:{mark.column + 1}"
        lines = text.splitlines()
        if mark.line < len(lines):
            snippet = f": {lines[mark.line].strip()[:60]!r}"
    if "the character #x" in problem:
        fix = "remove the control characters"
    elif "\\t" in problem or "'\t'" in problem:
        fix = "indent with spaces; YAML does not take tabs"
    elif "mapping values are not allowed" in problem:
        fix = "put text that holds ': ' in quotes, and check the indentation of this line and the one above"
    elif "found unknown escape" in problem:
        fix = "use single quotes around text with backslashes"
    elif "alias" in problem:
        fix = "put text that begins with * or & in quotes"
    elif "cannot start any token" in problem:
        fix = "put text that begins with @, `, % or similar in quotes"
    else:
        fix = "check indentation, quotes and brackets on this line and the one above"
    return UsageError(f"not valid YAML: {problem}{snippet}", where=where, fix=fix)
