"""`weighbridge models vendors`, `hardware`, `versions`, `companies` and `grades`: the catalogue's other tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

import click

from weighbridge.cli.outputs import console

if TYPE_CHECKING:
    from weighbridge.audit.continuity.calendar import Ending
    from weighbridge.catalog.entries import Entry
    from weighbridge.catalog.fact import Source

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")


@click.command()
@click.argument("name", required=False)
@_JSON
def vendors(name: str | None, as_json: bool) -> int:
    """List what vendors do with what is sent, tune and promise; with NAME, show one with sources and dates."""
    from weighbridge.catalog.entries import found
    from weighbridge.catalog.vendors import policies, policy, rules, tables, tuning

    known, tunes, notices = policies(), tuning(), rules()
    if name is not None:
        rows: list[Entry] = [
            one
            for table in (known, tunes, notices)
            for one in table.values()
            if found({one.id: one}, name) is not None or one.says("vendor") == name.lower()
        ]
        return _show(rows or [policy(name)], tables().sources, as_json=as_json)
    if as_json:
        return _as_json([*known.values(), *tunes.values(), *notices.values()])

    def said(value: bool | None) -> str:
        return "?" if value is None else ("yes" if value else "no")

    _table(
        ("policy", "trains", "opt out", "kept", "zero retention", "region"),
        [
            (
                one.id,
                said(one.trains),
                said(one.opt_out) if one.trains else "-",
                "?" if one.retention_days is None else f"{one.retention_days:g} d",
                one.zero_retention or "?",
                ", ".join(one.regions or ()) or ("to choose" if one.region_choices else "?"),
            )
            for one in known.values()
        ],
    )
    click.echo("")
    _table(
        ("tuning", "status", "last day", "weights portable"),
        [(one.id, one.status or "?", one.last_day or "-", said(one.portable)) for one in tunes.values()],
    )
    click.echo("")
    _table(
        ("retirement", "notice", "special", "preview", "served at least"),
        [
            (
                one.id,
                *(_days(one.notice_days(kind)) for kind in ("general", "special", "preview")),
                _days(one.number("minimum_days")),
            )
            for one in notices.values()
        ],
    )
    click.echo("\n?: not known. `weighbridge models vendors NAME` gives sources and dates.")
    return _credits([*known.values(), *tunes.values(), *notices.values()], tables().sources)


@click.command()
@click.argument("name", required=False)
@_JSON
def hardware(name: str | None, as_json: bool) -> int:
    """List accelerators: memory, bandwidth, dense peak rates, links, power, and what an hour costs."""
    from weighbridge.catalog.entries import known_tables
    from weighbridge.catalog.hardware import FILE, accelerator, accelerators

    sources = known_tables(FILE).sources
    known = accelerators()
    if name is not None:
        return _show([accelerator(name)], sources, as_json=as_json)
    if as_json:
        return _as_json(list(known.values()))
    rows = []
    for one in known.values():
        hour = one.hour_usd
        price = "?" if hour is None else (f"{hour[0]:.2f}" if hour[0] == hour[1] else f"{hour[0]:.2f}-{hour[1]:.2f}")
        figures = (one.memory_gb, one.bandwidth_gb_s, one.tflops("fp16"), one.tflops("fp8"), one.link_gb_s, one.tdp_w)
        rows.append((one.id, *("-" if figure is None else f"{figure:g}" for figure in figures), price))
    _table(("accelerator", "GB", "GB/s", "fp16", "fp8", "link", "W", "USD/h"), rows, right=True)
    click.echo("\nfp16, fp8: dense TFLOPS. link: GB/s to the neighbours, both directions together.")
    click.echo("`weighbridge models hardware NAME` gives sources and dates.")
    return _credits(known.values(), sources)


@click.command("versions")
@click.argument("words", nargs=-1)
@_JSON
def versions_(words: tuple[str, ...], as_json: bool) -> int:
    """List versions of closed models with the days of their ends; with WORDS, those that have all of them."""
    from weighbridge.audit.continuity.calendar import endings
    from weighbridge.catalog.entries import known_tables
    from weighbridge.catalog.versions import FILE, versions

    found = [one for one in versions().values() if _has(one, words)]
    if as_json:
        return _as_json(found)
    rows = [
        (one.version.id, one.version.says("released"), one.version.says("announced") or "-", _end(one))
        for one in endings(found, date.today())
    ]
    _table(("version", "released", "announced", "end"), rows)
    click.echo(f"\n{len(found)} of {len(versions())} versions. *: to come. >=: not before.")
    click.echo("`weighbridge audit continuity NAME` says more of one.")
    return _credits(found, known_tables(FILE).sources)


@click.command()
@click.argument("name", required=False)
@_JSON
def companies(name: str | None, as_json: bool) -> int:
    """List companies with their scores of the Foundation Model Transparency Index; editions are no series."""
    from weighbridge.catalog.vendors import companies as all_companies
    from weighbridge.catalog.vendors import company, tables

    known = all_companies()
    if name is not None:
        return _show([company(name)], tables().sources, as_json=as_json)
    if as_json:
        return _as_json(list(known.values()))
    editions = ("2023-10", "2024-05", "2025-12")

    def points(value: float | None) -> str:
        return "-" if value is None else f"{value:g}"

    rows = [(one.name, *(points(one.score(edition)) for edition in editions)) for one in known.values()]
    _table(("company", *editions), rows, right=True)
    click.echo("\nPoints of 100. Each edition asks other things: they are no series.")
    return _credits(known.values(), tables().sources)


@click.command()
@click.argument("words", nargs=-1)
@_JSON
def grades(words: tuple[str, ...], as_json: bool) -> int:
    """List published grades of openness; with WORDS, those that have all of them."""
    from weighbridge.catalog.entries import known_tables
    from weighbridge.catalog.grades import FILE
    from weighbridge.catalog.grades import grades as all_grades

    known = all_grades()
    found = [one for one in known.values() if _has(one, words)]
    if as_json:
        return _as_json(found)
    rows = []
    for one in found:
        progress = one.facts["mof_progress"].value if "mof_progress" in one.facts else None
        steps = " / ".join(str(progress[step]) for step in ("III", "II", "I")) if isinstance(progress, dict) else "-"
        score = one.number("opening_up")
        rows.append((one.id, one.says("mof_class") or "-", steps, "-" if score is None else f"{score:g}"))
    _table(("system", "MOF class", "% of III / II / I", "opening up, of 14"), rows)
    click.echo(
        f"\n{len(found)} of {len(known)} grades. `weighbridge audit openness TARGET` grades anew, from evidence."
    )
    return _credits(found, known_tables(FILE).sources)


def _end(one: Ending) -> str:
    if one.day is None:
        return one.version.says("status") or "-"
    return f"{'>= ' if one.state == 'promised' else ''}{one.day}{'' if one.state == 'ended' else ' *'}"


def _has(entry: Entry, words: Iterable[str]) -> bool:
    text = f"{entry.id} {entry.name} {' '.join(entry.aliases)} {entry.says('vendor')} {entry.says('status')}".lower()
    return all(word.lower() in text for word in words)


def _days(value: float | None) -> str:
    return "?" if value is None else f"{value:g} d"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, right: bool = False) -> None:
    """Rows in columns; the first column to the left, the others to the right where they are figures."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if right and number else "left", overflow="fold", no_wrap=number > 0)
    for row in rows:
        table.add_row(*row)
    console().print(table, markup=False)


def _show(entries: list[Entry], sources: dict[str, Source], *, as_json: bool) -> int:
    if as_json:
        return _as_json(entries)
    from weighbridge.cli.catalogue_view import entry_lines

    for number, one in enumerate(entries):
        if number:
            click.echo("")
        for line in entry_lines(one, sources, date.today()):
            click.echo(line)
    return _credits(entries, sources)


def _credits(entries: Iterable[Entry], sources: dict[str, Source]) -> int:
    from weighbridge.cli.catalogue_view import credit_lines

    for line in credit_lines(entries, sources):
        click.echo(line)
    return 0


def _as_json(found: object) -> int:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    return 0


TABLES: tuple[click.Command, ...] = (vendors, hardware, versions_, companies, grades)
"""Subcommands of `weighbridge models`."""
