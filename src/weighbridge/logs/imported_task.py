"""Another tool's task as a Weighbridge project: what could be mapped, its items, and a list of what could not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.logs.whole_file import write_whole

ITEMS = "items.jsonl"
"""Where a project that is written finds its items."""


@dataclass(frozen=True, slots=True)
class ImportedTask:
    """A project's mapping, as ``weighbridge.yaml`` has it, with ``data.path`` naming `ITEMS`."""

    project: dict[str, Any]
    rows: tuple[dict[str, Any], ...]
    """The items, one mapping each."""
    not_mapped: tuple[str, ...] = ()
    """What of the other tool's task is not in the project, a sentence each; empty where all of it is."""

    def write(self, folder: Path, name: str = "weighbridge.yaml") -> Path:
        """Writes the project and its items into `folder`; returns the project file.

        UsageError where one of them is there already.
        """
        import yaml

        folder.mkdir(parents=True, exist_ok=True)
        project, items = folder / name, folder / ITEMS
        for path in (project, items):
            if path.exists():
                raise UsageError(
                    "the file is there already", where=str(path), fix="name another folder, or remove it"
                )
        write_whole(items, b"".join(msgspec.json.encode(row) + b"\n" for row in self.rows))
        comments = "".join(f"# Not mapped: {' '.join(one.split())}\n" for one in self.not_mapped)
        text = yaml.safe_dump(self.project, sort_keys=False, allow_unicode=True, width=110)
        write_whole(project, f"# Check it with: weighbridge check {name}\n{comments}{text}")
        return project
