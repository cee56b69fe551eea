"""`weighbridge suites`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from weighbridge.cli.outputs import EXIT_CODES, console
from weighbridge.cli.overrides import override_options
from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

    from weighbridge.report.columns import Line
    from weighbridge.suites import SuiteRun
    from weighbridge.tasks.suites import Suite, SuiteTask
    from weighbridge.tasks.suites.find import Found
    from weighbridge.weighing.progress import Progress

DATA = click.option(
    "--data",
    "data",
    multiple=True,
    metavar="FOLDER",
    help="Look for the data here first, before WEIGHBRIDGE_DATA and the Hub's caches; may be given several times.",
)


@click.group(invoke_without_command=True)
@click.option("--group", metavar="NAME", help="List only this group, for example superglue, code or languages.")
@click.option("--all", "everything", is_flag=True, help="List every language of a suite by itself.")
@DATA
@click.pass_context
def suites(ctx: click.Context, group: str | None, everything: bool, data: tuple[str, ...]) -> int:
    """List ready tasks, show one, or run some.

    Without a subcommand: the suites by group, with languages, size, figures, and whether their data are on this
    machine. Nothing is ever fetched; `suites show NAME` gives the command that would.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    from weighbridge.report.suites import listed
    from weighbridge.tasks.suites import names_in
    from weighbridge.tasks.suites import suites as known
    from weighbridge.tasks.suites.catalogue import suite_named

    names = list(known()) if group is None else names_in(group)
    if not names and group is not None:
        suite_named(group)
    chosen = [(known()[name], _found(known()[name], data)) for name in names]
    _print(listed(chosen, console().width, apart=everything or group is not None), console())
    here = sum(found is not None for _, found in chosen)
    click.echo(
        f"\n{len(chosen)} suites, the data of {here} are here. `weighbridge suites show NAME` tells more,\n"
        "and how to fetch what is absent. Where your own data are:\n"
        "--data FOLDER, or the variable WEIGHBRIDGE_DATA=FOLDER."
    )
    return 0


@suites.command()
@click.argument("name")
@DATA
def show(name: str, data: tuple[str, ...]) -> int:
    """Show one suite: its source, licence, prompt and figures, and where its data are or how to fetch them."""
    from weighbridge.report.suites import shown
    from weighbridge.tasks.suites.catalogue import suite_named

    suite, _ = suite_named(name)
    click.echo("\n".join(shown(suite, _found(suite, data), console().width)))
    return 0


@suites.command()
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    required=True,
    metavar="SPEC",
    help="A model by its spec, such as gguf:smollm2 or http://host:port/v1#name; give several to compare them.",
)
@DATA
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Draw so many items at random.")
@click.option(
    "--shots", type=click.IntRange(min=0), metavar="N", help="Examples in the prompt [default: the suite's]."
)
@click.option(
    "--protocol",
    type=click.Choice(["generate", "choice", "loglikelihood"]),
    help="How models answer, all alike [default: generate, where the suite offers it].",
)
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, metavar="X", help="Of sampled answers.")
@click.option(
    "--repeats", type=click.IntRange(1, 1000), default=1, metavar="N", help="Answers per item, for pass@k and means."
)
@click.option("--max-tokens", type=click.IntRange(min=1), metavar="N", help="Longest answer [default: the suite's].")
@click.option(
    "--all", "everything", is_flag=True, help="Ask every item, also where the comparison is decided before."
)
@click.option("--json", "json", metavar="FILE", help="Write figures and decisions as JSON; - for standard output.")
@click.option("--html", "html", metavar="FILE", help="Write the report of a comparison (one suite) as one HTML file.")
@click.option("--quiet", "-q", is_flag=True, help="Show the outcome alone, no progress.")
@override_options("question", "budget", "seed", "store")
def run(
    names: tuple[str, ...],
    models: tuple[str, ...],
    data: tuple[str, ...],
    limit: int | None,
    shots: int | None,
    protocol: str | None,
    temperature: float,
    repeats: int,
    max_tokens: int | None,
    everything: bool,
    json: str | None,
    html: str | None,
    quiet: bool,
    **said: object,
) -> int:
    """Weigh models on suites: the verdict, with the suite's own figures beside.

    NAMES are suites, groups (superglue), or parts (mmlu/anatomy). One model is measured on every item; several are
    compared, each suite by itself and within the budget. Answers are kept in the store: what was asked once is never
    asked again.
    """
    from weighbridge.cli.outputs import check_outputs
    from weighbridge.evidence import Budget, Question
    from weighbridge.project.check import checked
    from weighbridge.project.overrides import overridden
    from weighbridge.project.source import Source
    from weighbridge.store import DEFAULT, open_store
    from weighbridge.suites import Terms, run_suites
    from weighbridge.tasks.suites import suite_task

    check_outputs(json, html)
    wanted = _expanded(names)
    if html and (len(wanted) > 1 or len(models) < 2):
        raise UsageError(
            "--html writes the report of one comparison", where="option --html", fix="name one suite and two models"
        )
    source = overridden(Source("the command line", {}), said)
    question = checked(source, Question, ("question",), source.tree.get("question", {}))
    budget = checked(source, Budget, ("budget",), source.tree.get("budget", {}))
    seed = int(source.tree.get("seed") or 0)
    # All data are looked up before the first call: a suite that cannot be run must not cost the others' answers.
    ready = [suite_task(name, data=data, limit=limit, seed=seed, shots=shots) for name in wanted]
    out = console(err=json == "-")
    terms = Terms(
        question=question,
        budget=budget,
        everything=everything,
        protocol=protocol,
        temperature=temperature,
        repeats=repeats,
        max_tokens=max_tokens,
        seed=seed,
    )

    def watching(suite: SuiteTask) -> AbstractContextManager[Progress]:
        if not quiet:
            items = f"{len(suite.task.items):,} items of {suite.found.path}"
            click.echo(f"{suite.name}: {items}, {', '.join(models)}", err=True)
        return _watching(quiet or len(models) < 2)

    with open_store(str(source.tree.get("store") or DEFAULT)) as store:
        runs = run_suites(ready, models, terms, store=store, watching=watching, told=lambda done: _give(done, out))
    _write(runs, json, html)
    if len(models) < 2:
        return 0
    # A comparison without a decision was cut short.
    kinds = [done.decision.verdict.kind if done.decision is not None else "undecided" for done in runs]
    return max(EXIT_CODES[kind] for kind in kinds)


