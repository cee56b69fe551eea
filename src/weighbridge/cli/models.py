"""`weighbridge models`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from weighbridge.cli.models_tables import TABLES
from weighbridge.cli.outputs import console

if TYPE_CHECKING:
    from weighbridge.catalog.fact import Fact
    from weighbridge.catalog.models import ModelFacts


@click.group()
def models() -> None:
    """Look models up in the catalogue: facts with their sources, dates and doubts.

    Facts of your own go into a file named by WEIGHBRIDGE_FACTS and override these, fact by fact. Facts that change
    (prices, policies, ends) are marked old when they were read more than 120 days ago.
    """


for _table in TABLES:
    models.add_command(_table)


@models.command("list")
@click.argument("words", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def list_(words: tuple[str, ...], as_json: bool) -> int:
    """List models; with WORDS, those in whose names or facts all of them occur."""
    from rich.table import Table

    from weighbridge.catalog.models import catalogue

    known = catalogue()
    found = known.search(" ".join(words))
    if as_json:
        return _as_json(found)
    if not found:
        click.echo(f"no model of {len(known.models)} has all of: {' '.join(words)}")
        return 0
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("id", overflow="fold")
    table.add_column("side")
    table.add_column("from", overflow="ellipsis", max_width=20, no_wrap=True)
    table.add_column("released", no_wrap=True)
    table.add_column("params", justify="right", no_wrap=True)
    table.add_column("context", justify="right", no_wrap=True)
    for model in found:
        sizes = [_size(model.facts.get(name)) for name in ("params_total", "context")]
        table.add_row(model.id, *(model.says(name) for name in ("side", "organisation", "release_date")), *sizes)
    console().print(table, markup=False)
    click.echo(f"\n{len(found)} of {len(known.models)} models. `weighbridge models show NAME` tells more.")
    for credit in known.credits(found):
        click.echo(credit)
    return 0


@models.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def show(name: str, as_json: bool) -> int:
    """Show what is known of one model, with sources, dates, confidence, and who says otherwise."""
    from weighbridge.catalog.models import catalogue

    known = catalogue()
    model = known.find(name)
    if as_json:
        return _as_json([model])
    from weighbridge.cli.catalogue_view import entry_lines

    for line in entry_lines(model, known.sources, date.today()):
        click.echo(line)
    for credit in known.credits([model]):
        click.echo(credit)
    return 0


@models.command()
@click.argument("first")
@click.argument("second")
def diff(first: str, second: str) -> int:
    """Show the facts in which two models differ; a fact that only one has is unknown for the other."""
    from rich.table import Table

    from weighbridge.catalog.models import catalogue
    from weighbridge.cli.catalogue_view import value_of

    known = catalogue()
    a, b = known.find(first), known.find(second)
    names = list(dict.fromkeys([*a.facts, *b.facts]))
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for title in ("", a.id, b.id):
        table.add_column(title, overflow="fold")
    same = 0
    for name in names:
        left, right = a.facts.get(name), b.facts.get(name)
        if left is not None and right is not None and left.value == right.value:
            same += 1
            continue
        table.add_row(name.replace("_", " "), *(value_of(one) if one else "unknown" for one in (left, right)))
    console().print(table, markup=False)
    click.echo(f"\n{same} facts are the same. Sources and dates: weighbridge models show NAME")
    for credit in known.credits([a, b]):
        click.echo(credit)
    return 0


def _size(fact: Fact | None) -> str:
    """``70B``, ``128k``: short, for a table."""
    if fact is None or isinstance(fact.value, bool) or not isinstance(fact.value, (int, float)):
        return "-"
    for size, mark in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if fact.value >= size:
            return f"{fact.value / size:.3g}{mark}"
    return f"{fact.value:g}"


def _as_json(found: list[ModelFacts]) -> int:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    return 0
