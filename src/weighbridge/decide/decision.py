"""The decision: verdict, per-candidate results, findings, and what would change it. Its JSON form is versioned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from weighbridge.decide.counsel import (
    BreakEven,
    BreakEvenPoint,
    FlipPoint,
    Preferred,
    Standpoint,
)
from weighbridge.decide.measured import Measured, MeasuredColumn, measured_of
from weighbridge.evidence import Answering, Claim, Evidence, Finding, Question, Requirements, Side
from weighbridge.evidence.requirements import ContinuityFor, DataHandling, Job, Load, OpennessAtLeast, Owned

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

SCHEMA = "weighbridge.decision/1"

FrameName = Literal["evidence", "candidates", "pairs", "findings", "trace"]
"""Tables that a decision can be turned into."""

__all__ = [
    "SCHEMA",
    "Answering",
    "BreakEven",
    "BreakEvenPoint",
    "Calls",
    "CandidateResult",
    "ContinuityFor",
    "Cost",
    "DataHandling",
    "Decision",
    "Finding",
    "FlipPoint",
    "FrameName",
    "Job",
    "Load",
    "Measured",
    "MeasuredColumn",
    "OpennessAtLeast",
    "Owned",
    "PairResult",
    "Preferred",
    "Question",
    "Requirements",
    "Standpoint",
    "TracePoint",
    "Verdict",
    "VerdictKind",
]

VerdictKind = Literal["best", "preferred", "non_inferior", "superior", "frontier", "undecided", "none"]
"""``preferred``: who stands highest by the user's own weights among those that meet every demand."""


class Verdict(msgspec.Struct, frozen=True):
    """Who, in one word and one sentence."""

    kind: VerdictKind
    candidates: list[str]
    """The winner; for ``frontier`` all on it; for ``undecided`` the leader alone; for ``none`` empty."""
    sentence: str
    """Who, by how much, how sure, under which claim, at what cost."""
    reasons: list[str] = []
    would_change: list[str] = []
    stopped: str = ""
    """Why calls stopped: ``decided``, ``budget``, ``pool exhausted``, ``interrupted``, ``stored``, ``candidates
    down``, ``version changed``."""


class CandidateResult(msgspec.Struct, frozen=True):
    """One candidate, measured."""

    name: str
    side: Side
    score: float | None
    interval: tuple[float, float] | None
    """Confidence sequence at 1 - alpha for `claim`: valid at whatever moment the run stopped. Where stored scores
    were used all at once (`Verdict.stopped` is ``stored``), a fixed-sample interval for the population claim. One
    point only where the pool claim's whole pool was read."""
    items: int
    spec: str = ""
    simulated: bool = False
    prompt: str | None = None
    repeats: int = 1
    own_randomness: float | None = None
    """Share of the variance behind the interval (its squared half-width) that is the model's own randomness; None
    with one repeat."""
    repeat_advice: str | None = None
    """Whether several answers per item were worth their money, and what others would bring; None with one repeat."""
    cost_per_1000: float | None = None
    cost_interval: tuple[float, float] | None = None
    cost_spent: float | None = None
    latency_p50: float | None = None
    latency_p95: float | None = None
    latency_p95_interval: tuple[float, float | None] | None = None
    latency_p50_interval: tuple[float, float | None] | None = None
    first_token_p50: float | None = None
    first_token_p50_interval: tuple[float, float | None] | None = None
    first_token_p95: float | None = None
    first_token_p95_interval: tuple[float, float | None] | None = None
    per_token_p50: float | None = None
    per_token_p50_interval: tuple[float, float | None] | None = None
    per_token_p95: float | None = None
    per_token_p95_interval: tuple[float, float | None] | None = None
    concurrency_least: int | None = None
    concurrency_most: int | None = None
    tokens_in: float | None = None
    tokens_out: float | None = None
    statuses: dict[str, int] = {}
    out: str | None = None
    """Why it left the race, if it did."""
    out_at: int | None = None
    """Items drawn when it left."""
    certified_epsilon: float | None = None
    """For each rival of the leader: the smallest epsilon at which the leader is certified against it now."""
    exhausted_score: float | None = None
    """Its mean over the whole pool, where every item was asked."""
    answering: Answering | None = None
    """How its answers came about; null where scores were imported that do not say."""
    versions: list[str] = []
    """Versions of the model that its answers name; empty where the server names none."""
    facts: str | None = None
    """Its entry in the catalogue, as the user named it; null where it was found from its spec or its name."""
    policy: str | None = None
    """The data policy its calls go under, as the user named it."""


class PairResult(msgspec.Struct, frozen=True):
    """Two candidates on the items both answered."""

    a: str
    b: str
    items: int
    win: int
    tie: int
    loss: int
    """Items where a scores above, equal to, below b."""
    difference: float
    """Mean of a - b over the shared items."""
    interval: tuple[float, float]
    """Interval for the difference at 1 - alpha, of the same kind as `CandidateResult.interval`."""


