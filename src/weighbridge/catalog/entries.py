"""Catalogue files: tables of entries whose facts carry source, date and confidence. One form for all of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from weighbridge.catalog.fact import Confidence, Contest, Day, Fact, Source, Value, real_day
from weighbridge.catalog.meaning import check_meaning
from weighbridge.catalog.naming import closed_up, folded
from weighbridge.catalog.reading import as_type, read_bytes, shipped, tree_of
from weighbridge.errors import UsageError, nearest

VARIABLE = "WEIGHBRIDGE_FACTS"

OLD = 120
"""Days after which a fact that can change (a price, a policy, a date of retirement) is called old."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one thing: a model, a vendor's policy, an accelerator."""

    id: str
    name: str
    aliases: tuple[str, ...]
    facts: dict[str, Fact]

    def says(self, name: str) -> str:
        """A fact's value as text; empty where it is not known."""
        fact = self.facts.get(name)
        return "" if fact is None else str(fact.value)

    def number(self, name: str) -> float | None:
        """A fact's value as a number; None where it is not known or is none."""
        fact = self.facts.get(name)
        if fact is None or isinstance(fact.value, bool) or not isinstance(fact.value, (int, float)):
            return None
        return float(fact.value)

    def yes(self, name: str) -> bool | None:
        """A fact's value as yes or no; None where it is not known or is neither."""
        fact = self.facts.get(name)
        return fact.value if fact is not None and isinstance(fact.value, bool) else None

    def words(self, name: str) -> tuple[str, ...] | None:
        """A fact's value as a list of words; None where it is not known."""
        fact = self.facts.get(name)
        if fact is None:
            return None
        return tuple(fact.value) if isinstance(fact.value, list) else (str(fact.value),)

    def over(self, older: Self) -> Self:
        """This entry's facts over another's, one by one; the names of both."""
        aliases = tuple(dict.fromkeys([*older.aliases, *self.aliases]))
        return type(self)(self.id, self.name, aliases, older.facts | self.facts)


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one file, or of several laid over one another."""

    sources: dict[str, Source]
    tables: dict[str, dict[str, Entry]]
    """Entries by id, in tables by name."""

    def of(self, table: str, kind: type[E]) -> dict[str, E]:
        """One table's entries as values of `kind`; none where there is no such table."""
        return {one.id: kind(one.id, one.name, one.aliases, one.facts) for one in self.tables.get(table, {}).values()}

    def over(self, older: Tables) -> Tables:
        """This file's entries over another's, fact by fact."""
        tables = {name: dict(entries) for name, entries in older.tables.items()}
        for name, entries in self.tables.items():
            known = tables.setdefault(name, {})
            for one in entries.values():
                old = known.get(one.id)
                known[one.id] = one if old is None else one.over(old)
        return Tables(older.sources | self.sources, tables)


TABLES = ("models", "versions", "policies", "tuning", "rules", "companies", "accelerators", "grades")
"""Tables a catalogue file may have; a user's own file may have any of them."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry as a file has it: what its facts share is written once."""

    id: str
    name: str
    facts: dict[str, Any]
    aliases: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    confidence: Confidence | None = None
    seen: Day | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sources: dict[str, Source] = {}
    units: dict[str, str] = {}
    """Unit of a fact, by its name."""
    models: tuple[_Entry, ...] = ()
    versions: tuple[_Entry, ...] = ()
    policies: tuple[_Entry, ...] = ()
    tuning: tuple[_Entry, ...] = ()
    rules: tuple[_Entry, ...] = ()
    companies: tuple[_Entry, ...] = ()
    accelerators: tuple[_Entry, ...] = ()
    grades: tuple[_Entry, ...] = ()
    licences: tuple[dict[str, Any], ...] = ()
    """Read by `catalog.licences`, whose entries have a form of their own."""


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact that says more than its value."""

    value: Value
    source: tuple[str, ...] = ()
    confidence: Confidence | None = None
    seen: Day | None = None
    unit: str | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    contested_by: tuple[Contest, ...] = ()
    note: str | None = None


def user_file() -> Path | None:
    """A user's own facts: WEIGHBRIDGE_FACTS, else facts.yaml in the configuration folder, if it is there."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    path = Path(base) / "weighbridge" / "facts.yaml"
    return path if path.is_file() else None


@cache
def shipped_tables(name: str) -> Tables:
    """The tables of a file that comes with the package."""
    return parsed_tables(*shipped(name))


def known_tables(name: str) -> Tables:
    """The tables of a shipped file with the user's own facts over them. Raises `UsageError` for a damaged one."""
    base = shipped_tables(name)
    own = user_file()
    if own is None:
        return base
    return own_tables(own, base.sources).over(base)


def own_tables(path: Path, more_sources: dict[str, Source]) -> Tables:
    """A user's own facts. Their sources may also be those of any shipped file."""
    known: dict[str, Source] = {}
    for name in ("models.json", "vendors.json", "hardware.json", "versions.json", "grades.json"):
        known |= shipped_tables(name).sources
    return parsed_tables(read_bytes(path), str(path), known | more_sources)


