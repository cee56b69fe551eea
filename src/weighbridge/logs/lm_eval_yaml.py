"""Reads the YAML of an lm-evaluation-harness task: no code, no tags, includes merged as lm-eval merges them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from weighbridge.errors import UsageError

LARGEST = 1 << 20
"""Bytes of one task file; the largest that lm-eval carries have some tens of kB."""

DEEPEST = 8
"""Includes within includes."""


class _TaskLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which also tells where a function is named instead of failing on the tag."""


def _function(loader: _TaskLoader, _suffix: str, node: yaml.Node) -> None:
    named = f" {node.value}" if isinstance(node, yaml.ScalarNode) else ""
    raise UsageError(
        f"the task runs Python code ({node.tag}{named}), and no code of a task file is run",
        where=f"{loader.name}:{node.start_mark.line + 1}",
        fix="write what the function does as a template, or apply it to the data beforehand and leave it out here",
    )


_TaskLoader.add_multi_constructor("!", _function)


def read_task(path: Path, depth: int = 0) -> dict[str, Any]:
    """The task's configuration, with what it includes under it.

    UsageError with the line: not YAML, a function or another tag, an include that is missing, absolute or circular.
    """
    if depth > DEEPEST:
        raise UsageError("files include each other without end", where=str(path), fix="remove one `include:`")
    tree = _parsed(path)
    included = tree.pop("include", None)
    merged: dict[str, Any] = {}
    for name in included if isinstance(included, list) else [included] if included else []:
        other = Path(str(name))
        if other.is_absolute():
            raise UsageError(
                f"the include {str(name)!r} is absolute", where=str(path), fix="name it from this folder"
            )
        merged |= read_task(path.parent / other, depth + 1)
    return merged | tree


def _parsed(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError("the file is too large for a task", where=str(path), fix="name the task's YAML file")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the file is not UTF-8", where=str(path), fix="save it as UTF-8") from None
    except OSError as error:
        raise UsageError(
            f"the task file cannot be read: {error.strerror}", where=str(path), fix="check the path"
        ) from None
    loader = None
    try:
        loader = _TaskLoader(text)
        loader.name = str(path)
        tree = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UsageError(f"this is not YAML: {error.problem}", where=f"{path}{line}", fix="mend that line") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise UsageError(f"this is not YAML: {error}", where=str(path), fix="mend the file") from None
    except RecursionError:
        raise UsageError("the YAML is nested too deeply", where=str(path), fix="flatten it") from None
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(tree, dict):
        raise UsageError("this is no task: it holds no `key: value` lines", where=str(path), fix="name a task file")
    return {str(key): value for key, value in tree.items()}
