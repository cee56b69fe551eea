"""Class of the Model Openness Framework 1.0: cumulative, by which parts are released under open terms.

Rules as read from the framework's own tool, whose published test results this reproduces. A part counts where its
licence is open; a class is reached when all parts that it and the classes below it ask for count; progress of a class
is zero until the class below is complete. A research paper under open terms stands in for a technical report.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from weighbridge.audit.openness.components import BY_ID, CLASSES, MofClass, required
from weighbridge.audit.openness.evidence import Row, Table


class Progress(msgspec.Struct, frozen=True):
    """A class, and how far each is reached."""

    mof: MofClass | None
    percent: dict[MofClass, float]
    missing: dict[MofClass, tuple[str, ...]]
    """Ids of the parts that each class still lacks."""


class MofGrade(msgspec.Struct, frozen=True):
    """The class as an interval: what the evidence proves, and what it leaves possible."""

    low: MofClass | None
    high: MofClass | None
    likely: MofClass | None
    """If what the card points at is there; between the two."""
    percent: dict[MofClass, tuple[float, float]]
    next: MofClass | None
    """The class after `low`; None where that is the best."""
    blockers: tuple[str, ...]
    """What stands between `low` and `next`, part by part, with the reason."""


def progress(counting: Collection[str]) -> Progress:
    """The class, where `counting` are the ids of the parts that are released under open terms."""
    stand_in = "paper" in counting and "report" not in counting
    best: MofClass | None = None
    percent: dict[MofClass, float] = {}
    missing: dict[MofClass, tuple[str, ...]] = {}
    below = True
    for mof in CLASSES:
        asked = list(required(mof))
        if stand_in:
            asked.remove("report")
            if mof != "I":
                asked.append("paper")
        missing[mof] = tuple(one for one in asked if one not in counting)
        percent[mof] = 100.0 * (1 - len(missing[mof]) / len(asked)) if below else 0.0
        below = below and not missing[mof]
        best = mof if below else best
    return Progress(best, percent, missing)


def grade(table: Table) -> MofGrade:
    """The class of what the table holds."""
    low = progress([one for one, row in table.items() if row.open_low])
    likely = progress([one for one, row in table.items() if row.open_likely])
    high = progress([one for one, row in table.items() if row.open_high])
    after = CLASSES[0] if low.mof is None else None if low.mof == "I" else CLASSES[CLASSES.index(low.mof) + 1]
    return MofGrade(
        low=low.mof,
        high=high.mof,
        likely=likely.mof,
        percent={mof: (low.percent[mof], high.percent[mof]) for mof in CLASSES},
        next=after,
        blockers=() if after is None else tuple(blocker(table[one]) for one in low.missing[after]),
    )


def blocker(row: Row) -> str:
    """Why a part does not count, in a sentence without its end."""
    name = BY_ID[row.component].name.lower()
    if row.low != "released":
        if row.state == "released":
            return f"{name}: pointed at ({row.path}), not seen here"
        words = {
            "partial": "released in part or behind a gate",
            "described": "described, not released",
            "absent": "not released",
            "unknown": "not known",
        }
        return f"{name}: {words[row.state]}"
    if row.terms == "none":
        return f"{name}: no licence is stated"
    if row.terms == "unknown":
        return f"{name}: its licence is not known"
    return f"{name}: {row.licence} is not an open licence"


def capped_grade(own: MofGrade, base: MofGrade, name: str) -> MofGrade:
    """The grade of a fine-tune: of no better class than its base's."""

    def less(one: MofClass | None, other: MofClass | None) -> MofClass | None:
        return one if other is not None and at_least(other, one) else other

    low = less(own.low, base.low)
    blockers = own.blockers
    if low != own.low or own.next is None:
        after = CLASSES[0] if low is None else None if low == "I" else CLASSES[CLASSES.index(low) + 1]
        told = "reaches no class" if base.low is None else f"reaches class {base.low} alone"
        blockers = () if after is None else (f"its base {name} {told}",)
        own = msgspec.structs.replace(own, next=after)
    return msgspec.structs.replace(
        own, low=low, likely=less(own.likely, base.likely), high=less(own.high, base.high), blockers=blockers
    )


def at_least(mof: MofClass | None, wanted: MofClass | None) -> bool:
    """Whether a class is `wanted` or a better one; any is at least none."""
    return wanted is None or (mof is not None and CLASSES.index(mof) >= CLASSES.index(wanted))