def parsed_tables(content: bytes, where: str, more_sources: dict[str, Source] | None = None) -> Tables:
    """Tables from a file's content. A fact without a known source, a date or a confidence is refused."""
    file = as_type(tree_of(content, where), _File, where)
    sources = (more_sources or {}) | file.sources
    tables: dict[str, dict[str, Entry]] = {}
    for table in TABLES:
        entries: dict[str, Entry] = {}
        for entry in getattr(file, table):
            if entry.id in entries:
                raise UsageError(
                    f"two {table} have the id {entry.id!r}", where=where, fix="give each an id of its own"
                )
            entries[entry.id] = _entry(table, entry, file.units, sources, f"{where}: {entry.id}")
        if entries:
            tables[table] = entries
    return Tables(sources, tables)


def age(fact: Fact, today: date | None = None, sources: dict[str, Source] | None = None) -> int:
    """Days since what a fact says was true: since it was read, or since the copy that was read was made.

    Without `sources` since it was read. The newest of its sources counts; a copy without a date counts as read then.
    """
    read = date.fromisoformat((fact.seen + "-01-01")[:10])
    copies = [_last_day(source.date) for name in fact.source if (source := (sources or {}).get(name)) is not None]
    newest = max((day or read for day in copies), default=read)
    return ((today or date.today()) - min(read, newest)).days


def _last_day(text: str | None) -> date | None:
    """The last day of a year, a month or a day."""
    if text is None:
        return None
    if len(text) == 10:
        return date.fromisoformat(text)
    year, _, month = text.partition("-")
    following = date(int(year) + 1, 1, 1) if month in ("", "12") else date(int(year), int(month) + 1, 1)
    return following - timedelta(days=1)


def found(entries: dict[str, E], name: str) -> E | None:
    """The entry that `name` means, by id, alias or name, however it is written; None where there is none."""
    wanted = folded(name)
    for one in entries.values():
        if folded(one.id) == wanted:
            return one
    for one in entries.values():
        if wanted in {folded(text) for text in (one.name, *one.aliases)}:
            return one
    closed = closed_up(name)
    alike = [
        one for one in entries.values() if closed in {closed_up(text) for text in (one.id, one.name, *one.aliases)}
    ]
    return alike[0] if len(alike) == 1 else None


def find(entries: dict[str, E], name: str, what: str, listing: str) -> E:
    """As `found`; `what` is sought, `listing` shows all. Raises `UsageError` with the nearest match."""
    one = found(entries, name)
    if one is None:
        known = {text for entry in entries.values() for text in (entry.id, entry.name, *entry.aliases)}
        raise UsageError(
            f"the catalogue has no {what} {name!r}",
            fix=f"{nearest(name, known)} (all: {listing}); facts of your own go into a file named by {VARIABLE}",
        )
    return one


def _entry(table: str, entry: _Entry, units: dict[str, str], sources: dict[str, Source], where: str) -> Entry:
    facts = {name: _fact(entry, name, value, units, f"{where}.{name}") for name, value in entry.facts.items()}
    for name, fact in facts.items():
        _check(fact, sources, f"{where}.{name}")
        check_meaning(table, name, fact, f"{where}.{name}")
    return Entry(entry.id, entry.name, entry.aliases, facts)


def _fact(entry: _Entry, name: str, value: Any, units: dict[str, str], where: str) -> Fact:  # noqa: ANN401 - YAML's
    given = value if isinstance(value, dict) and "value" in value else {"value": value}
    written = as_type(given, _Written, where)
    seen, confidence = written.seen or entry.seen, written.confidence or entry.confidence
    if seen is None or confidence is None:
        raise UsageError(
            f"the fact has no {'date' if seen is None else 'confidence'}",
            where=where,
            fix="write `seen: 2026-08-05` and `confidence: A` at the fact, or at its entry for all of its facts",
        )
    return Fact(
        value=written.value,
        confidence=confidence,
        source=written.source or entry.source,
        seen=seen,
        unit=written.unit or units.get(name),
        valid_from=written.valid_from,
        valid_to=written.valid_to,
        contested_by=written.contested_by,
        note=written.note,
    )


def _check(fact: Fact, sources: dict[str, Source], where: str) -> None:
    if not fact.source:
        raise UsageError(
            "the fact has no source",
            where=where,
            fix="write `source: [ID]` at the fact or at its entry, and `sources: ID:`",
        )
    for name in (*fact.source, *(contest.source for contest in fact.contested_by)):
        if name not in sources:
            raise UsageError(
                f"there is no source {name!r}",
                where=where,
                fix=f"describe it under `sources`; {nearest(name, sources)}",
            )
    for day in (fact.seen, fact.valid_from, fact.valid_to):
        if day is not None and not real_day(day):
            raise UsageError(f"{day!r} is no date", where=where, fix="write it as 2026-08-05")
    if fact.valid_from and fact.valid_to and fact.valid_from > fact.valid_to:
        raise UsageError("the fact ends before it begins", where=where, fix="exchange valid_from and valid_to")
