"""`weighbridge store`: what has been paid for, and what to do with it."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path

import click

from weighbridge.cli.store_batches import batches
from weighbridge.cli.store_options import (
    located,
    location_option,
    refuse_unknown_names,
    selection,
    selection_options,
)
from weighbridge.errors import UsageError
from weighbridge.store import Selection, StoreError, open_store


@click.group()
def store() -> None:
    """List, export and prune the answers that were paid for.

    Every answer of a model is kept in one file under the key of what was asked, so that no run pays for it twice.
    """


store.add_command(batches)


@store.command(name="list")
@location_option
@selection_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_(location: str | None, as_json: bool, **parts: str | None) -> None:
    """Count answers, tokens and money by task, candidate and model."""
    from weighbridge.cli.store_view import group_row, show_groups

    path = located(location)
    chosen = selection(**parts)
    with open_store(path, readonly=True) as held:
        refuse_unknown_names(held, chosen)
        groups = held.groups(chosen)
    if as_json:
        click.echo(json.dumps([group_row(group) for group in groups], indent=2))
        return
    show_groups(groups, str(path), path.stat().st_size)


@store.command()
@click.argument("item_or_key")
@location_option
@click.option("--candidate", metavar="NAME", help="Only this candidate's answers.")
@click.option("--full", is_flag=True, help="Do not cut long answers.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Answers to show at most.")
def show(item_or_key: str, location: str | None, candidate: str | None, full: bool, limit: int) -> None:
    """Print the answers to an item, or under a key.

    Of a key the first digits (four at least) will do; of an item's id * and ? stand for letters.
    """
    from weighbridge.cli.store_view import answer_lines
    from weighbridge.report.clean import encodable

    with open_store(located(location), readonly=True) as held:
        by_item = Selection(candidate=candidate, item=item_or_key)
        refuse_unknown_names(held, by_item)
        found = list(islice(held.answers(by_item), limit + 1))
        digits = item_or_key.lower()
        if not found and 4 <= len(digits) <= 64 and set(digits) <= set("0123456789abcdef"):
            found = list(islice(held.answers(Selection(candidate=candidate, key_prefix=digits)), limit + 1))
        if not found:
            raise UsageError(
                f"no answer in the store is to item {item_or_key!r}, and none has a key that begins so",
                where=held.location,
                fix="* and ? stand for letters: weighbridge store show '*' shows the first answers there are",
            )
    for answer in found[:limit]:
        for line in answer_lines(answer, None if full else 2_000):
            click.echo(encodable(line, sys.stdout.encoding or "ascii"))
    if len(found) > limit:
        click.echo(f"there are more: --limit {2 * limit}")


@store.command()
@location_option
@selection_options
@click.option("--full", is_flag=True, help="Do not cut long prompts.")
def prompts(location: str | None, full: bool, **parts: str | None) -> None:
    """Print what each candidate was told about the first items it was asked.

    Where the engine can show it, the text it read after its chat template; else the messages as they were sent.
    """
    from weighbridge.cli.store_view import prompt_lines
    from weighbridge.report.clean import encodable

    chosen = selection(**parts)
    with open_store(located(location), readonly=True) as held:
        refuse_unknown_names(held, chosen)
        found = held.shown(chosen)
    for shown in found:
        for line in prompt_lines(shown, None if full else 2_000):
            click.echo(encodable(line, sys.stdout.encoding or "ascii"))
    if not found:
        click.echo("no prompt is kept: a run keeps those of the first items of each candidate")


@store.command()
@location_option
@selection_options
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write here instead of standard output.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    help="Without it: by the ending of FILE; jsonl on standard output.",
)
@click.option("--replace", is_flag=True, help="Replace FILE if it is there.")
def export(location: str | None, out: Path | None, form: str | None, replace: bool, **parts: str | None) -> None:
    """Write answers to a csv, jsonl or parquet file."""
    from weighbridge.store import export as exporting

    chosen = selection(**parts)
    kind = exporting.format_of(out, form)
    with open_store(located(location), readonly=True) as held:
        refuse_unknown_names(held, chosen)
        count = exporting.export(held.answers(chosen), out, kind, replace=replace)
    if out is not None:
        click.echo(f"{count:,} answers written to {out}")


@store.command()
@location_option
@selection_options
@click.option("--all", "everything", is_flag=True, help="Every answer.")
@click.option("--yes", is_flag=True, help="Delete. Without it, only say what would go.")
def prune(location: str | None, everything: bool, yes: bool, **parts: str | None) -> None:
    """Delete answers by age, model, candidate, task or item."""
    from weighbridge.cli.store_view import total_lines

    chosen = selection(**parts)
    if chosen.everything and not everything:
        raise UsageError(
            "nothing is chosen",
            where="weighbridge store prune",
            fix="say which: --older-than 30d, --model SPEC, --candidate NAME, --task NAME, --item ID or --all",
        )
    path = located(location)
    with open_store(path, readonly=True) as held:
        refuse_unknown_names(held, chosen)
        groups = held.groups(chosen)
    count = sum(group.answers for group in groups)
    if not count:
        click.echo("no answer is chosen; nothing to delete")
        return
    totals = total_lines(groups, str(path), path.stat().st_size)
    if not yes:
        click.echo(f"would delete {totals[0]}")
        click.echo("they would have to be paid for again; add --yes to delete them")
        return
    with open_store(path) as held:
        gone = held.prune(chosen)
    click.echo(f"deleted {gone:,} answers; the store has {path.stat().st_size / 1e6:,.1f} MB now")


@store.command()
@location_option
def check(location: str | None) -> None:
    """Read the whole file and say whether every answer in it is whole."""
    from weighbridge.store.faults import recover_command
    from weighbridge.store.recovery import check as look_over

    path = located(location)
    found = look_over(path)
    if found.sound:
        click.echo(f"sound: {found.answers:,} answers in {path}")
        return
    for problem in found.problems:
        click.echo(f"  {problem}")
    raise StoreError(
        f"the store is damaged: {found.answers:,} answers are whole, {found.damaged:,} are not",
        kind="corrupt",
        where=str(path),
        fix=f"copy what is readable into a new store: {recover_command(path)}",
    )


@store.command()
@location_option
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The new store, not there yet."
)
def recover(location: str | None, out: Path) -> None:
    """Copy what is readable of a damaged store into a new one."""
    from weighbridge.store.recovery import recover as bring_over

    path = located(location)
    told = bring_over(path, out)
    click.echo(f"{told.answers:,} answers brought over to {out}; {path} is as it was")
    if told.unreadable:
        click.echo(f"{told.unreadable:,} were found but are not whole, and were left behind")
    if told.lost_sources:
        click.echo(f"of {told.lost_sources:,} it is no longer known which candidate gave them; runs still find them")
    click.echo(f"to go on with it, put it in the place of the old one: mv {out} {path}")
