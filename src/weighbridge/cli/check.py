"""`weighbridge check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weighbridge.cli.overrides import override_options

if TYPE_CHECKING:
    from weighbridge.project.load import Project
    from weighbridge.tasks.item import Item
    from weighbridge.weighing.candidate import Candidate

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
        facts += [f"price {candidate.price_source}"] if candidate.price_source else []
        facts += [f"{candidate.repeats} answers per item"] if candidate.repeats > 1 else []
        facts += [f"protocol {candidate.protocol}"] if candidate.protocol != "generate" else []
        lines += ["", f"{clean_line(candidate.name)} ({clean_line(', '.join(facts))})"]
        if model.capabilities.needs_item:
            lines.append(f"  answers from item {clean_line(item.id)} itself, not from a prompt")
            continue
        for message in candidate.prompt.render(item):
            text = clean_text(message.content, LONGEST)
            lines += [f"  {message.role}:", *(f"    {line}".rstrip() for line in text.splitlines())]
        lines += _options(candidate, item)
    lines += _differing(project)
    return [*lines, "", "ready: weighbridge plan says what it takes, weighbridge run gives the verdict"]


def _options(candidate: Candidate, item: Item) -> list[str]:
    """What is scored behind the prompt, or what the answer is held to."""
    from weighbridge.report.clean import clean_line
    from weighbridge.weighing.answering import continuations_of

    options = continuations_of(candidate)
    if candidate.protocol not in ("choice", "loglikelihood") or options is None:
        return []
    texts = options.written(item, chat=candidate.protocol == "choice")
    kind = "scored" if candidate.protocol == "loglikelihood" else "held to"
    return [f"  {kind}: {' | '.join(repr(clean_line(text, 80)) for text in texts[:12])}"]


def _differing(project: Project) -> list[str]:
    """Whether candidates will be scored in different ways, as far as their models are known before a call."""
    from weighbridge.audit.fairness.answering import differing
    from weighbridge.models.protocol import Preparing, Reading
    from weighbridge.report.clean import clean_line
    from weighbridge.weighing.answering import answering_of

    # What a server can do is looked up when the run begins; until then nothing is held against it.
    known = [one for one in project.candidates if not isinstance(one.model, Preparing) or one.model.prepared]
    named = [(one.name, answering_of(project.task, one, Reading())) for one in known]
    told = differing(named)
    return [] if told is None else ["", f"WARNING  {clean_line(told, 600)}"]


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
