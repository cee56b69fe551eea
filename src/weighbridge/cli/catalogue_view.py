"""Entries of the catalogue as lines: facts with their sources, dates, doubts and age."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.catalog.entries import Entry
    from weighbridge.catalog.fact import Fact, Source

WIDTH = 80

LEGEND = "Confidence: A read in a primary or registry file, B in a secondary source, C recalled from the source."

CHANGING = (
    *("price", "hour_", "status", "retire", "announced", "planned", "not_before", "trains_", "retention", "zero_"),
    *("opt_out", "region", "notice", "minimum_days", "last_day", "data_policy", "suggested"),
)
"""Beginnings of names of facts that change while the thing stays the same: prices, policies, days of ends."""


def entry_lines(entry: Entry, sources: dict[str, Source], today: date) -> Iterator[str]:
    """One entry with all its facts, its sources and the credit they ask for."""
    also = f", also {', '.join(entry.aliases)}" if entry.aliases else ""
    yield f"{entry.name} ({entry.id}{also})"
    yield ""
    for title, fact in entry.facts.items():
        yield from wrapped(f"{title.replace('_', ' ')}: {value_of(fact)}")
        yield from wrapped(origin(title, fact, sources, today), "      ")
        for one in fact.contested_by:
            note = f" ({one.note})" if one.note else ""
            yield from wrapped(f"contested: {value_text(one.value)} by {one.source}{note}", "      ")
        if fact.note:
            yield from wrapped(f"note: {fact.note}", "      ")
    yield ""
    yield from wrapped(LEGEND, "")
    yield "Sources:"
    for name in sorted({source for fact in entry.facts.values() for source in fact.source}):
        what = sources[name]
        yield from wrapped(f"{name}: {what.what}{f', {what.date}' if what.date else ''}")


def credit_lines(entries: Iterable[Entry], sources: dict[str, Source]) -> list[str]:
    """The credit lines that the sources of these entries' facts ask for."""
    from weighbridge.catalog.fact import credits_of

    named = {source for entry in entries for fact in entry.facts.values() for source in fact.source}
    return credits_of(sources[name] for name in sorted(named) if name in sources)


def origin(title: str, fact: Fact, sources: dict[str, Source], today: date) -> str:
    """Confidence, sources, the day it was read, its validity, and its age where that matters."""
    from weighbridge.catalog.entries import OLD, age

    parts = [f"{fact.confidence}, {', '.join(fact.source)}, seen {fact.seen}"]
    parts += [f"valid from {fact.valid_from}"] if fact.valid_from else []
    parts += [f"until {fact.valid_to}"] if fact.valid_to else []
    days = age(fact, today, sources)
    parts += [f"old: {days} days"] if days > OLD and title.startswith(CHANGING) else []
    return ", ".join(parts)


def value_of(fact: Fact) -> str:
    """A fact's value with its unit."""
    text = value_text(fact.value)
    return f"{text} {fact.unit}" if fact.unit and fact.unit != "date" else text


def value_text(value: object) -> str:
    """A value as text: yes and no, lists, thousands."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {value_text(part)}" for name, part in value.items())
    if isinstance(value, (int, float)):
        return f"{value:,}" if abs(value) < 1e15 else f"{value:.3g}"
    return str(value)


def wrapped(text: str, indent: str = "  ") -> Iterator[str]:
    """`text` in lines of 80 columns."""
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
