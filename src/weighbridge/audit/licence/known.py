"""What the catalogue says of a model's licences: by its facts, or by what all models of its name are under."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge.audit.licence.ruling import Component, Role, Statement
from weighbridge.catalog.licences import LicenceTerms, catalogue_of_licences
from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from weighbridge.catalog.fact import Fact
    from weighbridge.catalog.models import ModelFacts


@dataclass(frozen=True, slots=True)
class Gathered:
    """Components with what is said of them."""

    components: tuple[Component, ...]
    multimodal: bool | None = None
    """Whether the model takes or gives more than text; None where nothing says."""
    disagreements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def with_(self, other: Gathered) -> Gathered:
        """Both together; what kind of model it is stays this one's."""
        return Gathered(
            (*self.components, *other.components),
            self.multimodal,
            (*self.disagreements, *other.disagreements),
            (*self.notes, *other.notes),
        )

    def over(self, base: Gathered) -> Gathered:
        """This with what it was made from: it takes what its base takes, unless something says otherwise."""
        kind = base.multimodal if self.multimodal is None else self.multimodal
        return replace(self.with_(base), multimodal=kind)


FACTS: dict[str, Role] = {
    "licence": "weights",
    "licence_code": "code",
    "licence_tokenizer": "tokenizer",
    "licence_data": "data",
    "licence_adapter": "adapter",
}
"""Facts about a model that name licences."""


def of_facts(model: ModelFacts) -> Gathered:
    """The components that the catalogue knows of a model, what it was made from left out."""
    components: list[Component] = []
    notes: list[str] = []
    closed = model.says("side") == "closed" or model.says("weights") == "api-only"
    for name, role in FACTS.items():
        fact = model.facts.get(name)
        if fact is None and name != "licence":
            continue
        kind: Role = "service" if closed and role == "weights" else role
        statement = _of_fact(model, name, fact)
        components.append(Component(kind, model.id, (statement,), inherited=role == "data"))
        if fact is not None and fact.note:
            notes.append(f"the catalogue on the {name.replace('_', ' of the ')} of {model.id}: {fact.note}")
        if fact is not None and fact.confidence == "C":
            notes.append(f"{model.id}: that it is under {fact.value} is recalled (C) and not read: check its card")
    note = model.facts.get("note")
    if note is not None and "licen" in str(note.value).lower():
        notes.append(f"the catalogue on {model.id}: {note.value}")
    return Gathered(tuple(components), modality_of(model), (), tuple(notes))


def _of_fact(model: ModelFacts, name: str, fact: Fact | None) -> Statement:
    if fact is None:
        return Statement(None, f"the catalogue has no {name.replace('_', ' of the ')} of {model.id}")
    where = f"the catalogue on {model.id}: {', '.join(fact.source)}, seen {fact.seen}, confidence {fact.confidence}"
    doubt = ""
    if fact.contested_by:
        doubt = f"another source names {fact.contested_by[0].value}"
    elif fact.valid_to is not None:
        where += f", until {fact.valid_to}"
    value = fact.value
    return Statement(" AND ".join(value) if isinstance(value, list) else str(value), where, doubt)


def modality_of(model: ModelFacts) -> bool | None:
    """Whether the catalogue calls a model multimodal; None where it does not say."""
    said = model.words("modality") or model.words("modalities")
    if said is not None:
        return any(word.strip().lower() not in ("text", "code") for word in said)
    if "multimodal" in model.says("family").lower():
        return True
    return named_modality(model.id, model.says("licence"))


def named_modality(name: str, licence: str) -> bool | None:
    """Whether a model is multimodal by its name, where its licence's models can be told apart by theirs."""
    terms = catalogue_of_licences().licences.get(licence)
    if terms is None or terms.multimodal_named is None:
        return None
    return any(part in name.lower() for part in terms.multimodal_named)


def family(name: str) -> LicenceTerms | None:
    """The licence that all models are under whose hub names begin as `name` does; None where there is none."""
    known = catalogue_of_licences().licences.values()
    starts = [(start, one) for one in known for start in one.families if name.lower().startswith(start.lower())]
    return max(starts, key=lambda found: len(found[0]))[1] if starts else None


SUFFIXES = ("hf", "chat", "instruct", "base", "it", "pt", "gguf", "awq", "gptq", "bnb", "4bit", "8bit", "fp8", "bf16")


def model_named(name: str) -> ModelFacts | None:
    """A catalogue model by a hub's name, whose ending may say only how it is packed or tuned."""
    from weighbridge.catalog.models import catalogue

    known, rest = catalogue(), name
    while True:
        try:
            return known.find(rest)
        except UsageError:
            head, dash, tail = rest.rpartition("-")
            if not dash or tail.lower() not in SUFFIXES:
                return None
            rest = head
