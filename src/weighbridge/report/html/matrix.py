"""Who beats whom, item by item: wins, ties, losses and the difference for every pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from weighbridge.decide.decision import Decision
from weighbridge.evidence import Evidence
from weighbridge.report import figures
from weighbridge.report.html.series import Series

SHOWN = 16
"""The matrix of more candidates than this shows the first in reading order."""

BAR = 56.0


@dataclass(frozen=True, slots=True)
class Cell:
    """The row's candidate against the column's."""

    win: int
    tie: int
    loss: int
    difference: float
    interval: tuple[float, float] | None

    @property
    def items(self) -> int:
        return self.win + self.tie + self.loss

    @property
    def sign(self) -> Literal["ahead", "behind", "open"]:
        """``ahead`` and ``behind`` where the interval excludes 0; without an interval nothing is claimed."""
        if self.interval is None or self.interval[0] <= 0 <= self.interval[1]:
            return "open"
        return "ahead" if self.interval[0] > 0 else "behind"

    @property
    def points(self) -> str:
        return figures.points(self.difference)

    @property
    def span(self) -> str:
        if self.interval is None:
            return ""
        return f"{figures.points(self.interval[0])} to {figures.points(self.interval[1])}"

    @property
    def bar(self) -> tuple[float, float, float]:
        """Widths of win, tie and loss in pixels of a bar of 56."""
        return BAR * self.win / self.items, BAR * self.tie / self.items, BAR * self.loss / self.items

    def turned(self) -> Cell:
        """The same pair seen from the other side."""
        span = None if self.interval is None else (-self.interval[1], -self.interval[0])
        return Cell(self.loss, self.tie, self.win, -self.difference, span)


def _counted(evidence: Evidence, a: int, b: int) -> Cell | None:
    gap = evidence.score[a] - evidence.score[b]
    gap = gap[np.isfinite(gap)]
    if len(gap) == 0:
        return None
    win, loss = int((gap > 1e-12).sum()), int((gap < -1e-12).sum())
    return Cell(win, len(gap) - win - loss, loss, float(gap.mean()), None)


def matrix(series: Sequence[Series], decision: Decision, evidence: Evidence | None) -> list[list[Cell | None]]:
    """Rows and columns in reading order; None on the diagonal and where a pair shares no item.

    Pairs that the decision does not hold are counted in the evidence and carry no interval.
    """
    stated = {(pair.a, pair.b): pair for pair in decision.pairs if pair.win + pair.tie + pair.loss > 0}
    shown = series[:SHOWN]
    found: dict[tuple[int, int], Cell | None] = {}
    for row in shown:
        for column in shown[row.place + 1 :]:
            cell: Cell | None = None
            if pair := stated.get((row.name, column.name)):
                cell = Cell(pair.win, pair.tie, pair.loss, pair.difference, pair.interval)
            elif pair := stated.get((column.name, row.name)):
                cell = Cell(pair.win, pair.tie, pair.loss, pair.difference, pair.interval).turned()
            elif evidence is not None and row.column is not None and column.column is not None:
                cell = _counted(evidence, row.column, column.column)
            found[row.place, column.place] = cell
            found[column.place, row.place] = cell.turned() if cell is not None else None
    return [[found.get((row.place, column.place)) for column in shown] for row in shown]
