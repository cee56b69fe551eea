"""What is said of a text: which licence it is, whether all of it, and which sentences are not that licence's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["complete", "incomplete", "modified", "unknown"]
"""What a text is, held against the licence that it is named after:

- ``complete``: every sentence of the licence is there, and nothing else that sets terms.
- ``incomplete``: what is there is the licence's, but its end or its beginning is missing.
- ``modified``: sentences were put in, taken out or changed, so its duties are unknown.
- ``unknown``: no licence of the index.
"""

Kind = Literal["inserted", "deleted", "changed", "outside"]
"""``outside``: before or after the licence's own text, in words that set terms."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A licence that the text may be."""

    licence: str
    """The catalogue's id, or the SPDX id, or the key of the text."""
    key: str
    """The text in the index: a licence may have several (versions, dates)."""
    name: str
    share: float
    """Of the licence's words, how many are there, in order; in [0, 1]."""
    explained: float
    """Of the text's words between the licence's first and last one there, how many are the licence's; in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence that the licence does not explain, or one of the licence's that is not there."""

    kind: Kind
    line: int
    """Where in the text, from 1; for a deleted sentence the line that it would follow."""
    last_line: int
    clause: str
    """Where in the licence: its clause number, and what the sentence does there in our words."""
    text: str
    """The text's own sentence; empty for a deleted one."""
    added: tuple[str, ...] = ()
    """Words of the text that are not the licence's."""
    removed: int = 0
    """How many of the licence's words are not there."""
    weight: str = "wording"
    """What it touches: ``restricts``, ``grants``, ``number``, ``duty``, ``reference``, ``wording``."""

    def __str__(self) -> str:
        lines = f"line {self.line}" if self.line == self.last_line else f"lines {self.line}-{self.last_line}"
        where = f" ({self.clause})" if self.clause else ""
        if self.kind == "deleted":
            return f"{lines}: missing here{where}: {self.removed} words of the licence"
        return f"{lines}: {self.kind}{where}: {self.text}"


@dataclass(frozen=True, slots=True)
class Missing:
    """A part of the licence that the text breaks off before, or begins after."""

    clause: str
    words: int


@dataclass(frozen=True, slots=True)
class Identified:
    """A text, held against the licences of the index."""

    status: Status
    licence: str | None = None
    """The catalogue's id (or SPDX id, or key) of the best match; None where the status is ``unknown``."""
    key: str | None = None
    """The text in the index that matched."""
    name: str | None = None
    share: float = 0.0
    """Of the licence's words, how many are there; in [0, 1]."""
    line: int = 0
    """Where the licence begins in the text, from 1; 0 where there is none."""
    last_line: int = 0
    twins: tuple[str, ...] = ()
    """Licences (ids) that explain the words that are there equally well: it may as well be one of them."""
    candidates: tuple[Candidate, ...] = ()
    """Best first. Where the status is ``unknown``, the nearest ones, which it is not."""
    passages: tuple[Passage, ...] = ()
    """Sentences inserted, deleted, changed, or setting terms outside the licence, in the order of the text."""
    missing: tuple[Missing, ...] = ()
    """Parts of the licence beyond the text's beginning or end."""
    notes: tuple[str, ...] = ()
    """What was seen and does not count: years, holders, left-out appendices."""
    also: tuple[Identified, ...] = ()
    """Other licences in the same text, outside this one."""

    @property
    def intact(self) -> bool:
        """Whether the licence's own terms, all of them and no others, are what the text says."""
        return self.status == "complete" and all(one.intact for one in self.also)

    @property
    def statement(self) -> str:
        """One sentence."""
        name = self.name or ""
        if self.twins:
            name += f" (or as well {', '.join(self.twins)})"
        if self.status == "unknown":
            if not self.candidates:
                return "no licence that is known"
            near = self.candidates[0]
            return f"no licence that is known; nearest is {near.name} with {near.share:.0%} of its words"
        if self.status == "complete":
            return f"{name}, complete and unchanged"
        if self.status == "incomplete":
            return f"{name}, incomplete: {self.share:.0%} of its words are there"
        sentences = len(self.passages)
        if not sentences:
            words = sum(one.words for one in self.missing)
            return f"modified {name}: unknown duties, {words} words are missing at an end"
        put = "1 sentence differs" if sentences == 1 else f"{sentences} sentences differ"
        damaged = ", damaged throughout" if sentences > 12 and self.share < 0.97 else ""
        return f"modified {name}{damaged}: unknown duties, {put}"
