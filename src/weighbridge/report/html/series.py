"""What one candidate looks like on the page: its colour, its marker and its row in the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.decide.decision import CandidateResult, Decision
from weighbridge.evidence import Evidence
from weighbridge.report.terminal import ranked

COLOURS = 8


@dataclass(frozen=True, slots=True)
class Series:
    """A candidate in reading order."""

    result: CandidateResult
    place: int
    """Position in reading order; decides the colour."""
    index: int
    """Position in `Decision.candidates`, by which the trace is kept."""
    column: int | None
    """Row of the candidate in the evidence, None where it has none."""
    chosen: bool
    """Whether the verdict names it as its answer."""

    @property
    def name(self) -> str:
        return self.result.name

    @property
    def colour(self) -> str:
        """Class that carries the colour; dashes tell a second round of colours from the first."""
        return f"s{self.place % COLOURS}" + (" dashed" if self.place // COLOURS % 2 else "")


def lined_up(decision: Decision, evidence: Evidence | None) -> list[Series]:
    """All candidates in reading order, each with its places in the trace and in the evidence."""
    columns = {column.name: k for k, column in enumerate(evidence.columns)} if evidence is not None else {}
    index = {id(result): k for k, result in enumerate(decision.candidates)}
    settled = decision.verdict.kind != "undecided"
    return [
        Series(
            result=result,
            place=place,
            index=index[id(result)],
            column=columns.get(result.name),
            chosen=settled and result.name in decision.verdict.candidates,
        )
        for place, result in enumerate(ranked(decision))
    ]


def simple_frontier(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of (cost, score) points those that no cheaper point matches in score, cheapest first."""
    kept: list[tuple[float, float]] = []
    for cost, score in sorted(points, key=lambda point: (point[0], -point[1])):
        if not kept or score > kept[-1][1]:
            kept.append((cost, score))
    return kept
