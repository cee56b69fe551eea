"""`weighbridge prices`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from weighbridge.cli.outputs import console

if TYPE_CHECKING:
    from weighbridge.catalog.fact import Source
    from weighbridge.catalog.prices import Point


@click.group()
def prices() -> None:
    """Look up what vendors charge, refresh it, and see what is old or disputed.

    A candidate whose spec names a model here (openai:gpt-4.1) needs no `price:` in the project file. Prices that you
    import are kept in the file that WEIGHBRIDGE_PRICES names, else in your configuration folder, and come first.
    """


@prices.command("list")
@click.argument("words", nargs=-1)
def list_(words: tuple[str, ...]) -> int:
    """List today's prices per million tokens; with WORDS, of models in whose names all of them occur."""
    from rich.table import Table

    from weighbridge.catalog.prices import price_book
    from weighbridge.catalog.quote import quote_of

    book = price_book()
    wanted = [word.lower() for word in words]
    rows = [row for row in book.rows.values() if all(word in row.id.lower() for word in wanted)]
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("model", overflow="fold")
    for title in ("input", "cached", "output", "batch"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("seen", no_wrap=True)
    table.add_column("")
    for row in rows:
        found = quote_of(row)
        if found is None:
            continue
        price = found.price
        cells = [price.input_per_million, price.cached_per_million, price.output_per_million]
        share = "" if price.batch_share is None else f"{price.batch_share:.0%}"
        doubts = [word for word, said in (("old", found.old), ("disputed", bool(found.spread))) if said]
        shown = ["" if cell is None else f"{cell:g}" for cell in cells]
        table.add_row(row.id, *shown, share, found.seen, ", ".join(doubts))
    console().print(table, markup=False)
    click.echo(f"\n{len(rows)} of {len(book.rows)} models. `weighbridge prices show NAME` tells more.")
    _credit([point for row in rows for point in row.points], book.sources)
    return 0


@prices.command()
@click.argument("name")
def show(name: str) -> int:
    """Show what a model costs: by token kind, with every source and its date, and which price counts."""
    from weighbridge.catalog.prices import price_book
    from weighbridge.catalog.quote import quote_of

    book = price_book()
    rows = book.named(name)
    for row in rows:
        click.echo(f"{row.id} ({row.currency})")
        for point in row.points:
            for line in _told(point):
                click.echo(line)
        found = quote_of(row)
        if found is None:
            click.echo("  today: unknown, every price known has run out")
        else:
            click.echo(f"  today: {found.words()}")
    _credit([point for row in rows for point in row.points], book.sources)
    return 0


@prices.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--date", "day", metavar="DAY", help="Date of the table [default: its own, else the file's].")
@click.option("--to", "target", type=click.Path(path_type=Path), help="Write here [default: your file of prices].")
def import_(file: Path, day: str | None, target: Path | None) -> int:
    """Refresh prices from a published table.

    FILE is LiteLLM's model_prices_and_context_window.json, models.dev's api.json (or rows of it as CSV), or a file of
    llm-prices, current or historical; packed with gzip or not. What was imported from the same publisher before is
    replaced.
    """
    from weighbridge.catalog.importing import import_table
    from weighbridge.catalog.prices import VARIABLE, user_file

    place = target or user_file()
    new = import_table(file, place, day)
    click.echo(f"{len(new.prices.prices):,} prices of {new.source}, dated {new.date}, are in {place}")
    if day is None:
        click.echo("If the table is older than that, say so: --date YYYY-MM-DD")
    if target is not None:
        click.echo(f"To use it: export {VARIABLE}={target}")
    _credit([point for row in new.prices.prices for point in row.points], new.prices.sources)
    return 0


@prices.command()
@click.argument("words", nargs=-1)
def check(words: tuple[str, ...]) -> int:
    """Say which prices are old, which sources disagree, and what cannot be right.

    With WORDS, of models in whose names all of them occur. A price is old 120 days after it was read.
    """
    from weighbridge.catalog.checks import remarks
    from weighbridge.catalog.prices import price_book

    book = price_book()
    wanted = [word.lower() for word in words]
    found = [one for one in remarks(book) if all(word in one.row.id.lower() for word in wanted)]
    for one in found:
        click.echo(f"{one.kind:<9} {one.row.id}: {one.text}")
    kinds = {kind: sum(one.kind == kind for one in found) for kind in ("old", "disagree", "odd")}
    if found:
        click.echo("")
    click.echo(f"{kinds['old']} old, {kinds['disagree']} disputed, {kinds['odd']} odd, of {len(book.rows):,} models")
    if kinds["old"]:
        click.echo("refresh: weighbridge prices import FILE")
    return 0


def _told(point: Point) -> list[str]:
    """One source's prices, by token kind."""
    kinds = {"input": "input", "cached": "cached input", "cache_write": "cache write", "output": "output"}
    kinds |= {"reasoning": "reasoning", "audio": "audio input"}
    rates = [f"{title} {value:g}" for name, title in kinds.items() if (value := getattr(point, name)) is not None]
    rates += [f"{point.batch:.0%} of that in batches"] if point.batch is not None else []
    rates += [f"{point.request:g} per request"] if point.request is not None else []
    rates += [f"{point.image:g} per image"] if point.image is not None else []
    span = "".join([f" from {point.since}" if point.since else "", f" until {point.until}" if point.until else ""])
    also = f" (and {', '.join(point.agreed)})" if point.agreed else ""
    lines = [f"  {point.source}{also}, {point.seen}{span}:", f"    {', '.join(rates)}"]
    for step in point.tiers:
        parts = [
            f"{title} {value:g}" for name, title in kinds.items() if (value := getattr(step, name, None)) is not None
        ]
        lines.append(f"    above {step.above:,} input tokens: {', '.join(parts)}")
    return lines


def _credit(points: list[Point], sources: dict[str, Source]) -> None:
    from weighbridge.catalog.fact import credits_of

    names = sorted({name for point in points for name in (point.source, *point.agreed)})
    for line in credits_of(sources[name] for name in names if name in sources):
        click.echo(line)
