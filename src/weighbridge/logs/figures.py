"""What each log holds, counted while its rows stream by, and whether its own figure comes out of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from weighbridge.evidence import Status
from weighbridge.logs.log import Log, Row

MEANS = ("accuracy", "acc", "exact_match", "mean", "win_rate", "pass_rate", "score")
"""Names of figures that are a mean of scores, for logs that do not say which of theirs is."""

SCALES = (1.0, 100.0, 10.0)
"""What a tool may print for a score of 1."""


@dataclass(slots=True)
class Tally:
    """Sums over the rows of one log, filled while they are read."""

    log: Log
    answers: int = 0
    sums: dict[str, tuple[float, int]] = field(default_factory=dict)
    """By item: sum of the scores over its repeats, and how many."""

    @property
    def items(self) -> int:
        """Items with a score."""
        return len(self.sums)

    @property
    def mean(self) -> float | None:
        """Mean over the items of the mean over their repeats; None without a score."""
        if not self.sums:
            return None
        return sum(total / count for total, count in self.sums.values()) / len(self.sums)

    @property
    def reported(self) -> tuple[str, float] | None:
        """The log's own figure that our mean is to be held against: name and value as printed."""
        known, metric = self.log.reported, self.log.settings.metric
        if metric in known:
            return metric or "", known[metric or ""]
        for sought in (metric,) if metric else MEANS:
            for name, value in known.items():
                if sought.lower() in re.split(r"[^a-z_]+", name.lower()):
                    return name, value
        return None

    @property
    def agrees(self) -> bool | None:
        """Whether the mean is the reported figure to the last digit it was given with; None: nothing to compare."""
        mean, stated = self.mean, self.reported
        if mean is None or stated is None:
            return None
        value = stated[1]
        return any(abs(mean * scale - value) <= _half_digit(value) for scale in SCALES)


def _half_digit(value: float) -> float:
    """Half a unit of the last digit `value` is written with, and never below what adding in another order does."""
    _, _, decimals = repr(value).partition(".")
    if "e" in decimals or len(decimals) > 9:
        return max(1e-9, abs(value) * 1e-9)
    digits = 0 if decimals == "0" else len(decimals)
    # A figure printed with trailing noughts (0.50) arrives as 0.5; two decimals are the fewest any tool prints.
    return 0.5000001 * 10.0 ** -max(digits, 2)


def tallied(log: Log) -> tuple[Log, Tally]:
    """The same log, and what its rows add up to once they have been read."""
    tally = Tally(log)

    def rows() -> Iterator[Row]:
        tally.answers, tally.sums = 0, {}
        for row in log.rows():
            tally.answers += 1
            score = row.score
            if score is None and row.status is not Status.OK:
                score = 0.0
            if score is not None:
                total, count = tally.sums.get(row.item_id, (0.0, 0))
                tally.sums[row.item_id] = (total + score, count + 1)
            yield row

    return replace(log, rows=rows), tally


def disagreements(tallies: Sequence[Tally]) -> tuple[str, ...]:
    """A sentence for each log whose own figure does not come out of its rows."""
    lines = []
    for tally in tallies:
        stated, mean = tally.reported, tally.mean
        if tally.agrees is False and stated is not None and mean is not None:
            lines.append(
                f"{tally.log.path.name}: the log reports {stated[0]} {stated[1]:g} for {tally.log.model}, "
                f"its {tally.items:,} items give {mean:.6g}."
            )
    return tuple(lines)
