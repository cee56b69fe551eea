"""`weighbridge check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weighbridge.cli.overrides import override_options

if TYPE_CHECKING:
    from weighbridge.project.load import Project

LONGEST = 1_500
"""Characters of a prompt that are shown."""


@click.command()
@click.argument("file", default="weighbridge.yaml")
@override_options()
def check(file: str, **said: object) -> int:
    """Read a project file and show what would be asked.

    FILE is the project file [default: weighbridge.yaml]. Shows the columns, the question and the first prompt of
    each candidate. No model is called and nothing is written.
    """
    from weighbridge.project.load import load_project

    project = load_project(file, said)
    for line in summary(project):
        click.echo(line)
    return 0


def summary(project: Project) -> list[str]:
    """The project as it was understood."""
    from weighbridge.project.candidates import side_of
    from weighbridge.report.clean import clean_line, clean_text

    task, columns = project.task, project.columns
    lines = [f"{project.label}: {clean_line(task.name)}", f"  items      {len(task.items):,}"]
    shown = {
        "id": columns.id or "(rows are numbered)",
        "input": ", ".join(columns.input),
        "reference": ", ".join(columns.reference) or "(none)",
        "choices": ", ".join(task.choices or columns.choices),
        "cluster": columns.cluster or "",
        "meta": ", ".join(columns.meta),
    }
    lines += [f"  {role:<10} {clean_line(text)}" for role, text in shown.items() if text]
    lines += [f"  scorer     {clean_line(task.scorer_key)}", f"  question   {_question(project)}"]
    lines += [f"  store      {project.store}", *(f"  note       {clean_line(note, 400)}" for note in project.notes)]
    item = task.items[0]
    for candidate in project.candidates:
        model = candidate.model
        facts = [side_of(candidate), f"model {model.spec}"]
        facts += ["simulated"] if model.simulated else []
        facts += [] if candidate.price.known else ["price unknown"]
        facts += [f"{candidate.repeats} answers per item"] if candidate.repeats > 1 else []
        lines += ["", f"{clean_line(candidate.name)} ({clean_line(', '.join(facts))})"]
        if model.capabilities.needs_item:
            lines.append(f"  answers from item {clean_line(item.id)} itself, not from a prompt")
            continue
        for message in candidate.prompt.render(item):
            text = clean_text(message.content, LONGEST)
            lines += [f"  {message.role}:", *(f"    {line}".rstrip() for line in text.splitlines())]
    return [*lines, "", "ready: weighbridge plan says what it takes, weighbridge run gives the verdict"]


def _question(project: Project) -> str:
    question = project.question
    other = question.reference or "the best closed one"
    asked = {
        "best": f"the best, within {question.epsilon:g}",
        "pareto": f"quality against cost, within {question.epsilon:g}",
        "non_inferior": f"an open one at most {question.margin:g} below {other}",
        "superior": f"an open one above {other}",
    }[question.goal]
    about = "the traffic these items came from" if question.claim == "population" else "these items alone"
    return f"{asked}; about {about}; wrong in at most {question.alpha:.0%} of runs"
