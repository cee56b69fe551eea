"""`weighbridge plan`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from weighbridge.cli.failure import FAILURE
from weighbridge.cli.outputs import EXIT_CODES, console
from weighbridge.cli.overrides import override_options
from weighbridge.cli.run import left_out

if TYPE_CHECKING:
    from weighbridge.project.load import Project
    from weighbridge.weighing.plan import Need, Plan

PILOT = 8
"""Items each candidate is asked, where the store does not hold them already."""


@click.command()
@click.argument("file", default="weighbridge.yaml")
@click.option("--pilot", type=click.IntRange(min=1), default=PILOT, show_default=True, help="Items of the pilot.")
@click.option("--no-calls", is_flag=True, help="Make no call at all: plan from the store and the prices alone.")
@override_options()
def plan(file: str, pilot: int, no_calls: bool, **said: object) -> int:
    """Say what a run would take, before anything is spent.

    FILE is the project file [default: weighbridge.yaml]. A pilot asks every candidate a few items: those that the run
    itself draws first, kept in the store, so that nothing is paid twice. Its price is part of what is shown.
    """
    from weighbridge.project.load import load_project

    project = load_project(file, said)
    for line in left_out(project):
        click.echo(line)
    if len(project.field.asked) < 2:
        return _nothing_to_race(project)
    reckoned = asyncio.run(_reckon(project, pilot, not no_calls))
    show(reckoned, project, console())
    return FAILURE if all(row.down for row in reckoned.rows) else 0


async def _reckon(project: Project, pilot: int, ask: bool) -> Plan:
    from weighbridge.store import open_store
    from weighbridge.weighing.plan import plan as reckon

    if ask:
        click.echo(f"pilot: each of {len(project.field.asked)} candidates answers {pilot} items", err=True)
    with project.placing(), open_store(project.store) as store:
        try:
            work = project.work
            work["candidates"] = tuple(one for one in project.candidates if one.name in project.field.asked)
            work["question"] = project.field.question
            return await reckon(**work, store=store, pilot=pilot, ask=ask)
        finally:
            for candidate in project.candidates:
                await candidate.model.close()


def _nothing_to_race(project: Project) -> int:
    """What a run would do with one candidate left, or with nobody."""
    from weighbridge.decide.excluded import ALONE

    if not project.field.asked:
        click.echo("nobody is left to ask: a run would make no call and say that no candidate meets the requirements")
        return EXIT_CODES["none"]
    items = min(ALONE, len(project.task.items))
    click.echo(
        f"{project.field.asked[0]} alone is left: a run would ask it {items} items, for its score, cost and latency"
    )
    return 0


def show(plan: Plan, project: Project, screen: Any) -> None:  # noqa: ANN401 - a rich console; rich is imported late
    """Print a plan on a rich console of 80 columns or more."""
    from rich.table import Table

    from weighbridge.report.clean import clean_line
    from weighbridge.report.figures import amount, count

    currency = project.options.currency
    screen.print(f"{project.task.name}: {len(plan.rows)} candidates, {plan.items:,} items", markup=False)
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("candidate", overflow="fold")
    for title in ("calls", "tokens in", "tokens out", "money", "minutes"):
        table.add_column(title, justify="right", no_wrap=True)

    def line(name: str, need: Need, style: str = "") -> None:
        cells = (
            count(need.calls),
            _about(need.tokens_in, "~" if need.about else ""),
            _about(need.tokens_out, "<= " if need.about else ""),
            ("~" if need.about else "") + amount(need.money, currency) if need.money is not None else "unknown",
            _minutes(need.minutes),
        )
        table.add_row(clean_line(name), *cells, style=style)

    if plan.likely is not None:
        table.add_row("at the likely stop", style="bold")
        for row in plan.rows:
            line(f"  {row.name}", row.likely)
        line("  together", plan.likely)
    table.add_row("at the worst", style="bold")
    for row in plan.rows:
        line(f"  {row.name}", row.worst)
    line("  together", plan.worst)
    line("the pilot itself", plan.pilot)
    screen.print(table)
    for text in remarks(plan):
        screen.print(text, markup=False, highlight=False, soft_wrap=False)


def remarks(plan: Plan) -> list[str]:
    """What the figures rest on, and what is missing."""
    told = []
    if plan.likely_items is not None:
        told.append(f"The likely stop is after about {plan.likely_items:,} of {plan.items:,} items.")
    told.append("The worst case asks every candidate every item.")
    told += list(plan.notes)
    if plan.pilot.calls:
        told.append("The pilot's answers are in the store and are the first of the run: they are not paid twice.")
    return told


def _about(number: float | None, mark: str = "") -> str:
    return "unknown" if number is None else f"{mark}{number:,.0f}"


def _minutes(minutes: float | None) -> str:
    if minutes is None:
        return "unknown"
    if 0 < minutes < 0.05:
        return "< 0.1"
    return f"{minutes:.1f}" if minutes < 100 else f"{minutes:,.0f}"
