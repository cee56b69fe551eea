"""Evidence from dated facts: the catalogue's, and what is known of each part of well-known releases."""

from __future__ import annotations

import dataclasses
from functools import cache
from importlib.resources import files

from weighbridge.audit.openness.components import BY_ID
from weighbridge.audit.openness.evidence import Hit, State
from weighbridge.audit.openness.table import Licensing
from weighbridge.catalog.fact import Fact
from weighbridge.catalog.models import Catalogue, ModelFacts, catalogue, parsed, shipped_catalogue

PREFIX = "part "
"""A fact named ``part training_code`` tells of that part; a user's own facts file may hold such facts too."""

WEIGHTS: dict[str, tuple[State, str]] = {
    "open": ("released", ""),
    "gated-click": ("partial", "behind a gate: its terms must be accepted first"),
    "gated-research": ("partial", "behind a gate: given to researchers on request"),
    "api-only": ("absent", "offered over an API alone"),
    "api-only (retired)": ("absent", "was offered over an API alone"),
    "unreleased": ("absent", "its makers never released it"),
}
DATA: dict[str, tuple[State, str]] = {
    "open": ("released", ""),
    "open-partial": ("partial", "a part of it is released"),
    "described": ("described", ""),
    "undisclosed": ("absent", "its makers do not disclose it"),
}


@cache
def _shipped_parts() -> Catalogue:
    content = (files("weighbridge.audit.openness") / "data" / "parts.json").read_bytes()
    return parsed(content, "audit/openness/data/parts.json", shipped_catalogue().sources)


def known_systems() -> Catalogue:
    """The catalogue, with what is known part by part; the user's own facts over both."""
    known, parts = catalogue(), _shipped_parts()
    models = dict(known.models)
    for model in parts.models.values():
        over = known.models.get(model.id)
        models[model.id] = model if over is None else facts_of(over)
    return Catalogue(parts.sources | known.sources, models)


def facts_of(model: ModelFacts) -> ModelFacts:
    """A model's facts, with those on its parts."""
    parts = _shipped_parts().models.get(model.id)
    return model if parts is None else dataclasses.replace(model, facts=parts.facts | model.facts)


def licensing_of(model: ModelFacts) -> Licensing:
    """The licence that the catalogue names."""
    fact = model.facts.get("licence")
    written = None if fact is None or str(fact.value) in ("unreleased", "None") else str(fact.value)
    return Licensing(whole=written, source="" if fact is None else source_of("licence", fact))


def hits_of(model: ModelFacts) -> list[Hit]:
    """What the facts say of each part."""
    facts = model.facts
    hits: list[Hit] = []
    for name, component, words in (("weights", "weights", WEIGHTS), ("data", "datasets", DATA)):
        fact = facts.get(name)
        state, note = words.get(str(fact.value), ("unknown", "")) if fact is not None else ("unknown", "")
        if fact is not None and state != "unknown" and PREFIX + component not in facts:
            more = "; ".join(part for part in (note, fact.note or "") if part)
            hits.append(Hit(component, state, f"catalogue.{name}", source_of(name, fact), "catalogue", note=more))
    for name, component in (("code_training", "training_code"), ("code_inference", "inference_code")):
        fact = facts.get(name)
        if fact is None or PREFIX + component in facts or not isinstance(fact.value, bool):
            continue
        said: State = "released" if fact.value else "absent"
        hits.append(Hit(component, said, f"catalogue.{name}", source_of(name, fact), "catalogue"))
    hits += [_part(name, fact) for name, fact in facts.items() if name.startswith(PREFIX)]
    return [hit for hit in hits if hit.component in BY_ID]


STATES: tuple[State, ...] = ("released", "partial", "described", "absent", "unknown")


def _part(name: str, fact: Fact) -> Hit:
    """``released`` or ``released, MIT``: the state, and the part's own licence where it has one."""
    said, _, licence = str(fact.value).partition(",")
    state: State = next((one for one in STATES if one == said.strip().lower()), "unknown")
    component = name.removeprefix(PREFIX).strip().replace(" ", "_")
    return Hit(
        component,
        state,
        "catalogue.part",
        source_of(name, fact),
        "catalogue",
        licence.strip() or None,
        fact.note or "",
    )


def source_of(name: str, fact: Fact) -> str:
    """Where a fact stands, on one line."""
    return f"catalogue {name}: {', '.join(fact.source)}, {fact.confidence}, seen {fact.seen}"
