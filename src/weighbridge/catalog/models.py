"""Facts about models; a user's own file adds to them and overrides them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from weighbridge.catalog.entries import (
    VARIABLE,
    Entry,
    Tables,
    known_tables,
    parsed_tables,
    shipped_tables,
    user_file,
)
from weighbridge.catalog.fact import Source, credits_of
from weighbridge.catalog.naming import closed_up, folded, undated
from weighbridge.errors import UsageError, nearest

__all__ = ["VARIABLE", "Catalogue", "ModelFacts", "catalogue", "parsed", "shipped_catalogue", "user_file"]


@dataclass(frozen=True, slots=True)
class ModelFacts(Entry):
    """What is known of one model."""


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
        closed = closed_up(name.rpartition("/")[2])
        alike = {model for known, model in names.items() if closed_up(known) == closed}
        if len(alike) == 1:
            return self.models[alike.pop()]
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
        """Models in whose names or facts every one of the words occurs; those named so come first.

        Dashes, dots and blanks do not matter: ``llama2`` finds Llama 2.
        """
        wanted = [word for word in re.split(r"[\s/,()]+", words.lower()) if word]

        def has(text: str) -> bool:
            plain = _plain(text)
            return all(word in text or (_plain(word) or word) in plain for word in wanted)

        def names(model: ModelFacts) -> str:
            return f"{model.id} {model.name} {' '.join(model.aliases)}".lower()

        def text(model: ModelFacts) -> str:
            values = " ".join(f"{name} {fact.value}" for name, fact in model.facts.items())
            return f"{names(model)} {values}".lower()

        found = [model for model in self.models.values() if has(text(model))]
        return sorted(found, key=lambda model: not has(names(model)))

    def credits(self, models: list[ModelFacts]) -> list[str]:
        """Credit lines that the sources of these models' facts ask for."""
        named = {source for model in models for fact in model.facts.values() for source in fact.source}
        return credits_of(self.sources[name] for name in sorted(named) if name in self.sources)


def catalogue() -> Catalogue:
    """All facts known here: the user's file over the shipped one. Raises `UsageError` for a damaged user's file."""
    return shipped_catalogue() if user_file() is None else _catalogue(known_tables("models.json"))


@cache
def shipped_catalogue() -> Catalogue:
    """The facts that come with the package."""
    return _catalogue(shipped_tables("models.json"))


def parsed(content: bytes, where: str, more_sources: dict[str, Source] | None = None) -> Catalogue:
    """Facts from a file's content. A fact without a known source, or without a date, is refused."""
    return _catalogue(parsed_tables(content, where, more_sources))


def _catalogue(tables: Tables) -> Catalogue:
    return Catalogue(tables.sources, tables.of("models", ModelFacts))


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text)
