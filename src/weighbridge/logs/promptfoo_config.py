"""Turns a promptfoo configuration into a Weighbridge project: prompts, providers, tests and assertions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.logs.imported_task import ITEMS, ImportedTask
from weighbridge.logs.promptfoo_files import Folder, read_yaml
from weighbridge.logs.promptfoo_prompts import prompts_of
from weighbridge.logs.promptfoo_providers import candidates_of
from weighbridge.logs.promptfoo_tests import Judged, judged, tests_of

KNOWN = {"description", "prompts", "providers", "targets", "tests", "defaultTest", "$schema", "outputPath", "sharing"}
"""Keys that are mapped, or that say nothing about the task."""


def import_promptfoo(path: Path) -> ImportedTask:
    """The project of a ``promptfooconfig.yaml`` (or .json).

    Prompts become templates (``{{variable}}`` means the same in both), providers with an OpenAI-compatible endpoint
    become candidates, tests become items, and the assertion that names a right answer becomes the scorer. Files are
    read from the configuration's folder alone, and no code is run. All else is listed in `ImportedTask.not_mapped`.

    UsageError: it cannot be read, a file is missing or lies outside the folder, or no test names a right answer.
    """
    tree = read_yaml(path)
    if not isinstance(tree, dict) or not ({"prompts", "tests"} & tree.keys()):
        raise UsageError(
            "this is no promptfoo configuration: it has neither prompts nor tests",
            where=str(path),
            fix="name the promptfooconfig.yaml",
        )
    folder = Folder(path.parent.resolve())
    lost: list[str] = [f"{key}: is not read." for key in tree if key not in KNOWN]
    prompts = prompts_of(tree.get("prompts"), folder, str(path), lost)
    tests = tests_of(tree.get("tests"), tree.get("defaultTest"), folder, str(path), lost)
    marks = judged(tests, str(path), lost)
    rows = tuple(
        {"id": f"test-{number}", **test.values, marks.column: reference}
        for number, (test, reference) in enumerate(zip(tests, marks.references, strict=True))
        if reference is not None
    )
    project: dict[str, Any] = {
        "name": str(tree.get("description") or path.parent.resolve().name or "promptfoo"),
        "data": {"path": ITEMS, "id": "id", "reference": marks.column, "input": _inputs(rows, marks)},
        "prompts": dict(prompts),
        "scorer": marks.scorer,
        "candidates": candidates_of(tree.get("providers") or tree.get("targets"), list(prompts), lost),
    }
    if marks.requirements:
        project["requirements"] = marks.requirements
    return ImportedTask(project, rows, tuple(dict.fromkeys(lost)))


def _inputs(rows: tuple[dict[str, Any], ...], marks: Judged) -> list[str]:
    """Variables that differ from the right answer: those may be shown."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [
        name
        for name in names
        if name not in ("id", marks.column) and any(row.get(name) != row[marks.column] for row in rows)
    ]
