"""Contains: the reference stands somewhere in the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from weighbridge.evidence import Completion, Score
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import Normalisation, as_text, normalise, references


class Contains(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `contains`."""

    require: Annotated[
        Literal["any", "all"], msgspec.Meta(description="With several references: one of them is enough, or all.")
    ] = "any"
    normalize: Annotated[
        tuple[Normalisation, ...], msgspec.Meta(description="Differences to overlook, as in `exact`.")
    ] = ("unicode", "case", "whitespace")
    whole_words: Annotated[
        bool, msgspec.Meta(description="Do not find `art` in `part`: a match begins and ends at a word's edge.")
    ] = False


def contains(settings: Contains) -> Callable[[Item, Completion], Score]:
    """1 if any (or all) of the references stand in the answer, else 0."""

    def found(wanted: str, answer: str) -> bool:
        if not settings.whole_words:
            return wanted in answer
        return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", answer) is not None

    def score(item: Item, completion: Completion) -> Score:
        answer = normalise(completion.text, settings.normalize)
        if not answer:
            return unparsable("the answer is empty")
        wanted = [normalise(as_text(reference), settings.normalize) for reference in references(item.reference)]
        missing = [text for text in wanted if not found(text, answer)]
        right = not missing if settings.require == "all" else len(missing) < len(wanted)
        there = [text for text in wanted if text not in missing]
        detail = None if right else f"missing: {', '.join(missing)}"
        return Score(float(right), extracted=", ".join(there) or None, detail=detail)

    return score


def _check(settings: Contains, item: Item) -> str | None:
    empty = any(not normalise(as_text(each), settings.normalize) for each in references(item.reference))
    return "a reference is empty, and every answer contains the empty text" if empty else None


CONTAINS = ScorerSpec(
    "contains",
    "1 if the reference (any or all of several) stands in the answer.",
    Contains,
    contains,
    _check,
    whole=True,
)
