"""Versions of closed models as vendors serve them: since when, until when, and since when the end is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from weighbridge.catalog.entries import Entry, known_tables
from weighbridge.catalog.fact import Fact
from weighbridge.catalog.naming import folded, undated, vendor_named

FILE = "versions.json"


@dataclass(frozen=True, slots=True)
class Version(Entry):
    """One version on one vendor's service."""

    @property
    def vendor(self) -> str:
        """Our name of the vendor, as in specs."""
        return self.says("vendor")

    @property
    def kind(self) -> str:
        """``general``, ``special`` (chat, code, audio and research variants) or ``preview``."""
        return self.says("kind") or "general"

    @property
    def model(self) -> str | None:
        """Id of the model in the catalogue that this is a version of; None where it has no entry of its own."""
        return self.says("model") or None

    @property
    def released(self) -> date | None:
        """First day it was served to the public."""
        return self.day("released")

    @property
    def announced(self) -> date | None:
        """Day on which its end was announced; None where there is no such day, or it is not known."""
        return self.day("announced")

    @property
    def retires(self) -> date | None:
        """First day it is no more served, past or to come; None where none is known."""
        return self.day("retires")

    @property
    def planned(self) -> date | None:
        """Day of its end as given when it was released; vendors postpone such days."""
        return self.day("planned")

    @property
    def not_before(self) -> date | None:
        """A day before which the vendor says it will not end it."""
        return self.day("not_before")

    def day(self, name: str) -> date | None:
        """A fact that is a date; of a month or a year, its first day."""
        text = self.says(name)
        return date.fromisoformat((text + "-01-01")[:10]) if text else None

    @property
    def seen(self) -> date:
        """The day its row was last read; without an end, it was served on that day as far as is known."""
        return max(date.fromisoformat((fact.seen + "-01-01")[:10]) for fact in self.facts.values())

    def ended(self, on: date) -> bool:
        """Whether it was no more served on a day."""
        return self.retires is not None and self.retires <= on

    def as_of(self, day: date) -> Version | None:
        """What was known of it on a day: no end that was announced later. None where it was not released yet.

        An end whose announcement has no date counts as unknown until it came, or until its row was read.
        """
        if self.released is None or self.released > day:
            return None
        told = (self.announced or self.seen) <= day
        hidden = set() if told or self.ended(day) else {"announced", "retires", "status", "not_before"}
        later = {name for name, fact in self.facts.items() if (fact.valid_from or "") > day.isoformat()}
        return replace(self, facts={name: fact for name, fact in self.facts.items() if name not in hidden | later})


def versions() -> dict[str, Version]:
    """All versions known here, the user's own facts over the shipped ones. Raises `UsageError`."""
    return known_tables(FILE).of("versions", Version)


def version_named(name: str, vendor: str | None = None) -> list[Version]:
    """The versions that a name means: the version itself, one it is an alias of, or all of a catalogue model's.

    `vendor` (or ``vendor/`` or ``vendor:`` before the name) keeps those of one service. The newest come first.
    """
    for mark in (":", "/"):
        before, cut, after = name.partition(mark)
        if cut and vendor is None and after and vendor_named(before) in {one.vendor for one in versions().values()}:
            vendor, name = before, after
    rows = [one for one in versions().values() if vendor is None or one.vendor == vendor_named(vendor)]
    for wanted in (folded(name), folded(undated(name))):
        exact = [one for one in rows if folded(one.name) == wanted]
        alias = [one for one in rows if wanted in {folded(text) for text in one.aliases}]
        family = [one for one in rows if one.model is not None and folded(one.model) == wanted]
        for found in (exact, alias, family):
            if found:
                return sorted(found, key=lambda one: one.released or date.min, reverse=True)
    return []


def contested(version: Version) -> dict[str, Fact]:
    """Its facts about which sources disagree."""
    return {name: fact for name, fact in version.facts.items() if fact.contested_by}
