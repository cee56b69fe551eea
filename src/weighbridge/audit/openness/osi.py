"""The Open Source AI Definition 1.0 (Open Source Initiative, 2024-10-28), clause by clause.

The definition asks for data information (enough for a skilled person to build a substantially equivalent system; data
that cannot be shared must be described), the complete code, and the parameters, code and parameters under open terms.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from weighbridge.audit.openness.components import BY_ID
from weighbridge.audit.openness.evidence import Row, State, Table

ClauseState = Literal["not met", "in part", "terms", "met"]
"""``in part``: some of it, or a description only. ``terms``: it is there, and its licence is what is amiss."""
Verdict = Literal["complies", "near", "does not comply"]
"""``near``: nothing that is asked for is withheld altogether; other terms, or the rest of what is there in part,
would do. What the validators of the definition called "would probably pass with a change of terms"."""

ORDER: tuple[ClauseState, ...] = ("not met", "in part", "terms", "met")
VERDICTS: tuple[Verdict, ...] = ("does not comply", "near", "complies")
CODE = ("preprocessing_code", "training_code", "inference_code")
"""Validation code is asked for only where validation was part of the training; it is left out."""


class Clause(msgspec.Struct, frozen=True):
    """One of the definition's three demands."""

    name: Literal["data information", "code", "parameters"]
    state: ClauseState
    """If what the card points at is there."""
    low: ClauseState
    high: ClauseState
    why: tuple[str, ...]
    """What the state rests on, part by part."""


class OsiVerdict(msgspec.Struct, frozen=True):
    """The verdict as an interval, and its clauses."""

    verdict: Verdict
    """If what the card points at is there."""
    low: Verdict
    high: Verdict
    clauses: tuple[Clause, ...]


def osi_verdict(table: Table) -> OsiVerdict:
    """What the definition says of what the table holds."""
    clauses = (_data(table), _code(table), _parameters(table))
    return OsiVerdict(
        verdict=verdict_of([clause.state for clause in clauses]),
        low=verdict_of([clause.low for clause in clauses]),
        high=verdict_of([clause.high for clause in clauses]),
        clauses=clauses,
    )


def capped_verdict(own: OsiVerdict, base: OsiVerdict) -> OsiVerdict:
    """The verdict on a fine-tune: no better than that on its base."""

    def less(one: Verdict, other: Verdict) -> Verdict:
        return min((one, other), key=VERDICTS.index)

    return msgspec.structs.replace(
        own,
        verdict=less(own.verdict, base.verdict),
        low=less(own.low, base.low),
        high=less(own.high, base.high),
    )


def verdict_of(states: list[ClauseState]) -> Verdict:
    """All met: complies. One not met: does not. Else near."""
    if all(state == "met" for state in states):
        return "complies"
    return "does not comply" if "not met" in states else "near"


def _data(table: Table) -> Clause:
    data, card = table["datasets"], table["data_card"]

    def judged(state: State, described: State) -> ClauseState:
        if state == "released":
            return "met"
        if state == "partial":
            return "met" if described == "released" else "in part"
        return "in part" if state == "described" else "not met"

    why = [_told(data), _told(card)]
    return Clause(
        "data information",
        judged(data.state, card.state),
        judged(data.low, card.low),
        judged(data.high, card.high),
        tuple(why),
    )


def _code(table: Table) -> Clause:
    rows = [table[one] for one in CODE]
    sides = [[_under_terms(row, side) for row in rows] for side in ("state", "low", "high")]
    likely, low, high = (min(side, key=ORDER.index) for side in sides)
    return Clause("code", likely, low, high, tuple(_told(row) for row in rows))


def _parameters(table: Table) -> Clause:
    row = table["weights"]
    states = [_under_terms(row, side) for side in ("state", "low", "high")]
    return Clause("parameters", states[0], states[1], states[2], (_told(row),))


def _under_terms(row: Row, side: Literal["state", "low", "high"] | str) -> ClauseState:
    state: State = getattr(row, side)
    if state in ("absent", "unknown"):
        return "not met"
    if state in ("partial", "described"):
        # Behind a gate and under closed terms, it is the terms that are amiss.
        return "terms" if state == "partial" and row.component == "weights" else "in part"
    good = ("open", "unknown") if side == "high" else ("open",)
    return "met" if row.terms in good else "terms"


def _told(row: Row) -> str:
    name = BY_ID[row.component].name.lower()
    what = row.state if row.state == row.low else f"{row.state}, as the card says"
    under = {"open": f" under {row.licence}", "not open": f" under {row.licence}", "none": " without a licence"}
    terms = under.get(row.terms, "") if row.state in ("released", "partial") else ""
    return f"{name}: {what}{terms}"
