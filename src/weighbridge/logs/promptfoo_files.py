"""Files a promptfoo configuration refers to: read from its own folder and nowhere else, and never run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, nearest

LARGEST = 1 << 26
"""Bytes of a file that is referred to."""

MOST_VALUES = 2_000_000
"""Values in a YAML file, written out; a few lines of aliases can be made to stand for more than any memory holds."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a configuration, resolved."""

    path: Path

    def file(self, reference: str, where: str) -> Path:
        """The file that `reference` (``file://name`` or a name) means. UsageError: outside the folder, not there."""
        name = reference.removeprefix("file://")
        try:
            found = (self.path / name).resolve()
            inside = found.is_relative_to(self.path)
            there = inside and found.is_file()
        except (OSError, ValueError):
            inside, there = True, False
        if not inside:
            raise UsageError(
                f"{reference!r} leads out of the configuration's folder",
                where=where,
                fix="copy the file into the folder",
            )
        if not there:
            beside = [one.name for one in self.path.iterdir() if one.is_file()]
            raise UsageError(f"there is no file {name!r}", where=where, fix=nearest(name, beside))
        return found

    def text(self, reference: str, where: str) -> str:
        """The content of a text file. UsageError too where it is large or not UTF-8."""
        return read_text(self.file(reference, where))


def read_text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"the file is larger than {LARGEST >> 20} MiB", where=str(path), fix="split it")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the text is not UTF-8", where=str(path), fix="save the file as UTF-8") from None
    except OSError as error:
        raise UsageError(f"cannot be opened: {error.strerror}", where=str(path), fix="check the path") from None


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Values of a YAML or JSON file, tags and all code left out. UsageError with file and line."""
    import yaml

    text = read_text(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if _values(root, {}) > MOST_VALUES:
            raise UsageError("the aliases stand for too many values", where=str(path), fix="write the values out")
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UsageError(f"this is not YAML: {error.problem}", where=f"{path}{line}", fix="mend this line") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise UsageError(f"this YAML cannot be read: {reason}", where=str(path), fix="mend the file") from None


def _values(node: Any, known: dict[int, int]) -> int:  # noqa: ANN401 - a node of PyYAML, a pair of them, or None
    """How many values a node stands for with all aliases written out; endless where it holds itself."""
    if isinstance(node, tuple):
        return sum(_values(each, known) for each in node)
    content = getattr(node, "value", None)
    if not isinstance(content, list):
        return 1
    if id(node) not in known:
        # Until it is counted, it counts as endless: who meets it again stands inside it.
        known[id(node)] = MOST_VALUES + 1
        known[id(node)] = 1 + sum(_values(each, known) for each in content)
    return known[id(node)]
