"""How much hangs on the prompt, from Python."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighbridge.errors import UsageError
from weighbridge.store import open_store
from weighbridge.variants import Plan, weigh_variants
from weighbridge.weighing.blocking import completed
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.progress import Progress

if TYPE_CHECKING:
    from weighbridge.project.load import Project
    from weighbridge.variants import Sensitivity


def sensitivity(
    project: str | Path | Mapping[str, Any] | None = None,
    *,
    variants: Sequence[str] = (),
    candidates: Sequence[str] = (),
    items: int | None = None,
    tune: int | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
    speaker: str = "keyword {name}",
    **options: Any,  # noqa: ANN401 - checked by name and type against the project file's declaration
) -> Sensitivity:
    """Weigh several prompts as one question: the spread of each candidate, and whether the verdict survives them all.

    project
        A project file (``weighbridge.yaml`` where nothing is said), or a mapping of the same shape, with at least two
        prompts under ``prompts``. One candidate is enough.
    variants, candidates, items, tune
        In place of the project's ``sensitivity``: prompts and candidates by name, items that everyone answers under
        every prompt, and how many of these each one's best prompt is chosen on.
    progress, told
        Called with every event of the runs; with lines on what is about to be asked.
    speaker
        How an error names an option: ``keyword {name}`` or ``option {flag}``.
    options
        Single options by the names that the command line has.

    Works where an event loop runs already. Raises `UsageError` for input that cannot be used.
    """
    from weighbridge.project.load import DEFAULT_FILE, load_project

    loaded = load_project(project if project is not None else DEFAULT_FILE, options, speaker=speaker, least=1)
    plan = _plan(loaded, variants, candidates, items, tune)
    for line in opening(plan):
        if told is not None:
            told(line)
    halt = Halt()
    with loaded.placing(), open_store(loaded.store) as store:

        async def whole() -> Sensitivity:
            try:
                return await weigh_variants(
                    plan,
                    loaded.question,
                    store=store,
                    requirements=loaded.requirements,
                    budget=loaded.budget,
                    seed=loaded.seed,
                    limits=loaded.limits,
                    progress=progress,
                    halt=halt,
                    currency=loaded.options.currency,
                )
            finally:
                models = {id(one.model): one.model for one in loaded.candidates}
                await asyncio.gather(*(model.close() for model in models.values()))

        return completed(whole, halt)


def opening(plan: Plan) -> list[str]:
    """What is about to be asked, at least."""
    people = len(plan.candidates)
    who = "one candidate" if people == 1 else f"{people} candidates"
    return [
        f"{who}, {len(plan.variants)} prompts: everyone answers {plan.items:,} items under every prompt, "
        f"{plan.calls_at_first:,} answers at first"
        + ("" if people + len(plan.fixed) == 1 else ", then as many as the verdicts need"),
    ]


def _declared(project: Project) -> tuple[str, ...]:
    """The prompts that the file states; the usual one of a file that states others is not among them."""
    options = project.options
    return ("default", *options.prompts) if options.prompt is not None else tuple(options.prompts)


def _plan(
    project: Project, variants: Sequence[str], candidates: Sequence[str], items: int | None, tune: int | None
) -> Plan:
    """The project's `sensitivity` with what was said in its place; errors are shown on their line of the file."""
    said = project.options.sensitivity
    # A number of items said here that does not reach for the file's split: half of them, as where none is stated.
    fits = said.tune is None or items is None or said.tune <= items
    split = tune if tune is not None else said.tune if fits else None
    try:
        return Plan.of(
            project.task,
            project.candidates,
            variants=variants or said.variants or _declared(project),
            names=candidates or said.candidates,
            items=said.items if items is None else items,
            tune=split,
        )
    except UsageError as error:
        section, _, name = (error.where or "").partition(": ")
        given = {"variants": variants, "candidates": candidates, "tune": tune}
        if section == "sensitivity" and not given.get(name):
            error.where = project.source.where((section, name))
        raise
