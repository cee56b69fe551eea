"""From a project file (or a Python mapping of the same shape) to everything a run needs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, TypedDict

from weighbridge.errors import UsageError
from weighbridge.evidence import Budget, Question, Requirements
from weighbridge.project.candidates import check_question, read_candidates
from weighbridge.project.check import checked
from weighbridge.project.demands import demands_read
from weighbridge.project.options import ProjectOptions
from weighbridge.project.overrides import overridden
from weighbridge.project.placing import rooted
from weighbridge.project.secrets import refuse_secrets
from weighbridge.project.source import Path, Source
from weighbridge.project.task import data_source, read_task
from weighbridge.project.yaml_source import read_yaml
from weighbridge.tasks.columns import ColumnMap
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.checks import check_run
from weighbridge.weighing.field import Field
from weighbridge.weighing.limits import Limits

DEFAULT_FILE = "weighbridge.yaml"

_ITEM_LINE = re.compile(r"line (\d+)")


class Work(TypedDict):
    """What is weighed, as keyword arguments."""

    task: Task
    candidates: tuple[Candidate, ...]
    question: Question
    budget: Budget
    seed: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class Project:
    """A project file, read and checked; nothing has been called or paid for."""

    label: str
    """The file as the user named it."""
    folder: FilePath
    """Paths in the file are taken from here."""
    options: ProjectOptions
    task: Task
    candidates: tuple[Candidate, ...]
    question: Question
    requirements: Requirements
    budget: Budget
    limits: Limits
    seed: int
    store: str
    """Where answers are kept, as `store.open_store` takes it."""
    columns: ColumnMap
    notes: tuple[str, ...]
    """What was guessed, one sentence each."""
    source: Source = dataclasses.field(repr=False)
    field: Field
    """Who is asked under the requirements, and who is not."""

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Gives what goes wrong in a run its line: of this file, or of the data."""
        try:
            yield
        except UsageError as error:
            where = error.where or ""
            line = _ITEM_LINE.fullmatch(where)
            path = _path_of(where, self.candidates)
            if line:
                data = data_source(self.options, self.folder)
                error.where = f"{data.path}:{line[1]}"
            elif path and path[0] in ("question", "budget", "candidates", "requirements"):
                error.where = self.source.where(path)
            raise

    @property
    def work(self) -> Work:
        """The arguments that `weighing.weigh` and `weighing.plan` share."""
        return {
            "task": self.task,
            "candidates": self.candidates,
            "question": self.question,
            "budget": self.budget,
            "seed": self.seed,
            "limits": self.limits,
        }


def load_project(
    project: str | FilePath | Mapping[str, Any] = DEFAULT_FILE,
    said: Mapping[str, Any] | None = None,
    *,
    speaker: str = "option {flag}",
    least: int = 2,
) -> Project:
    """Read a project file, or a mapping of the same shape (paths are then taken from the working directory).

    `said` overrules the file, by the names of `project.overrides`; None means unsaid. `least` candidates must be
    there. Raises `UsageError` with the line of whatever cannot be used.
    """
    if isinstance(project, Mapping):
        source, folder = Source("project", dict(project)), FilePath()
    else:
        path = FilePath(project)
        source, folder = read_yaml(path, str(project)), path.parent
    return read_project(overridden(source, said or {}, speaker=speaker), folder, least=least)


def read_project(source: Source, folder: FilePath, *, least: int = 2) -> Project:
    """Check `source` and open what it names."""
    refuse_secrets(source)
    options = checked(source, ProjectOptions)
    check_budget(options.budget, source)
    read = read_task(options, source, folder)
    candidates = read_candidates(options, read, source, folder, least=least)
    if len(candidates) > 1:
        check_question(options.question, candidates, source)
    try:
        check_run(read.task, candidates, options.question, options.budget, least=least)
    except UsageError as error:
        error.where = source.where(_path_of(error.where or "", candidates))
        raise
    return Project(
        label=source.label,
        folder=folder,
        options=options,
        task=read.task,
        candidates=candidates,
        question=options.question,
        requirements=options.requirements,
        budget=options.budget,
        limits=options.limits,
        seed=options.seed,
        store=_store(options.store, folder),
        columns=read.columns,
        notes=(*read.notes, *_odd(candidates)),
        source=source,
        field=demands_read(options, candidates, source),
    )


def check_budget(budget: Budget, source: Source) -> None:
    """Raises `UsageError` for a budget of nothing."""
    for name in ("money", "calls", "minutes"):
        if getattr(budget, name) == 0:
            raise UsageError(
                f"a budget of nothing: {name} is 0, so no call could be made",
                where=source.where(("budget", name)),
                fix=f"give a {name} above 0, or leave it out for no cap; 'weighbridge plan' says what a run takes",
            )


def _odd(candidates: tuple[Candidate, ...]) -> list[str]:
    """What is allowed and yet hardly meant."""
    return [
        f"{one.name!r} answers each item {one.repeats} times at temperature 0: the answers will hardly differ"
        for one in candidates
        if one.repeats > 1
        and one.sampling.temperature == 0
        and one.model.capabilities.temperature
        and not one.model.capabilities.needs_item
    ]


def _path_of(where: str, candidates: tuple[Candidate, ...]) -> Path:
    """``budget: money`` and ``candidates: NAME``, as the checks of a run say it, as a path in the file."""
    section, _, name = where.partition(": ")
    names = [candidate.name for candidate in candidates]
    if section == "candidates" and name in names:
        return (section, names.index(name))
    return (section, name) if name else (section,) if section else ()


def _store(location: str, folder: FilePath) -> str:
    """A plain path is taken from the project's folder; an address is left as it is."""
    if location.lower().startswith("sqlite:") and not location[7:].startswith("//"):
        return str(rooted(location[7:], folder))
    return location if "://" in location else str(rooted(location, folder))
