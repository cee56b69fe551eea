"""From the candidates of a project file to models with prompt, settings and price; each one unlike the others."""

from __future__ import annotations

import re
from pathlib import Path as FilePath

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Question, Side
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Model
from weighbridge.models.specs import open_model
from weighbridge.project.answering import manner_of
from weighbridge.project.fields import fields_of
from weighbridge.project.options import CandidateOptions, ProjectOptions, PromptOptions
from weighbridge.project.pricing import priced
from weighbridge.project.source import Path, Source
from weighbridge.project.task import TaskRead
from weighbridge.tasks.task import Prompt, Task
from weighbridge.weighing.candidate import Candidate

DEFAULT_PROMPT = "default"


def read_candidates(
    project: ProjectOptions,
    read: TaskRead,
    source: Source,
    folder: FilePath,
    *,
    least: int = 2,
) -> tuple[Candidate, ...]:
    """Open every model (nothing is loaded or connected yet). Raises `UsageError`, also for fewer than `least`."""
    given, task, own_prompts = project.candidates, read.task, read.own_prompts
    if len(given) < least:
        raise UsageError(
            "there is nothing to compare: the file has one candidate",
            where=source.where(("candidates",)),
            fix="name at least two; a rule of your own (model: python:my_rules.answer) makes a good baseline",
        )
    found: list[Candidate] = []
    for index, options in enumerate(given):
        path: Path = ("candidates", index)
        prompt = own_prompts.get(index) or _prompt(options, task, source, path)
        name = options.name or _name(options)
        for other, earlier in enumerate(found):
            if earlier.name == name:
                raise _same_name(name, options, source, path, other)
        model = _opened(options, source, path, folder)
        manner = manner_of(options, project, model, read, source, path)
        held = options.constrain
        price, price_source = priced(options, project.currency)
        found.append(
            Candidate(
                name=name,
                model=model,
                prompt=prompt,
                sampling=options.sampling,
                price=price,
                price_source=price_source,
                side=options.options.side,
                repeats=options.repeats,
                choices=task.choices if held else None,
                json_schema=task.json_schema if held and not task.choices else None,
                protocol=manner.protocol,
                normalise=manner.normalise,
                continuations=manner.continuations,
                facts=options.facts,
                policy=options.policy,
            )
        )
    _refuse_alike(found, given, source)
    return tuple(found)


def check_question(question: Question, candidates: tuple[Candidate, ...], source: Source) -> None:
    """Raises `UsageError` where the question cannot be asked of these candidates."""
    names = [candidate.name for candidate in candidates]
    if question.reference is not None and question.reference not in names:
        raise UsageError(
            f"question.reference names no candidate: {question.reference!r}",
            where=source.where(("question", "reference")),
            fix=nearest(question.reference, names),
        )
    if question.goal not in ("non_inferior", "superior"):
        return
    sides = {candidate.name: side_of(candidate) for candidate in candidates}
    challengers = [name for name, side in sides.items() if side == "open" and name != question.reference]
    place = source.where(("question", "goal"))
    listed = ", ".join(f"{name} ({side})" for name, side in sides.items())
    if not challengers:
        raise UsageError(
            f"the goal {question.goal} asks about an open candidate, and there is none"
            + (" beside the reference" if question.reference else ""),
            where=place,
            fix=f"say 'side: open' at one, or ask another question; the sides are: {listed}",
        )
    if question.reference is None and "closed" not in sides.values():
        raise UsageError(
            f"the goal {question.goal} compares with the best closed candidate, and there is none",
            where=place,
            fix=f"name the candidate to compare with (question: reference: NAME), or say 'side: closed' at one; "
            f"the sides are: {listed}",
        )


def side_of(candidate: Candidate) -> Side:
    """The side it is weighed on."""
    return candidate.side or candidate.model.side


def _opened(options: CandidateOptions, source: Source, path: Path, folder: FilePath) -> Model:
    """The model; an error about one of its options is shown on that option's line."""
    try:
        return open_model(options.model, options.options, folder)
    except UsageError as error:
        said = f"{error.what} {error.where or ''}"
        named = [field.name for field in fields_of(ModelOptions) if re.search(rf"\b{field.name}\b", said)]
        key = next((name for name in named if (*path, name) in source.values), "model")
        here = source.where((*path, key))
        told = error.where is None or options.model in error.where
        error.where = here if told else f"{here}: {error.where}"
        raise


def _prompt(options: CandidateOptions, task: Task, source: Source, path: Path) -> Prompt:
    name = options.prompt if isinstance(options.prompt, str) else DEFAULT_PROMPT
    if name not in task.prompts:
        raise UsageError(
            f"there is no prompt {name!r}",
            where=source.where((*path, "prompt")),
            fix=f"{nearest(name, task.prompts)} Prompts are declared under 'prompts:'; a template of its "
            "own is written as 'prompt: {user: ...}'",
        )
    return task.prompts[name]


def _name(options: CandidateOptions) -> str:
    """The spec, and the prompt where it is not the default."""
    if isinstance(options.prompt, str) and options.prompt != DEFAULT_PROMPT:
        return f"{options.model}, {options.prompt}"
    return options.model if options.prompt is None else f"{options.model}, own prompt"


def _same_name(name: str, options: CandidateOptions, source: Source, path: Path, other: int) -> UsageError:
    line = source.line(("candidates", other))
    first = f" (the other is on line {line})" if line else ""
    if options.name is None:
        return UsageError(
            f"two candidates are called {name!r}{first}: neither has a name of its own",
            where=source.where(path),
            fix="give each a 'name:' that says how they differ, or remove one if they do not",
        )
    return UsageError(
        f"two candidates are named {name!r}{first}",
        where=source.where((*path, "name")),
        fix="give each candidate a name of its own",
    )


def _refuse_alike(found: list[Candidate], given: tuple[CandidateOptions, ...], source: Source) -> None:
    """The same model asked the same in the same way would be one candidate paid for twice."""
    seen: dict[bytes, int] = {}
    for index, (candidate, options) in enumerate(zip(found, given, strict=True)):
        alike = msgspec.json.encode(
            (
                candidate.model.spec,
                candidate.model.revision,
                options.sampling,
                _said(options, candidate),
                options.constrain,
                candidate.protocol,
                candidate.normalise,
                options.choice_as,
                options.options,
            ),
            order="sorted",
        )
        other = seen.setdefault(alike, index)
        if other != index:
            line = source.line(("candidates", other))
            raise UsageError(
                f"the candidates {found[other].name!r}{f' (line {line})' if line else ''} and {candidate.name!r} are "
                "alike: same model, prompt and settings",
                where=source.where(("candidates", index)),
                fix="change the model, prompt or settings of one, or remove it; to average several answers of one "
                "candidate use 'repeats:'",
            )


def _said(options: CandidateOptions, candidate: Candidate) -> tuple[str, PromptOptions | None]:
    own = options.prompt if isinstance(options.prompt, PromptOptions) else None
    return ("" if own else candidate.prompt.name, own)
