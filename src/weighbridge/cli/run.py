"""`weighbridge run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weighbridge.cli.outputs import check_outputs, console, give, output_options
from weighbridge.cli.overrides import override_options

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from weighbridge.project.load import Project
    from weighbridge.weighing.progress import Progress


@click.command()
@click.argument("file", default="weighbridge.yaml")
@output_options
@click.option("--quiet", "-q", is_flag=True, help="Show the verdict alone, no progress.")
@override_options()
def run(file: str, json: str | None, html: str | None, quiet: bool, **said: object) -> int:
    """Weigh the candidates and give the verdict.

    FILE is the project file [default: weighbridge.yaml]. Every answer is kept in the store as it comes: after Ctrl-C,
    a crash or a spent budget the same command goes on where it stopped and pays for no answer twice. Options overrule
    the file.
    """
    from weighbridge.api.weighed import weigh_and_decide
    from weighbridge.project.load import load_project
    from weighbridge.store import open_store

    check_outputs(json, html)
    project = load_project(file, said)
    if not quiet:
        for line in opening(project):
            click.echo(line, err=True)
    with project.placing(), open_store(project.store) as store, watching(quiet) as progress:
        decision = weigh_and_decide(
            **project.work,
            store=store,
            requirements=project.requirements,
            currency=project.options.currency,
            progress=progress,
        )
    return give(decision, json, html)


def watching(quiet: bool) -> AbstractContextManager[Progress]:
    """What is told while it runs: on stderr, so that standard output holds the verdict alone."""
    from contextlib import nullcontext

    from weighbridge.report.live import watch
    from weighbridge.weighing.progress import silent

    return nullcontext(silent) if quiet else watch(console(err=True))


def left_out(project: Project) -> list[str]:
    """Who is not asked, and why: one line each."""
    from weighbridge.report.clean import clean_line

    said = [f"not asked: {clean_line(name)}: {clean_line(why, 400)}" for name, why in project.field.excluded.items()]
    return [*said, *project.field.notes]


def opening(project: Project) -> list[str]:
    """The plan in a line or two: who is weighed, on how much, and what it can take at most."""
    out = project.field.excluded
    asked = [candidate for candidate in project.candidates if candidate.name not in out]
    names = [candidate.name for candidate in asked]
    if not names:
        return [*left_out(project), f"{project.task.name}: nobody is left to ask, and no call is made"]
    items = len(project.task.items)
    if out and len(names) == 1:
        from weighbridge.decide.excluded import ALONE

        items = min(ALONE, items)
    most = items * sum(candidate.repeats for candidate in asked)
    budget = project.budget
    caps = [
        f"{budget.money:g} {project.options.currency}" if budget.money is not None else "",
        f"{budget.calls:,} calls" if budget.calls is not None else "",
        f"{budget.minutes:g} minutes" if budget.minutes is not None else "",
    ]
    capped = ", ".join(cap for cap in caps if cap)
    guesses = [f"  {note}" for note in project.notes]
    who = f"{len(names)} candidate{'' if len(names) == 1 else 's'}"
    return [
        *left_out(project),
        f"{project.task.name}: {', '.join(names)}",
        f"at most {most:,} calls ({who}, {items:,} items), budget {capped or 'without cap'}, "
        f"seed {project.seed}, answers kept in {project.store}",
        *guesses,
    ]
