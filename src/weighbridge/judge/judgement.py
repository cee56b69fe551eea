"""A whole judgement: who is asked about what, and everything that came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from weighbridge.errors import UsageError
from weighbridge.judge.answers import Answers, Cell
from weighbridge.judge.calibration import Calibration
from weighbridge.judge.calls import Replies
from weighbridge.judge.pairwise import Rate, Standing, Steadiness


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be judged, and how."""

    answers: Answers
    models: tuple[str, ...]
    """Candidates to judge, the reference candidate not among them."""
    against: str | None
    """The reference candidate of pairwise judging; None: each answer by itself."""
    rubric: str
    use_references: bool = True
    """Whether the judge is shown the reference answers that the table has."""
    controls: int = 30
    """Items on which the candidates that must lose are judged too; 0: none."""
    alpha: float = 0.05
    seed: int = 0
    brief: bool = False
    """The judge gives its verdict alone, without thinking aloud first."""


@dataclass(frozen=True, slots=True)
class Graded:
    """One candidate judged by itself."""

    model: str
    items: int
    score: Rate
    unreadable: int
    longer: float
    """Rank correlation (Spearman's) of score and length of the answer, from -1 to 1; NaN where one is constant."""
    kin: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome; `scores` is the evidence that `weighbridge compare` weighs."""

    judge: str
    mode: str
    """``pairwise`` or ``pointwise``."""
    against: str | None
    items: int
    """Items judged for every candidate."""
    standings: tuple[Standing, ...]
    graded: tuple[Graded, ...]
    controls: tuple[Standing, ...] | tuple[Graded, ...]
    steadiness: Steadiness | None
    scores: Mapping[Cell, float]
    replies: Replies
    simulated: bool
    findings: tuple[str, ...]
    """What stands above the table: sentences, the gravest first."""
    notes: tuple[str, ...] = ()
    calibration: Calibration | None = field(default=None)


def asked_of(
    answers: Answers,
    against: str | None,
    models: tuple[str, ...] | None,
    rubric: str,
    *,
    use_references: bool = True,
    controls: int = 30,
    alpha: float = 0.05,
    seed: int = 0,
    brief: bool = False,
) -> Asked:
    """Check what is to be judged. UsageError: unknown models, nobody to judge, no question texts."""
    if against is not None:
        answers.model(against, "option --against")
    chosen = tuple(answers.model(name, "option --models") for name in models or answers.models)
    chosen = tuple(name for name in dict.fromkeys(chosen) if name != against)
    if not chosen:
        raise UsageError(
            "there is nobody to judge beside the reference candidate",
            where="option --against",
            fix="put the answers of at least two models into the table",
        )
    if not answers.questions:
        raise UsageError(
            "the table has no questions, and a judge must see what was asked",
            where=answers.source,
            fix="add a column `question` (or name it: --column question=NAME)",
        )
    return Asked(answers, chosen, against, rubric, use_references, controls, alpha, seed, brief)
