"""Who is asked in a run, and who is left out before it."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.evidence import Question


@dataclass(frozen=True, slots=True)
class Field:
    """Who is asked, and what."""

    asked: tuple[str, ...]
    """Names, in the order of the candidates."""
    excluded: dict[str, str]
    """Names of those who are not, and what they fail."""
    question: Question
    """The run's own, or what is left of it where nobody to compare with may be used."""
    notes: tuple[str, ...] = ()
    """What to say of it above the verdict."""
