"""Rank: a number judged by how far its place is from the reference's place among known values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Annotated

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Score
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import as_text
from weighbridge.tasks.scorers.numeric import Numeric, pick, reference_value, value_of


class Rank(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `rank`."""

    levels: Annotated[
        tuple[float, ...],
        msgspec.Meta(description="Known values (a sample, or its quantiles): they say what is a high or low number."),
    ]
    marker: Annotated[
        str | None, msgspec.Meta(description="Text before the number; an answer without it is unparsable.")
    ] = None


def place(value: float, levels: list[float]) -> float:
    """Share of `levels` below `value`, ties counted half: its place from 0 to 1."""
    return (bisect_left(levels, value) + bisect_right(levels, value)) / (2 * len(levels))


def rank(settings: Rank) -> Callable[[Item, Completion], Score]:
    """1 - |place of the answer - place of the reference|.

    The sum of such distances is Spearman's footrule (Diaconis & Graham 1977), here against places that are fixed
    before the first answer, so that each item has a score of its own.
    """
    if len(settings.levels) < 2:
        raise UsageError("the scorer 'rank' needs at least two levels", where="levels", fix="list known values")
    levels = sorted(settings.levels)
    numeric = Numeric(marker=settings.marker)

    def score(item: Item, completion: Completion) -> Score:
        found, _ = pick(completion.text, numeric)
        wanted = reference_value(item.reference, numeric)
        if found is None or wanted is None:
            return unparsable("there is no number in the answer")
        value = float(value_of(found, numeric))
        distance = abs(place(value, levels) - place(float(wanted), levels))
        return Score(1 - distance, extracted=repr(value))

    return score


def _check(settings: Rank, item: Item) -> str | None:  # noqa: ARG001 - the signature of all checks
    if reference_value(item.reference, Numeric()) is None:
        return f"the reference {as_text(item.reference)[:60]!r} is not one number"
    return None


RANK = ScorerSpec(
    "rank", "1 less the distance between the places of answer and reference among known values.", Rank, rank, _check
)
