"""What is said of one component of a model: its licence, and what that forbids, leaves open or demands."""

from __future__ import annotations

from typing import Literal

import msgspec

from weighbridge.catalog.fact import Confidence

Role = Literal["weights", "service", "base", "adapter", "code", "tokenizer", "data", "outputs"]
"""``service``: a closed model behind its vendor's terms. ``base``: what the weights were tuned from.
``outputs``: answers of another model that this one was trained on."""

Verdict = Literal["allowed", "allowed if", "unknown", "not allowed"]

VERDICTS: tuple[Verdict, ...] = ("allowed", "allowed if", "unknown", "not allowed")
"""From best to worst: the whole is as its worst part."""

Kind = Literal["forbids", "unclear", "condition", "requires"]

WEIGHT: dict[Kind, Verdict] = {
    "forbids": "not allowed",
    "unclear": "unknown",
    "condition": "allowed if",
    "requires": "allowed if",
}


class Statement(msgspec.Struct, frozen=True):
    """One place that says under which licence a component is. All that is said of a component holds together."""

    says: str | None
    """A licence's name or an SPDX expression as written there; None where nothing is said."""
    where: str
    """The place: a file and line, or the catalogue with source and date."""
    doubt: str = ""
    """Why it cannot be relied on; anything here makes the answer unknown at best."""


class Component(msgspec.Struct, frozen=True):
    """One part of what is used."""

    role: Role
    name: str
    statements: tuple[Statement, ...]
    inherited: bool = False
    """Whether another trained the model on it: what its licence forbids may not reach the model."""
    changed: bool = False
    """Whether it is used in a changed form, whatever the job says."""

    @property
    def label(self) -> str:
        """What reports call it."""
        return f"{'terms of service' if self.role == 'service' else self.role} of {self.name}"


class Clause(msgspec.Struct, frozen=True):
    """Where something is said, and since when that is known."""

    licence: str
    """The licence's id in the catalogue."""
    name: str
    clause: str
    """Number or name of the clause, as in the text."""
    says: str
    """In our own words."""
    source: tuple[str, ...]
    seen: str
    confidence: Confidence

    def __str__(self) -> str:
        return f"{self.name}, {self.clause}"


class Ruling(msgspec.Struct, frozen=True):
    """One thing that a component's licence says about the job."""

    kind: Kind
    component: str
    says: str
    clause: Clause | None = None
    """None where there is no text to point to, which makes the answer unknown."""
    ways: tuple[str, ...] = ()
    """Of a condition: what has to be so; any one of these is enough."""
    instead: str = ""
    """What else opens the way."""
    when: tuple[str, ...] = ()
    """What of the job sets it off: triggers of the rule, or the right that it needs."""


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict on the whole."""
    return max(verdicts, key=VERDICTS.index, default="allowed")


def verdict_of(rulings: list[Ruling] | tuple[Ruling, ...]) -> Verdict:
    """What rulings come to together."""
    return worst([WEIGHT[ruling.kind] for ruling in rulings])
