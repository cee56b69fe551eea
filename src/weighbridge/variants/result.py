"""What is found out about prompts: each candidate's spread, a verdict under each prompt, and the tuned verdict."""

from __future__ import annotations

from typing import Literal

import msgspec

from weighbridge.decide import Calls, Cost, PairResult, Verdict
from weighbridge.evidence import Claim, Question, Side

SCHEMA = "weighbridge.sensitivity/1"

Survival = Literal["survives", "changes", "open", "alone"]
"""``survives``: the same verdict under every prompt. ``changes``: two prompts give different verdicts. ``open``: some
prompt leaves it undecided and no two contradict each other. ``alone``: one candidate, so that there is no verdict
between models."""


class VariantScore(msgspec.Struct, frozen=True):
    """One candidate under one prompt."""

    variant: str
    score: float | None
    interval: tuple[float, float] | None
    """Simultaneous with every other interval of `Sensitivity.candidates`, at 1 - alpha."""
    items: int
    statuses: dict[str, int] = {}
    """How many items ended in each status: a prompt may score low because its answers cannot be read."""


class CandidateSpread(msgspec.Struct, frozen=True):
    """How much the prompt makes of one candidate."""

    name: str
    side: Side
    variants: list[VariantScore]
    """In the order declared."""
    best: str | None
    """The variant with the highest score seen."""
    worst: str | None
    spread: float | None
    """Highest less lowest score seen."""
    spread_interval: tuple[float, float] | None
    """For the true difference between its best and its worst prompt, from paired differences."""
    differs: bool = False
    """Whether it is established that the prompt makes a difference at all (the interval excludes 0)."""


class VariantVerdict(msgspec.Struct, frozen=True):
    """The verdict between the candidates under one prompt."""

    variant: str
    verdict: Verdict
    pairs: list[PairResult]
    items_drawn: int
    calls: int
    """Answers the verdict rests on."""


class Tuned(msgspec.Struct, frozen=True):
    """Each candidate with its best prompt, chosen on some items and judged on others."""

    items: int
    """Items on which every candidate tried every prompt: the same budget for each."""
    rest: int
    """Items left for the verdict."""
    best: dict[str, str]
    """By candidate: the prompt chosen."""
    tuning: dict[str, float]
    """By candidate: its score on the tuning items with that prompt. It flatters: the prompt was chosen for it."""
    scores: dict[str, float | None]
    """By candidate: its score on items that took no part in the choice."""
    intervals: dict[str, tuple[float, float] | None] = {}
    verdict: Verdict | None = None
    """None with one candidate."""
    pairs: list[PairResult] = []
    calls: int = 0


class Sensitivity(msgspec.Struct, frozen=True):
    """Everything found out about the prompts. `msgspec.json.encode` gives the JSON form."""

    sentence: str
    survival: Survival
    question: Question
    claim: Claim
    alpha: float
    claims: list[str]
    """What is claimed, each with its own error probability."""
    variants: list[str]
    candidates: list[CandidateSpread]
    verdicts: list[VariantVerdict]
    tuned: Tuned | None
    items: int
    """Items in the pool."""
    asked: int
    """Items that every candidate answered under every prompt."""
    seed: int
    calls: Calls
    cost: Cost
    prompts: dict[str, str] = {}
    """What the first item is told under each variant."""
    warnings: list[str] = []
    simulated: bool = False
    title: str = ""
    version: str = ""
    schema: str = SCHEMA

    def to_json(self) -> bytes:
        """The JSON form."""
        return msgspec.json.encode(self)
