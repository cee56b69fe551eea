"""Exact match: the answer is the reference, after the named normalisations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec

from weighbridge.evidence import Completion, Score
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import Normalisation, as_text, normalise, references


class Exact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `exact`."""

    normalize: Annotated[
        tuple[Normalisation, ...],
        msgspec.Meta(
            description="Differences to overlook: unicode, case, numbers, punctuation, articles, whitespace."
        ),
    ] = ("unicode", "whitespace")


def exact(settings: Exact) -> Callable[[Item, Completion], Score]:
    """1 if the answer equals any of the references, else 0."""

    def score(item: Item, completion: Completion) -> Score:
        answer = normalise(completion.text, settings.normalize)
        accepted = [normalise(as_text(reference), settings.normalize) for reference in references(item.reference)]
        if not completion.text.strip() and "" not in accepted:
            return unparsable("the answer is empty")
        return Score(float(answer in accepted), extracted=answer)

    return score


EXACT = ScorerSpec(
    "exact", "1 if the answer equals a reference after normalisation, else 0.", Exact, exact, whole=True
)
