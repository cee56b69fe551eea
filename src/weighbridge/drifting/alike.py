"""How far two answers are apart: 0 where they say the same, 1 where they have nothing in common.

Answers that were read as something short (a choice, a number) are the same or not. Longer ones are compared by the
words they have in common: 1 - |A and B| / |A or B| (Jaccard). A short and a long answer are 1 apart. The distance is
of negative type, which `stats.drift` needs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from weighbridge.evidence import Completion, Score, Status
from weighbridge.tasks.reasoning import visible

SHORT = 6
"""Words up to which two answers are the same or not."""

_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Said:
    """What one answer comes down to."""

    score: float
    words: tuple[str, ...]

    @property
    def short(self) -> bool:
        return len(self.words) <= SHORT


def said(score: Score, completion: Completion) -> Said:
    """An answer as it is compared: what the scorer read out of it, or its text without its reasoning."""
    if score.status in (Status.REFUSED, Status.FAILED):
        return Said(score.value, (f"({score.status})",))
    text = score.extracted if score.extracted is not None else visible(completion).text
    return Said(score.value, tuple(_WORD.findall(text.casefold())))


def distance(a: Said, b: Said) -> float:
    """In [0, 1]; symmetric."""
    if a.words == b.words:
        return 0.0
    if a.short or b.short:
        return 1.0
    one, other = set(a.words), set(b.words)
    return 1 - len(one & other) / len(one | other)
