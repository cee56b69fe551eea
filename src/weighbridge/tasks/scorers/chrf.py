"""chrF: how many character n-grams a translation shares with its references (Popović 2015, W15-3049).

Reckoned as sacrebleu does by default: n-grams of 1 to 6 characters without blanks, beta 2, orders averaged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec

from weighbridge.evidence import Completion, Score, Status
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import as_text, references
from weighbridge.tasks.refusal import declines

ORDER = 6
BETA = 2
LIKE = 0.5
"""chrF from which a text that reads like a refusal is taken for a translation of one."""


class Chrf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `chrf`."""

    first_line: Annotated[bool, msgspec.Meta(description="Read only the answer's first line.")] = True


def translation_of(text: str, *, first_line: bool = True) -> str:
    """What an answer translates to: its first line that is not blank, or all of it on one line."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return (lines[0] if first_line else " ".join(lines)) if lines else ""


def chrf_statistics(text: str, accepted: Sequence[str]) -> list[int]:
    """n-grams of the text, of the reference, and of both, for each order; of the reference that fits best."""
    mine = _grams(text)
    found = [_counted(mine, _grams(reference)) for reference in accepted]
    return max(found, key=chrf_of)


def chrf_of(statistics: Sequence[int]) -> float:
    """chrF from 0 to 1, of the counts of one sentence or the sums of many."""
    precision = recall = 0.0
    orders = 0
    for order in range(ORDER):
        mine, theirs, both = (int(each) for each in statistics[3 * order : 3 * order + 3])
        if mine and theirs:
            precision += both / mine
            recall += both / theirs
            orders += 1
    if not orders or not precision + recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)


def _grams(text: str) -> list[Counter[str]]:
    joined = "".join(text.split())
    return [Counter(joined[at : at + n] for at in range(len(joined) - n + 1)) for n in range(1, ORDER + 1)]


def _counted(mine: list[Counter[str]], theirs: list[Counter[str]]) -> list[int]:
    counts: list[int] = []
    for one, other in zip(mine, theirs, strict=True):
        # As in sacrebleu, n-grams do not count where the reference is too short to have any.
        counts += [one.total() if other else 0, other.total(), (one & other).total()]
    return counts


def chrf(settings: Chrf) -> Callable[[Item, Completion], Score]:
    """chrF of the sentence, 0 to 1; the best of the references."""

    def score(item: Item, completion: Completion) -> Score:
        text = translation_of(completion.text, first_line=settings.first_line)
        if not text:
            return unparsable("the answer is empty")
        value = chrf_of(chrf_statistics(text, [as_text(each) for each in references(item.reference)]))
        if value < LIKE and declines(completion.text):
            # A refusal shares letters with any reference; one that was to be translated shares most of them.
            return Score(0.0, Status.REFUSED, detail="the answer reads like a refusal")
        return Score(value, extracted=text)

    return score


CHRF = ScorerSpec("chrf", "Character n-grams in common with a reference translation (chrF, sentence).", Chrf, chrf)
