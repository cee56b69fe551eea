"""From `protocol`, `normalise` and `choice_as` of a project file to how a candidate answers."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.errors import UsageError
from weighbridge.evidence import AnswerProtocol
from weighbridge.models.protocol import Model, Normalise
from weighbridge.project.options import CandidateOptions, ProjectOptions
from weighbridge.project.source import Path, Source
from weighbridge.project.task import TaskRead
from weighbridge.tasks.continuation import Continuations
from weighbridge.tasks.marking import Marker
from weighbridge.tasks.scorers.choice import Choice


@dataclass(frozen=True, slots=True)
class Manner:
    """What a `Candidate` takes over."""

    protocol: AnswerProtocol
    normalise: Normalise
    continuations: Continuations | None


def manner_of(
    options: CandidateOptions, project: ProjectOptions, model: Model, read: TaskRead, source: Source, path: Path
) -> Manner:
    """How this candidate answers; what it does not say, the project says for all.

    A rule or a record answers by itself, so that what is said for all does not bind it. Raises `UsageError` for a
    template that is wrong.
    """
    capabilities = model.capabilities
    alone = capabilities.needs_item and not model.simulated and not capabilities.scoring
    shared = alone and options.protocol is None
    protocol = "generate" if shared else options.protocol or project.protocol
    if protocol == "choice" and not options.constrain:
        raise UsageError(
            "`constrain: false` and `protocol: choice` contradict each other",
            where=source.where((*path, "constrain")),
            fix="leave one of them out",
        )
    normalise = options.normalise or ("none" if protocol != "loglikelihood" else project.normalise)
    template, place = options.choice_as, (*path, "choice_as")
    if template is None:
        template, place = project.choice_as, ("choice_as",)
    usual = options.prompt is None and project.prompt is None and not project.prompts
    return Manner(protocol, normalise, _continuations(template, read, source, place, letter=usual))


def _continuations(
    template: str | None, read: TaskRead, source: Source, place: Path, *, letter: bool
) -> Continuations | None:
    """`letter`: the prompt is the usual one, which asks for the letter where each item has its own options."""
    task = read.task
    columns = read.columns.choices
    if isinstance(task.scorer, Marker) and isinstance(task.scorer.settings, Choice):
        columns = task.scorer.settings.columns or columns
    if task.choices is None and not columns:
        if template is not None:
            raise UsageError(
                "'choice_as' says how a choice is written, and the task has no choices",
                where=source.where(place),
                fix="list them under 'choices', or leave 'choice_as' out",
            )
        return None
    made = Continuations(
        task.choices,
        () if task.choices is not None else columns,
        template,
        read.columns.reference,
        source.where(place) if template is not None else "choice_as",
        letter=letter and task.choices is None,
    )
    known = {name for item in task.items[:1] for name in item.fields}
    made.check(known)
    return made
