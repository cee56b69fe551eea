"""The Python face: weigh candidates on a task, or stored scores, and get a decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighbridge.api.weighed import weigh_and_decide
from weighbridge.decide import Decision, decide
from weighbridge.decide.decide import NOTHING_DEMANDED
from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Budget, Question, Requirements, Side
from weighbridge.store import DEFAULT, open_store
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import Progress
from weighbridge.weighing.weigh import DEFAULT_LIMITS, NO_BUDGET

if TYPE_CHECKING:
    from weighbridge.evidence import Evidence
    from weighbridge.evidence.scores_file import Missing
    from weighbridge.logs.figures import Tally
    from weighbridge.logs.log import Settings


def compare(
    project: str | Path | Mapping[str, Any] | None = None,
    *,
    task: Task | None = None,
    candidates: Sequence[Candidate | str] | None = None,
    question: Question | None = None,
    requirements: Requirements | None = None,
    budget: Budget | None = None,
    limits: Limits | None = None,
    store: str | Path | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    **options: Any,  # noqa: ANN401 - checked by name and type against the project file's declaration
) -> Decision:
    """Weigh candidates until the question is answered, and decide.

    project
        A project file (``weighbridge.yaml`` where nothing is said), or a mapping of the same shape.
    task, candidates
        In place of a project: a `Task`, and `Candidate` objects or model specs such as ``"gguf:smollm2"``.
    question, requirements, budget, limits, seed, store
        In place of what the project says. `store` is a path; every paid answer is kept there and never asked twice.
    progress
        Called with every event of the run (see `weighing.progress`).
    options
        Single options by the names that the command line has: ``alpha=0.1``, ``budget_calls=500``.

    Works where an event loop runs already, as in a notebook; an interrupt there stops the run with a valid outcome.
    Raises `UsageError` for input that cannot be used, `WeighbridgeError` where the run fails.
    """
    if task is not None:
        if project is not None or options:
            given = "a project" if project is not None else ", ".join(options)
            raise UsageError(
                f"compare() was given a task and {given}", where="compare", fix="pass question=, budget= and so on"
            )
        if candidates is None:
            raise UsageError("a task needs candidates", where="compare", fix='candidates=["gguf:smollm2", ...]')
        with open_store(DEFAULT if store is None else store) as opened:
            return weigh_and_decide(
                task,
                _candidates(candidates, task),
                question or Question(),
                store=opened,
                requirements=requirements or NOTHING_DEMANDED,
                budget=budget or NO_BUDGET,
                limits=limits or DEFAULT_LIMITS,
                seed=seed or 0,
                progress=progress,
            )
    if candidates is not None:
        raise UsageError("candidates were given without a task", where="compare", fix="pass task= too, or a project")
    from weighbridge.project.load import DEFAULT_FILE, load_project

    said = {**options, "seed": seed, "store": None if store is None else str(store)}
    loaded = load_project(project if project is not None else DEFAULT_FILE, said, speaker="keyword {name}")
    with open_store(loaded.store) as opened:
        return weigh_and_decide(
            loaded.task,
            loaded.candidates,
            question or loaded.question,
            store=opened,
            requirements=requirements or loaded.requirements,
            budget=budget or loaded.budget,
            limits=limits or loaded.limits,
            seed=loaded.seed,
            currency=loaded.options.currency,
            progress=progress,
        )


def compare_scores(
    scores: str | Path | object,
    models: Sequence[str] | str | None = None,
    *,
    question: Question | None = None,
    requirements: Requirements | None = None,
    sequential: bool = False,
    seed: int = 0,
    columns: Mapping[str, str] | None = None,
    sides: Mapping[str, Side] | None = None,
    models_file: str | Path | None = None,
    missing: Missing = "shared",
    encoding: str | None = None,
    title: str | None = None,
    currency: str = "USD",
    **options: Any,  # noqa: ANN401 - checked by name and type against the project file's declaration
) -> Decision:
    """Decide on scores that are already there, without a call.

    `scores` is a file or a data frame as `evidence.scores_file.load_scores` reads it, which also explains `models`,
    `columns`, `sides`, `models_file`, `missing` and `encoding`. All scores are used at once; with `sequential` they
    are replayed in the order of `seed` as calls not yet made, and `Decision.calls.made` is how many were needed.
    `options` are those of the question and the requirements: ``goal="non_inferior", margin=0.02``. `models` may also
    be one text with commas, as on the command line.

    Raises `UsageError` with file and line for a table that cannot be used.
    """
    from weighbridge.evidence.scores_file import load_scores

    asked, demanded = _said(question, requirements, options)
    stored = load_scores(
        scores,
        models=[name.strip() for name in models.split(",")] if isinstance(models, str) else models,
        columns=columns,
        sides=sides,
        models_file=models_file,
        missing=missing,
        encoding=encoding,
    )
    shown = str(scores) if isinstance(scores, str | Path) else "stored scores"
    return _decided(
        stored.evidence,
        stored.notes,
        (asked, demanded),
        sequential,
        seed,
        title=shown if title is None else title,
        currency=currency,
    )


def compare_logs(
    *paths: str | Path,
    models: Sequence[str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
    rescore: str | None = None,
    rescore_settings: Mapping[str, Any] | None = None,
    question: Question | None = None,
    requirements: Requirements | None = None,
    sequential: bool = False,
    seed: int = 0,
    sides: Mapping[str, Side] | None = None,
    missing: Missing = "shared",
    title: str | None = None,
    currency: str = "USD",
    told: Callable[[Sequence[Tally]], None] | None = None,
    **options: Any,  # noqa: ANN401 - checked by name and type against the project file's declaration
) -> Decision:
    """Decide on the logs of other tools, files or folders, without a call.

    Formats are recognised from content, or all are `format`. `rescore` names a scorer (with `rescore_settings`) that
    scores the stored answers again. `told` is called with what each log holds and whether its own figure comes out of
    its rows; where it does not, a warning says so. The rest is as in `compare_scores`.

    Raises `UsageError` for logs that cannot be read or have no item in common.
    """
    from weighbridge.logs.gather import gather

    asked, demanded = _said(question, requirements, options)
    logs = gather(paths, models, format, rescore, rescore_settings, sides or {}, missing)
    if told is not None:
        told(logs.tallies)
    shown = ", ".join(Path(path).name for path in paths[:4]) + (", ..." if len(paths) > 4 else "")
    title = shown if title is None else title
    return _decided(
        logs.evidence,
        logs.notes,
        (asked, demanded),
        sequential,
        seed,
        title=title,
        currency=currency,
        settings=logs.settings,
    )


def _decided(
    evidence: Evidence,
    notes: Sequence[str],
    said: tuple[Question, Requirements],
    sequential: bool,
    seed: int,
    *,
    title: str,
    currency: str,
    settings: Mapping[str, Settings] | None = None,
) -> Decision:
    """The decision on a score table, with `notes` above the verdict; `settings` tell how its answers came about."""
    from weighbridge.weighing.stored import weigh_stored

    asked, demanded = said
    names = [column.name for column in evidence.columns]
    if asked.reference is not None and asked.reference not in names:
        raise UsageError(
            f"the reference {asked.reference!r} is not among the models weighed",
            where="reference",
            fix=nearest(asked.reference, names),
        )
    run = weigh_stored(evidence, asked, seed, sequential=sequential)
    noted = replace(run, notes=(*notes, *run.notes))
    return decide(noted, demanded, title=title, currency=currency, settings=settings)


def _said(
    question: Question | None, requirements: Requirements | None, options: Mapping[str, Any]
) -> tuple[Question, Requirements]:
    """Question and requirements with single options put over them, checked."""
    import msgspec

    from weighbridge.project.check import checked
    from weighbridge.project.source import Source

    tree: dict[str, dict[str, Any]] = {
        "question": msgspec.structs.asdict(question or Question()),
        "requirements": msgspec.structs.asdict(requirements or Requirements()),
    }
    known = {name: part for part, fields in tree.items() for name in fields}
    for name, value in options.items():
        if name not in known:
            raise UsageError(f"unknown option {name!r}", where="compare_scores", fix=nearest(name, known))
        tree[known[name]][name] = value
    source = Source("compare_scores", tree)
    return (
        checked(source, Question, ("question",), tree["question"]),
        checked(source, Requirements, ("requirements",), tree["requirements"]),
    )


def _candidates(given: Sequence[Candidate | str], task: Task) -> tuple[Candidate, ...]:
    """Candidates as they are; a spec becomes one with the task's default prompt and settings."""
    from weighbridge.catalog.quote import price_of
    from weighbridge.models.specs import open_model

    found = []
    for one in given:
        if isinstance(one, Candidate):
            found.append(one)
            continue
        if "default" not in task.prompts:
            raise UsageError(
                f"the spec {one!r} needs the task's prompt named 'default', and there is none",
                where="candidates",
                fix=f"give a Candidate with its prompt; the task has: {', '.join(task.prompts) or 'none'}",
            )
        price, price_source = price_of(one)
        found.append(
            Candidate(
                name=one,
                model=open_model(one),
                prompt=task.prompts["default"],
                price=price,
                price_source=price_source,
                choices=task.choices,
                json_schema=task.json_schema,
            )
        )
    return tuple(found)
