"""A suite as an ordinary project: its items in a file, its prompt and scorer in a project file to go on from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.tasks.marking import Marker
from weighbridge.tasks.suites.build import SuiteTask

ITEMS = "items.jsonl"
PROJECT = "weighbridge.yaml"


def write_project(suite: SuiteTask, folder: Path, models: Sequence[str]) -> tuple[Path, Path]:
    """Write items and project file into `folder` (made where it is not there), for `models` as candidates.

    What is written weighs the same items with the same prompt and scorer as the suite; examples are left out.
    Raises `UsageError` where a file is there already.
    """
    items, project = folder / ITEMS, folder / PROJECT
    for path in (items, project):
        if path.exists():
            raise UsageError("the file is there already", where=str(path), fix="name another folder, or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    encoder = msgspec.json.Encoder()
    with items.open("wb") as file:
        for item in suite.task.items:
            fields = {name: value for name, value in item.fields.items() if name not in ("_id", "_reference")}
            row = {**fields, "_id": item.id, "_reference": item.reference}
            if item.cluster is not None:
                row["_cluster"] = item.cluster
            file.write(encoder.encode(row) + b"\n")
    project.write_text(_project(suite, models), encoding="utf-8")
    return items, project


def _project(suite: SuiteTask, models: Sequence[str]) -> str:
    import yaml

    definition, task = suite.suite, suite.task
    columns = {name for item in task.items for name in item.fields}
    data: dict[str, Any] = {"path": ITEMS, "id": "_id", "reference": "_reference"}
    data["input"] = [name for name in definition.show if name in columns]
    if any(item.cluster is not None for item in task.items):
        data["cluster"] = "_cluster"
    if definition.subset is not None:
        data["meta"] = [definition.subset]
    if definition.options and not definition.labels:
        data["choices"] = list(definition.options) if len(definition.options) > 1 else definition.options[0]
    prompt = {"user": definition.ask.user}
    if definition.ask.system is not None:
        prompt = {"system": definition.ask.system, **prompt}
    tree: dict[str, Any] = {"name": task.name, "data": data, "prompt": prompt}
    if definition.labels:
        tree["choices"] = list(definition.labels)
    tree["scorer"] = _scorer(suite)
    tree["candidates"] = [{"model": model, "max_tokens": definition.max_tokens} for model in models]
    head = (
        f"# {definition.title}: {definition.about}\n"
        f"# Source: {definition.source}. Licence of the data: {definition.licence}.\n"
        f"# {len(task.items):,} items, digest {suite.digest}.\n"
    )
    return head + yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=110)


def _scorer(suite: SuiteTask) -> str | dict[str, Any]:
    marker = suite.task.scorer
    if not isinstance(marker, Marker):
        raise TypeError("a suite's scorer is a Marker")
    changed = {
        field.encode_name: msgspec.to_builtins(getattr(marker.settings, field.name))
        for field in msgspec.structs.fields(type(marker.settings))
        if field.name not in ("base", "choices") and getattr(marker.settings, field.name) != _default(field)
    }
    return {"name": marker.spec.name, **changed} if changed else marker.spec.name


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
