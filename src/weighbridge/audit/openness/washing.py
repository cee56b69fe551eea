"""What the label claims, beside what is there: "open-washing" in words."""

from __future__ import annotations

import re

from weighbridge.audit.openness.card import Card
from weighbridge.audit.openness.evidence import Row, Table
from weighbridge.audit.openness.mof import MofGrade
from weighbridge.audit.openness.openness import Base
from weighbridge.audit.openness.osi import OsiVerdict

CLAIMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("fully open", re.compile(r"\b(fully|truly|completely|100 ?%|totally)[- ]open([- ]source)?\b", re.I)),
    ("open source", re.compile(r"\bopen[- ]?sourced?\b", re.I)),
    ("open science", re.compile(r"\bopen[- ]science\b", re.I)),
)
NOT_CLAIM = re.compile(
    r"\b(not|isn't|n't|other|existing|many|various|most|among|compared|outperform\w*|than|any)\b", re.I
)
OTHERS = re.compile(r"\bbest\b", re.I), re.compile(r"^[^.;,]{0,40}\b(models|systems|llms|ones|alternatives)\b", re.I)
"""Before and after a claim: "the best open-source models" are others, "the best open-source model" is itself."""
OPEN_NAME = re.compile(r"open|community|free|public", re.I)


def claims(card: Card) -> list[tuple[str, str]]:
    """What the card calls the model: the claim, and where. What it calls others does not count."""
    found: list[tuple[str, str]] = []
    for number, line in enumerate(card.text.splitlines(), card.first + 1):
        for claim, pattern in CLAIMS:
            match = pattern.search(line[:2000])
            if match is None or any(claim == one for one, _ in found):
                continue
            before = line[max(0, match.start() - 60) : match.start()]
            others = OTHERS[0].search(before) and OTHERS[1].search(line[match.end() :])
            if not NOT_CLAIM.search(before) and not others:
                found.append((claim, f"{card.path}:{number}"))
                break
    return found


def washing(
    card: Card, table: Table, mof: MofGrade, osi: OsiVerdict, label: str | None, bases: tuple[Base, ...], side: str
) -> tuple[str, ...]:
    """Sentences on what is claimed and not there; empty where the label promises no more than is released."""
    said: list[str] = []
    lacks = _lacking(table)
    for claim, place in claims(card):
        if claim == "fully open" and mof.high != "I":
            best = f"class {mof.high}" if mof.high else "no class"
            said.append(
                f'It calls itself "fully open" ({place}); by the Model Openness Framework it is {best} at best: '
                f"{'; '.join(lacks) or 'licences stand in the way'}."
            )
        elif claim == "open source" and osi.high != "complies":
            said.append(
                f'It calls itself "open source" ({place}); by the Open Source AI Definition 1.0 it is not: '
                f"{'; '.join(_amiss(osi))}."
            )
        elif claim == "open source" and osi.low != "complies":
            gaps = "; ".join(_amiss(osi))
            said.append(f'It calls itself "open source" ({place}); what would show it was not seen here: {gaps}.')
    weights = table["weights"]
    if side == "open" and not said and osi.high != "complies":
        said.append(
            f"It counts among the open models; what is there: {_there(table)}. Not there: {'; '.join(lacks)}."
        )
    if label and weights.terms == "not open" and OPEN_NAME.search(label) and weights.state != "absent":
        said.append(f'Its licence is called "{label}", and is not approved as open by anybody who keeps such a list.')
    if weights.terms == "open" and weights.state == "released" and len(lacks) >= 2 and not said:
        said.append(
            f"The label {label or weights.licence} is true of the weights alone; not there: {'; '.join(lacks)}."
        )
    own = label or ""
    if bases and own and "is that of its base" in weights.note and weights.licence and weights.licence != own:
        said.append(f"It is labelled {own}; its base {bases[0].name} is under {weights.licence}, which goes with it.")
    return tuple(said)


def _lacking(table: Table) -> list[str]:
    words = {
        "absent": "not released",
        "unknown": "nowhere found",
        "described": "only described",
        "partial": "in part",
    }
    parts = ("datasets", "training_code", "preprocessing_code", "weights")
    return [
        f"{_name(table[one])} {words[table[one].high if table[one].state == 'released' else table[one].state]}"
        for one in parts
        if table[one].state != "released"
    ]


def _name(row: Row) -> str:
    return {"datasets": "training data", "weights": "weights"}.get(row.component, row.name.lower())


def _there(table: Table) -> str:
    there = [_name(row) for row in table.values() if row.state == "released"]
    weights = table["weights"]
    gate = f"weights {weights.note.split(';')[0]}" if weights.state == "partial" else ""
    return ", ".join(part for part in (gate, *there[:6]) if part) or "nothing"


def _amiss(osi: OsiVerdict) -> list[str]:
    words = {
        "not met": "not met",
        "in part": "met in part",
        "terms": "under terms that are not open",
        "met": "not shown",
    }
    return [f"{one.name} {words[one.state]} ({', '.join(one.why)})" for one in osi.clauses if one.low != "met"]
