"""What is found out about changes of models. The JSON form is these fields, versioned."""

from __future__ import annotations

from typing import Literal

import msgspec

from weighbridge.evidence import Finding

SCHEMA = "weighbridge.drift/1"

State = Literal["changed", "not shown", "begun", "unfinished", "down", "never"]
"""``changed``: established at the promised error, or the vendor names another version. ``not shown``: no change is
established, which does not say that there is none. ``begun``: the first answers were kept, and nothing was yet held
against them. ``unfinished``: the budget or an interrupt ended the look; the same command goes on with it. ``down``:
the model does not answer. ``never``: it was not looked at yet, and no call was wanted."""

Cause = Literal["version", "score", "answers"]


class LookResult(msgspec.Struct, frozen=True):
    """One look: the anchors asked again, all of it over."""

    number: int
    """1 for the first since the answers were kept."""
    opened: str
    """Date and time in UTC, ISO 8601."""
    closed: str
    anchors: int
    """Anchors that were compared."""
    left_out: int
    """Anchors of which a new answer never came; they take no part."""
    score_then: float
    """Mean score of the kept answers on these anchors."""
    score_now: float
    change: float
    """`score_now` - `score_then`."""
    sd: float
    """Standard deviation of the change between anchors."""
    interval: tuple[float, float]
    """Interval at 1 - alpha for the change on traffic like these items; of this look alone, made once."""
    apart: float
    """Mean distance of a new to a kept answer, from 0 (always alike) to 1."""
    own: float
    """Mean distance between two new answers: the vendor's own randomness."""
    log_e_score: float
    """Natural logarithm of the evidence for a change of the score."""
    log_e_answers: float
    """The same for answers that differ by more than the vendor's own randomness."""
    log_e: float
    """The same for the two together."""
    log_e_so_far: float
    """Over all looks until this one, which is held against the threshold."""
    versions: tuple[str, ...] = ()
    """Versions of the model that the new answers name."""
    fingerprints: tuple[str, ...] = ()
    """What the vendor says of the system behind the model."""
    cost: float | None = None
    """Money for its answers; None where a price is unknown."""


class CandidateDrift(msgspec.Struct, frozen=True):
    """One candidate, over all its looks."""

    name: str
    spec: str
    state: State
    sentence: str
    anchors: int
    kept_since: str | None
    """When the answers that new ones are held against came: the middle one's date and time in UTC."""
    kept_versions: tuple[str, ...]
    kept_fingerprints: tuple[str, ...]
    evidence: float
    """Evidence so far over the threshold: 1 and more means changed."""
    error: float
    """The least error at which a change would be established now: an anytime-valid p-value, all models counted."""
    new_versions: tuple[str, ...] = ()
    """Versions that answered in a look and in none of the kept answers; empty where the vendor names none."""
    new_fingerprints: tuple[str, ...] = ()
    """The same of the systems behind the model."""
    causes: tuple[Cause, ...] = ()
    """What speaks for the change, the vendor's own word first."""
    looks: tuple[LookResult, ...] = ()
    seen: float | None = None
    """About the change of the score that the next look finds as often as not."""
    simulated: bool = False

    @property
    def last(self) -> LookResult | None:
        return self.looks[-1] if self.looks else None


Stopped = Literal["done", "budget", "interrupted", "no calls"]


class Drift(msgspec.Struct, frozen=True):
    """What one call found out, and what was known before."""

    title: str
    alpha: float
    """Chance that any of the models watched is ever wrongly said to have changed, at most."""
    watched: int
    """Models among which `alpha` is shared."""
    candidates: tuple[CandidateDrift, ...]
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    calls: int = 0
    """Requests sent by this call of the command."""
    planned_calls: int = 0
    planned: float | None = None
    """Money foretold for them; None where it cannot be said."""
    spent: float | None = None
    currency: str = "USD"
    stopped: Stopped = "done"
    simulated: bool = False
    version: str = ""
    schema: str = SCHEMA

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the candidates whose model has changed."""
        return tuple(one.name for one in self.candidates if one.state == "changed")

    def __str__(self) -> str:
        return " ".join(one.sentence for one in self.candidates)

    def to_json(self) -> bytes:
        """The documented JSON form."""
        return msgspec.json.encode(self)
