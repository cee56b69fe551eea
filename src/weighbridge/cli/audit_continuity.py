"""`weighbridge audit continuity`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weighbridge.cli.outputs import console

if TYPE_CHECKING:
    from weighbridge.evidence import ContinuityFor


@click.command()
@click.argument("target")
@click.option("--months", type=click.IntRange(1, 240), default=12, show_default=True, help="Months to look ahead.")
@click.option(
    "--probability",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Hold it against this probability: exit code 4 where it is not met or not known.",
)
@click.option(
    "--repo", metavar="CLONE", help="A git clone of the project behind it, or of the engine that serves it."
)
@click.option("--calls", metavar="FILE", help="Your own requests (JSON or JSONL): who else would take them.")
@click.option("--today", metavar="DATE", help="The day to judge by, as what was known then [default: today].")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def continuity(
    target: str,
    months: int,
    probability: float | None,
    repo: str | None,
    calls: str | None,
    today: str | None,
    as_json: bool,
) -> int:
    """Say how long a model is likely to be there, and what holds one to it.

    TARGET is a name of the catalogue, a version as its vendor calls it (gpt-4o-2024-11-20, azure:gpt-4.1), a model
    folder, a hub-style listing in a .json file, or a project file (.yaml), which gives the calendar of all its
    candidates. A clone is only read, by git log: nothing of it is run.
    """
    day = _day(today)
    if Path(target).suffix in (".yaml", ".yml"):
        return _plan(target, months, probability, repo, calls, day, as_json=as_json)
    from weighbridge.audit.continuity import audit_continuity, named_target
    from weighbridge.cli.continuity_view import as_document, lines

    found = audit_continuity(
        named_target(target),
        day,
        version=None if Path(target).exists() else target,
        repo=Path(repo) if repo else None,
        calls=Path(calls) if calls else None,
    )
    demand = _demand(months, probability)
    if as_json:
        _print_json(as_document(found, months, demand))
    else:
        out = console()
        for line in lines(found, months, demand):
            out.print(line, markup=False, highlight=False, soft_wrap=False)
    return _code(found.finding(demand).met if demand is not None else "met")


def _plan(
    target: str,
    months: int,
    probability: float | None,
    repo: str | None,
    calls: str | None,
    day: date,
    *,
    as_json: bool,
) -> int:
    """The calendar of a project file's candidates."""
    from weighbridge.audit.continuity.plan import plan_of
    from weighbridge.cli.continuity_view import plan_document, plan_lines
    from weighbridge.errors import UsageError
    from weighbridge.project.check import checked
    from weighbridge.project.options import ProjectOptions
    from weighbridge.project.yaml_source import read_yaml

    if repo or calls:
        raise UsageError(
            "--repo and --calls belong to one model, and a project file has several",
            where=target,
            fix="name the model instead of the project file",
        )
    # The file is checked, but nothing it names is opened: a calendar needs neither keys nor weights.
    options = checked(read_yaml(Path(target), target), ProjectOptions)
    plan = plan_of([(one.name or one.model, one.model, one.facts) for one in options.candidates], day)
    demand = _demand(months, probability)
    if as_json:
        _print_json(plan_document(plan, months, demand))
    else:
        out = console()
        for line in plan_lines(plan, months, demand):
            out.print(line, markup=False, highlight=False, soft_wrap=False)
    met = [one.finding(demand).met for one in plan.values() if one is not None and demand is not None]
    unknown = demand is not None and any(one is None for one in plan.values())
    return _code("unknown" if unknown else next((one for one in met if one != "met"), "met"))


def _demand(months: int, probability: float | None) -> ContinuityFor | None:
    from weighbridge.evidence import ContinuityFor

    return ContinuityFor(months=months, probability=probability) if probability is not None else None


def _code(met: str) -> int:
    return 0 if met == "met" else 4


def _day(text: str | None) -> date:
    from weighbridge.errors import UsageError

    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--today {text!r} is no date", fix="write it as 2026-11-21") from None


def _print_json(document: object) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