@suites.command()
@click.argument("name")
@click.argument("folder")
@click.option("--model", "-m", "models", multiple=True, metavar="SPEC", help="A candidate of the project file.")
@DATA
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Draw so many items at random.")
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Draws the items.")
def write(
    name: str, folder: str, models: tuple[str, ...], data: tuple[str, ...], limit: int | None, seed: int
) -> int:
    """Write a suite as an ordinary project, to change its prompt, scorer or items.

    FOLDER gets items.jsonl and weighbridge.yaml; `weighbridge run` weighs them.
    """
    from weighbridge.tasks.suites import suite_task
    from weighbridge.tasks.suites.writing import write_project

    suite = suite_task(name, data=data, limit=limit, seed=seed)
    named = models or ("gguf:smollm2", "gguf:gemma3")
    items, project = write_project(suite, Path(folder), named)
    click.echo(f"{items}: {len(suite.task.items):,} items\n{project}: {', '.join(named)}")
    click.echo(f"next: weighbridge check {project}")
    return 0


def _expanded(names: tuple[str, ...]) -> list[str]:
    """Groups as their suites; each suite once."""
    from weighbridge.tasks.suites import names_in, suites

    found: list[str] = []
    for name in names:
        members = names_in(name) if "/" not in name and name not in suites() else []
        found += members or [name]
    return list(dict.fromkeys(found))


def _found(suite: Suite, data: tuple[str, ...]) -> Found | None:
    """Where its data are; None where they are not here. A folder that is not there is told."""
    from weighbridge.tasks.suites.find import find

    try:
        return find(suite, data)
    except UsageError as error:
        if "folder is not there" in error.what:
            raise
        return None


def _give(done: SuiteRun, out: Console) -> None:
    from weighbridge.report.suites import figure_lines
    from weighbridge.report.terminal import render

    if done.decision is not None:
        render(done.decision, out)
    _print(figure_lines(done, out.width), out)


def _print(lines: list[Line], out: Console) -> None:
    for line in lines:
        out.print(line.text, style=line.style or None, markup=False, soft_wrap=True)


def _watching(quiet: bool) -> AbstractContextManager[Progress]:
    from contextlib import nullcontext

    from weighbridge.report.live import watch
    from weighbridge.weighing.progress import silent

    return nullcontext(silent) if quiet else watch(console(err=True))


def _write(runs: list[SuiteRun], json: str | None, html: str | None) -> None:
    import sys

    import msgspec

    from weighbridge.cli.outputs import write_whole

    if json:
        content = msgspec.json.encode(
            {"schema": "weighbridge.suites/1", "suites": [done.to_builtins() for done in runs]}
        )
        if json == "-":
            sys.stdout.buffer.write(content + b"\n")
            sys.stdout.buffer.flush()
        else:
            write_whole(json, content)
    if html and runs[0].decision is not None:
        from weighbridge.report.html import render_html

        decision = runs[0].decision
        write_whole(html, render_html(decision, decision.evidence).encode("utf-8", errors="replace"))
