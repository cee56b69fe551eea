"""What is the same for every scorer: reasoning is taken away, statuses are told apart, their scores are fixed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish, Score, Status
from weighbridge.tasks.item import Item
from weighbridge.tasks.reasoning import split
from weighbridge.tasks.refusal import declines

Bounded = Annotated[float, msgspec.Meta(ge=0, le=1)]


class StatusScores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scores of the outcomes that are no answer, in [0, 1]; fixed before the first call."""

    refused: Annotated[Bounded, msgspec.Meta(description="Score of an answer that declines.")] = 0.0
    truncated: Annotated[Bounded, msgspec.Meta(description="Score of an answer cut before it could be read.")] = 0.0
    unparsable: Annotated[Bounded, msgspec.Meta(description="Score of an answer with nothing readable in it.")] = 0.0
    failed: Annotated[Bounded, msgspec.Meta(description="Score where no answer came after all retries.")] = 0.0

    def of(self, status: Status) -> float:
        """The fixed score of a status other than ok."""
        value: float = getattr(self, status.value)
        return value


@dataclass(frozen=True, slots=True)
class ScorerSpec:
    """A scorer that can be named in a project file."""

    name: str
    doc: str
    """One line for help and docs."""
    settings: type[msgspec.Struct]
    """Its options, each with a description."""
    build: Callable[[Any], Callable[[Item, Completion], Score]]
    """Settings to the scoring function; it sees the answer without reasoning and says ok or unparsable."""
    check: Callable[[Any, Item], str | None] | None = None
    """(settings, item) -> what is wrong with the item's reference, so that it is told before the first call."""
    resolve: Callable[[Any], Any] | None = None
    """Settings with the files they name read in, so that the key of the scores holds their content."""
    whole: bool = False
    """The scorer judges the answer as a whole: one that was cut counts as truncated unless it is fully right."""
    needs_reference: Callable[[Any], bool] = lambda _: True
    version: int = 1
    """Raised when the same answer may now get another score; stored scores of older versions are then remade."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A scorer with its settings and fixed scores: callable as (item, completion) -> Score."""

    spec: ScorerSpec
    settings: msgspec.Struct
    fixed: StatusScores
    function: Callable[[Item, Completion], Score]

    @property
    def needs_reference(self) -> bool:
        """Whether items without a reference cannot be scored."""
        return self.spec.needs_reference(self.settings)

    def check(self, items: Sequence[Item], where: str | None = None) -> None:
        """Raise UsageError for the first item whose reference this scorer cannot use; call it before a run."""
        if self.spec.check is None:
            return
        for item in items:
            wrong = self.spec.check(self.settings, item)
            if wrong is not None:
                line = f"{where or 'item'}:{item.line}" if item.line is not None else where
                raise UsageError(
                    f"the scorer {self.spec.name!r} cannot use item {item.id!r}: {wrong}",
                    where=line,
                    fix="mend the item, name another reference column, or choose another scorer",
                )

    def __call__(self, item: Item, completion: Completion) -> Score:
        if completion.finish is Finish.ERROR:
            return self._fixed(Status.FAILED, detail=completion.error)
        parts = split(completion.text)
        if completion.finish in (Finish.REFUSAL, Finish.FILTER):
            by = "the model" if completion.finish is Finish.REFUSAL else "a safety filter"
            return self._fixed(Status.REFUSED, detail=f"{by} declined")
        score = self.function(item, msgspec.structs.replace(completion, text=parts.answer))
        self._within(score.value, item)
        nothing = score.status is Status.UNPARSABLE
        if score.status is not Status.OK and not nothing:
            return self._fixed(score.status, score.extracted, score.detail)
        if (nothing or (self.spec.whole and score.value == 0)) and declines(parts.answer):
            return self._fixed(Status.REFUSED, detail="the answer reads like a refusal")
        if not parts.closed and (nothing or not parts.answer):
            return self._fixed(Status.TRUNCATED, detail="the model was still reasoning when it stopped")
        if completion.finish is Finish.LENGTH and (nothing or (self.spec.whole and score.value < 1)):
            return self._fixed(Status.TRUNCATED, score.extracted, "cut by the token limit")
        return self._fixed(Status.UNPARSABLE, score.extracted, score.detail) if nothing else score

    def _fixed(self, status: Status, extracted: str | None = None, detail: str | None = None) -> Score:
        return Score(self.fixed.of(status), status, extracted, detail)

    def _within(self, value: float, item: Item) -> None:
        if not (isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= 1):
            name = getattr(self.settings, "function", self.spec.name)
            raise UsageError(
                f"the scorer {name!r} gave {value!r} for item {item.id!r}, which is outside [0, 1]",
                where=f"line {item.line}" if item.line is not None else None,
                fix="scale the score so that 0 is the worst and 1 the best, then run again: no answer is asked twice",
            )


def unparsable(detail: str, extracted: str | None = None) -> Score:
    """What a scorer returns for an answer it cannot read; the fixed score is put in by `Marker`."""
    return Score(0.0, Status.UNPARSABLE, extracted, detail)
