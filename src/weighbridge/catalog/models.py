"""Facts about models; a user's own file adds to them and overrides them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.catalog.fact import Confidence, Contest, Day, Fact, Source, Value, credits_of, real_day
from weighbridge.catalog.naming import folded, undated
from weighbridge.catalog.reading import as_type, read_bytes, shipped, tree_of
from weighbridge.errors import UsageError, nearest

VARIABLE = "WEIGHBRIDGE_FACTS"


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model as a file has it: what its facts share is written once."""

    id: str
    name: str
    facts: dict[str, Any]
    aliases: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    confidence: Confidence | None = None
    seen: Day | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sources: dict[str, Source]
    models: tuple[_Entry, ...]
    units: dict[str, str] = {}
    """Unit of a fact, by its name."""


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


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of one model."""

    id: str
    name: str
    aliases: tuple[str, ...]
    facts: dict[str, Fact]

    def says(self, name: str) -> str:
        """A fact's value as text; empty where it is not known."""
        fact = self.facts.get(name)
        return "" if fact is None else str(fact.value)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Models by id, and the sources their facts rest on."""

    sources: dict[str, Source]
    models: dict[str, ModelFacts]

    def find(self, name: str) -> ModelFacts:
        """A model by id, name or alias. Raises `UsageError` with the nearest match."""
        names = self.names()
        for one in (name, name.rpartition("/")[2], undated(name)):
            if folded(one) in names:
                return self.models[names[folded(one)]]
        known = {text for model in self.models.values() for text in (model.id, model.name, *model.aliases)}
        raise UsageError(
            f"the catalogue has no model {name!r}",
            fix=f"{nearest(name, known)} (all: weighbridge models list); facts of your own go into a file named by "
            f"{VARIABLE}",
        )

    def names(self) -> dict[str, str]:
        """Folded names and aliases, to ids. An id is never hidden by another model's alias."""
        found: dict[str, str] = {}
        for model in self.models.values():
            for name in (*model.aliases, model.name):
                found.setdefault(folded(name), model.id)
        return found | {folded(model): model for model in self.models}

    def search(self, words: str) -> list[ModelFacts]:
        """Models in whose names or facts every one of the words occurs."""
        wanted = words.lower().split()

        def text(model: ModelFacts) -> str:
            values = " ".join(f"{name} {fact.value}" for name, fact in model.facts.items())
            return f"{model.id} {model.name} {' '.join(model.aliases)} {values}".lower()

        return [model for model in self.models.values() if all(word in text(model) for word in wanted)]

    def credits(self, models: list[ModelFacts]) -> list[str]:
        """Credit lines that the sources of these models' facts ask for."""
        named = {source for model in models for fact in model.facts.values() for source in fact.source}
        return credits_of(self.sources[name] for name in sorted(named) if name in self.sources)


def user_file() -> Path | None:
    """A user's own facts: WEIGHBRIDGE_FACTS, else facts.yaml in the configuration folder, if it is there."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    path = Path(base) / "weighbridge" / "facts.yaml"
    return path if path.is_file() else None


def catalogue() -> Catalogue:
    """All facts known here: the user's file over the shipped one. Raises `UsageError` for a damaged user's file."""
    own = user_file()
    if own is None:
        return shipped_catalogue()
    return combined(shipped_catalogue(), parsed(read_bytes(own), str(own), shipped_catalogue().sources))


@cache
def shipped_catalogue() -> Catalogue:
    """The facts that come with the package."""
    return parsed(*shipped("models.json"))


def combined(base: Catalogue, own: Catalogue) -> Catalogue:
    """`own` over `base`: fact by fact where both know a model."""
    models = dict(base.models)
    for model in own.models.values():
        old = models.get(model.id)
        models[model.id] = (
            model
            if old is None
            else ModelFacts(
                model.id, model.name, tuple(dict.fromkeys([*old.aliases, *model.aliases])), old.facts | model.facts
            )
        )
    return Catalogue(base.sources | own.sources, models)


def parsed(content: bytes, where: str, more_sources: dict[str, Source] | None = None) -> Catalogue:
    """Facts from a file's content. A fact without a known source, or without a date, is refused."""
    file = as_type(tree_of(content, where), _File, where)
    sources = (more_sources or {}) | file.sources
    models: dict[str, ModelFacts] = {}
    for entry in file.models:
        place = f"{where}: {entry.id}"
        if entry.id in models:
            raise UsageError(f"two models have the id {entry.id!r}", where=where, fix="give each an id of its own")
        facts = {
            name: _fact(entry, name, value, file.units, f"{place}.{name}") for name, value in entry.facts.items()
        }
        for name, fact in facts.items():
            _check(fact, sources, f"{place}.{name}")
        models[entry.id] = ModelFacts(entry.id, entry.name, entry.aliases, facts)
    return Catalogue(sources, models)


def _fact(entry: _Entry, name: str, value: Any, units: dict[str, str], where: str) -> Fact:  # noqa: ANN401 - YAML's
    given = value if isinstance(value, dict) and "value" in value else {"value": value}
    written = as_type(given, _Written, where)
    seen, confidence = written.seen or entry.seen, written.confidence or entry.confidence
    if seen is None or confidence is None:
        raise UsageError(
            f"the fact has no {'date' if seen is None else 'confidence'}",
            where=where,
            fix="write `seen: 2026-08-05` and `confidence: A` at the fact, or at the model for all of its facts",
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
            fix="write `source: [ID]` at the fact or at the model, and `sources: ID:`",
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
