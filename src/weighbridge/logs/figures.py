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
    scored: dict[str, tuple[float, int]] = field(default_factory=dict)
    """The same without answers that failed or came without a score: tools differ in whether they count those."""
    unscored: int = 0
    """Answers that failed or came without a score and count 0 here."""

    @property
    def items(self) -> int:
        """Items with a score."""
        return len(self.sums)

    @property
    def mean(self) -> float | None:
        """Mean over the items of the mean over their repeats; None without a score."""
        return _mean(self.sums)

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
        return self._is_reported(self.mean)

    @property
    def agrees_without(self) -> bool:
        """Whether it is that only without the answers that failed or came without a score."""
        return self.unscored > 0 and self.agrees is False and self._is_reported(_mean(self.scored)) is True

    def _is_reported(self, mean: float | None) -> bool | None:
        stated = self.reported
        if mean is None or stated is None:
            return None
        return any(abs(mean * scale - stated[1]) <= _half_digit(stated[1]) for scale in SCALES)


def _mean(sums: dict[str, tuple[float, int]]) -> float | None:
    return sum(total / count for total, count in sums.values()) / len(sums) if sums else None


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
        tally.answers, tally.sums, tally.scored, tally.unscored = 0, {}, {}, 0
        for row in log.rows():
            tally.answers += 1
            lacking = row.score is None or row.status is Status.FAILED
            score = 0.0 if row.score is None and row.status is not Status.OK else row.score
            if score is not None:
                _add(tally.sums, row.item_id, score)
                tally.unscored += lacking
                if not lacking:
                    _add(tally.scored, row.item_id, score)
            yield row

    return replace(log, rows=rows), tally


def _add(sums: dict[str, tuple[float, int]], item: str, score: float) -> None:
    total, count = sums.get(item, (0.0, 0))
    sums[item] = (total + score, count + 1)


def _answers(count: int) -> str:
    return "one answer that has" if count == 1 else f"{count:,} answers that have"


def disagreements(tallies: Sequence[Tally]) -> tuple[str, ...]:
    """A sentence for each log whose own figure does not come out of its rows."""
    lines = []
    for tally in tallies:
        stated, mean = tally.reported, tally.mean
        if tally.agrees is not False or stated is None or mean is None:
            continue
        said = f"{tally.log.path.name}: the log reports {stated[0]} {stated[1]:g} for {tally.log.model}"
        if tally.agrees_without:
            lines.append(f"{said} without {_answers(tally.unscored)} no score; here that counts 0.")
        else:
            lines.append(f"{said}, its {tally.items:,} items give {mean:.6g}.")
    return tuple(lines)