class Calls(msgspec.Struct, frozen=True):
    made: int
    """Answers this verdict rests on (paid now or earlier)."""
    exhaustive: int
    """Candidates x items x repeats."""
    from_store: int = 0
    """Of `made`, answers that were in the store already."""
    retries: int = 0


class Cost(msgspec.Struct, frozen=True):
    spent: float | None
    """Money for all answers the verdict rests on; None where a price is unknown."""
    exhaustive: float | None = None
    """Estimate for asking every candidate every item."""
    now: float | None = None
    """Money spent by this very run (answers from the store are free)."""
    currency: str = "USD"
    planned: float | None = None
    """What a plan from the run's first items foretold for the likely stop, to hold `spent` against; None where it
    cannot be said."""
    prices: dict[str, str] = {}
    """By candidate: its price with source and date, where it comes from the catalogue and not from the project."""


class TracePoint(msgspec.Struct, frozen=True):
    """The race at one look."""

    items: int
    calls: int
    score: list[float | None]
    low: list[float | None]
    high: list[float | None]
    alive: list[bool]
    leader: int


class Decision(msgspec.Struct, frozen=True, dict=True):
    """Everything a run found out. `msgspec.json.encode` gives the documented JSON form.

    The evidence it rests on travels with it (`evidence`), outside the JSON form.
    """

    verdict: Verdict
    question: Question
    claim: Claim
    alpha: float
    items: int
    """Items in the pool."""
    units: int
    """What was drawn: items, or clusters under the population claim."""
    unit: Literal["item", "cluster"]
    items_drawn: int
    seed: int
    calls: Calls
    cost: Cost
    candidates: list[CandidateResult]
    pairs: list[PairResult]
    findings: list[Finding] = []
    warnings: list[str] = []
    trace: list[TracePoint] = []
    more_items: int | None = None
    """Undecided: about how many more items would settle it; None where no number can be named."""
    pool_answer: str | None = None
    """What the exhausted pool says by itself, where every item was asked."""
    simulated: bool = False
    title: str = ""
    seconds: float | None = None
    requirements: Requirements | None = None
    """What was demanded; null where nothing was."""
    day: str | None = None
    """The day the decision speaks of, ISO 8601: dates of retirement and the age of facts are held against it."""
    frontier: list[Standpoint] = []
    """Quality, cost and risk of everybody, and who is beaten in none of them."""
    flips: list[FlipPoint] = []
    """What would change the verdict: the nearest value of each figure at which it becomes another."""
    preferred: Preferred | None = None
    """What the user's weights make of those who meet every demand; null without weights."""
    break_even: list[BreakEven] = []
    """Self-hosting against paying by the call, by volume; empty where no load is stated or nothing is known."""
    measured: Measured | None = None
    """The scores, so that the decision can be taken again under other requirements; null where they are too many."""
    version: str = ""
    schema: str = SCHEMA

    def __str__(self) -> str:
        """The verdict's sentence."""
        return self.verdict.sentence

    def carrying(self, evidence: Evidence, down: dict[str, str] | None = None) -> Decision:
        """This decision with its evidence, and who was taken down. A decision read back from JSON has neither."""
        # In the instance's dict and not a field: what is no field stays out of the JSON form and of equality.
        self.__dict__["evidence"] = evidence
        self.__dict__["down"] = down or {}
        return self

    def keeping_scores(self) -> Decision:
        """This decision with its scores in `measured`, where it has its evidence and that is not too large."""
        if self.measured is not None or self.evidence is None:
            return self
        down: dict[str, str] = self.__dict__.get("down", {})
        kept = msgspec.structs.replace(self, measured=measured_of(self.evidence, down))
        return kept.carrying(self.evidence, down)

    @property
    def evidence(self) -> Evidence | None:
        """The score table behind the verdict; None for a decision read back from JSON."""
        found: Evidence | None = self.__dict__.get("evidence")
        return found

    def to_json(self) -> bytes:
        """The documented JSON form."""
        return msgspec.json.encode(self)

    def to_polars(self, table: FrameName = "evidence") -> polars.DataFrame:
        """A table of this decision as a polars frame; see `decide.frames.columns_of` for the tables there are."""
        from weighbridge.decide.frames import columns_of
        from weighbridge.evidence.frames import polars_frame

        return polars_frame(columns_of(self, table))

    def to_pandas(self, table: FrameName = "evidence") -> pandas.DataFrame:
        """A table of this decision as a pandas frame."""
        from weighbridge.decide.frames import columns_of
        from weighbridge.evidence.frames import pandas_frame

        return pandas_frame(columns_of(self, table))

    def to_arrow(self, table: FrameName = "evidence") -> pyarrow.Table:
        """A table of this decision as an arrow table."""
        from weighbridge.decide.frames import columns_of
        from weighbridge.evidence.frames import arrow_table

        return arrow_table(columns_of(self, table))
