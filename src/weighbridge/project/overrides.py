"""Options of the command line (and keywords of the Python API) that say otherwise than the project file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Budget, Question, Requirements
from weighbridge.project.fields import OptionField, fields_of
from weighbridge.project.options import ProjectOptions
from weighbridge.project.source import Path, Source
from weighbridge.tasks.source import DataSource
from weighbridge.weighing.limits import Limits


@dataclass(frozen=True, slots=True)
class Override:
    """One option that may be said outside the file."""

    name: str
    """As a Python keyword: ``budget_money``; with dashes as a flag: ``--budget-money``."""
    path: Path
    """Where it stands in the file."""
    field: OptionField

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


def overrides() -> tuple[Override, ...]:
    """Every option that may be overridden, in the order in which help shows them."""
    found = [
        *_of(Question, "question"),
        *_of(Requirements, "requirements", only=("cost_per_1000", "latency_p95", "cost_per_month")),
        *_of(Budget, "budget", prefix="budget_"),
        *_of(ProjectOptions, only=("seed", "store")),
        *_of(Limits, "limits", only=("concurrency", "deadline", "attempts")),
        *_of(DataSource, "data", only=("limit",)),
    ]
    return tuple(found)


def overridden(source: Source, said: Mapping[str, Any], *, speaker: str = "option {flag}") -> Source:
    """`source` with the options in `said` (by keyword; None means unsaid) in place of its own."""
    known = {one.name: one for one in overrides()}
    values: dict[Path, tuple[Any, str]] = {}
    for name, value in said.items():
        if name not in known:
            raise UsageError(f"unknown option {name!r}", fix=nearest(name, known))
        if value is not None:
            one = known[name]
            values[one.path] = (value, speaker.format(flag=one.flag, name=one.name))
    if not values:
        return source
    if isinstance(source.tree.get("data"), str) and any(path[0] == "data" for path in values):
        # The short form `data: FILE` has no place for another option of the data.
        values = {("data", "path"): (source.tree["data"], source.where(("data",))), **values}
    return source.override(values)


def _of(cls: type, section: str | None = None, prefix: str = "", only: tuple[str, ...] = ()) -> list[Override]:
    head: Path = (section,) if section else ()
    return [
        Override(prefix + field.name, (*head, field.name), field)
        for field in fields_of(cls)
        if not only or field.name in only
    ]
