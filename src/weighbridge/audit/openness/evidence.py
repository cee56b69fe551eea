"""What is established about each part of a release: one row per part, with the rule and the place that decide."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["released", "partial", "described", "absent", "unknown"]
"""``released``: there to take. ``partial``: some of it is, or it is behind a gate. ``described``: told of, not there.
``absent``: not there, for a reason that is named. ``unknown``: neither was found."""

Standing = Literal["open", "not open", "none", "unknown"]
"""Of the terms: ``none`` where no licence is stated although one was looked for, which leaves all rights reserved."""

Basis = Literal["file", "card", "link", "catalogue"]
"""What a row rests on: files seen here, the card's own fields, a link or sentence in its text, or dated facts."""

LEVEL: dict[State, int] = {"absent": 0, "unknown": 0, "described": 1, "partial": 2, "released": 3}


class Hit(msgspec.Struct, frozen=True):
    """One thing that a rule found."""

    component: str
    state: State
    rule: str
    """Id of the rule, such as ``weights.files``."""
    path: str
    """File, link or source that decides."""
    basis: Basis
    licence: str | None = None
    """Of this part alone, where it has one of its own."""
    note: str = ""

    @property
    def seen(self) -> bool:
        """Whether it was seen, and is not only said to be elsewhere."""
        return self.basis in ("file", "catalogue")


class Row(msgspec.Struct, frozen=True):
    """One part of the release, as the evidence table has it."""

    component: str
    name: str
    state: State
    """Best-supported: what a card points at counts as it says."""
    low: State
    """What was seen: what is only pointed at does not count."""
    high: State
    """What it may still prove to be."""
    licence: str | None
    terms: Standing
    rule: str
    path: str
    basis: Basis
    note: str = ""
    misfit: str = ""
    """Why its licence, though open, was not made for such a part; it counts all the same."""
    also: tuple[str, ...] = ()
    """Further places that say the same."""

    @property
    def open_low(self) -> bool:
        """Whether it is certainly released under open terms."""
        return self.low == "released" and self.terms == "open"

    @property
    def open_likely(self) -> bool:
        """Whether it is, if what is pointed at is there."""
        return self.state == "released" and self.terms == "open"

    @property
    def open_high(self) -> bool:
        """Whether it may be, as far as is known."""
        return self.high == "released" and self.terms in ("open", "unknown")


Table = dict[str, Row]
"""Rows by the id of their component; every component has one."""
