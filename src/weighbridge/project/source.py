"""A project file as written: its values, and the line and column of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands: ``("candidates", 0, "price")``."""

Value = Any
"""A plain value as YAML gives it (dict, list, str, int, float, bool, None), or what was made of one."""

Mark = tuple[int, int]
"""Line and column, both from 1."""


def dotted(path: Path) -> str:
    """`path` as a reader would write it: ``candidates[0].price``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Source:
    """A tree of plain values with the places they came from."""

    label: str
    """The file as the user named it, or ``project`` where it came from Python."""
    tree: dict[str, Any]
    values: Mapping[Path, Mark] = field(default_factory=dict)
    """Where each value begins; empty for a project given as a Python mapping."""
    keys: Mapping[Path, Mark] = field(default_factory=dict)
    """Where each key stands."""
    raw: Mapping[Path, str] = field(default_factory=dict)
    """Unquoted scalars as written, so that a text field may hold ``1.10`` or ``true`` unchanged."""
    blocks: frozenset[Path] = frozenset()
    """Texts written as a block (``|`` or ``>``): their first line is the one after the mark."""
    said: Mapping[Path, str] = field(default_factory=dict)
    """Values that came from elsewhere than the file, and from where: ``option --epsilon``."""

    def where(self, path: Path, *, key: bool = False) -> str:
        """``file:line:column (candidates[0].price)`` of the value (or of its key) or of what encloses it."""
        for size in range(len(path), -1, -1):
            head = path[:size]
            if head in self.said:
                return self.said[head]
            mark = (self.keys.get(head) if key and size == len(path) else None) or self.values.get(head)
            if mark:
                place = f"{self.label}:{mark[0]}:{mark[1]}"
                return f"{place} ({dotted(path)})" if path else place
        return f"{self.label}: {dotted(path)}" if path else self.label

    def line(self, path: Path) -> int | None:
        """The line of the value at `path`; None where it has none."""
        mark = self.values.get(path)
        return mark[0] if mark else None

    def override(self, values: Mapping[Path, tuple[Any, str]]) -> Source:
        """The same source with other values at some paths, each with a word on who said so."""
        tree = self.tree
        for path, (value, _) in values.items():
            tree = _with(tree, path, value)
        return replace(
            self,
            tree=tree,
            said={**self.said, **{path: speaker for path, (_, speaker) in values.items()}},
            raw={path: text for path, text in self.raw.items() if path not in values},
        )


def _with(tree: Value, path: Path, value: Value) -> Value:
    if not path:
        return value
    base = dict(tree) if isinstance(tree, Mapping) else {}
    base[str(path[0])] = _with(base.get(str(path[0])), path[1:], value)
    return base
