"""Who wins once requirements count: the race's outcome, run again among those that may be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from weighbridge.decide.decision import VerdictKind
from weighbridge.decide.standing import Standing, standing_of
from weighbridge.evidence import Met
from weighbridge.stats.fixed.means import Floats
from weighbridge.stats.race import Race
from weighbridge.stats.rules import Outcome
from weighbridge.weighing.asking import level_costs, rules_for
from weighbridge.weighing.run import Run
from weighbridge.weighing.stored import LOOKS_AT_ONCE


@dataclass(frozen=True, slots=True)
class Settled:
    """The verdict by index into the evidence's K columns."""

    kind: VerdictKind
    winners: tuple[int, ...]
    leader: int | None
    certified: Floats
    """Shape (K,): see `Outcome.certified`; NaN for those that were not in the race."""
    out: tuple[str | None, ...]
    out_at: tuple[int | None, ...]
    """In units."""
    more_units: int | None
    barred: tuple[int, ...] = ()
    """Candidates that do not meet a requirement."""
    gone: tuple[int, ...] = ()
    """Candidates that were taken down in the middle of the run."""
    doubtful: tuple[int, ...] = ()
    """Candidates that would win and of which a requirement is unknown."""
    alone: bool = False
    """Whether the winner is the only candidate that may be chosen."""
    short: bool = False
    """Whether the race among the rest lacks scores that were not asked for."""


def settle(run: Run, standing: Standing, met: Sequence[Met]) -> Settled:
    """The outcome among candidates that are not known to fail a requirement.

    A candidate of which a requirement is unknown stays in the race, because it may be the one to choose, but it
    cannot win: then the verdict is "undecided". References of a non-inferiority question stay whatever they cost.
    """
    gone = tuple(index for index, name in enumerate(standing.names) if name in run.dead)
    return replace(_settle(run, standing, met), gone=gone)


def _settle(run: Run, standing: Standing, met: Sequence[Met]) -> Settled:
    outcome = run.outcome
    size = len(standing.names)
    barred = tuple(index for index in range(size) if met[index] == "not met")
    if not barred:
        return _judged(_settled(outcome), met)
    rivals = eligible(run, barred)
    if not rivals:
        nothing = np.full(size, np.nan)
        if all(index in barred for index in _contestants(run)):
            return Settled("none", (), None, nothing, outcome.out, outcome.out_at, None, barred=barred)
        # Not all failed a requirement: some were taken down, or everybody they are to be compared with was.
        return Settled("undecided", (), None, nothing, outcome.out, outcome.out_at, None, barred=barred)
    unshaken = outcome.kind in ("best", "non_inferior", "superior") and outcome.winners[0] not in barred
    if unshaken:
        return _judged(replace(_settled(outcome), barred=barred), met)
    if run.question.goal in ("best", "pareto") and len(rivals) == 1:
        only = rivals[0]
        certified = np.full(size, np.nan)
        certified[only] = 0.0
        kind: VerdictKind = "best" if run.question.goal == "best" else "frontier"
        alone = Settled(kind, (only,), only, certified, outcome.out, outcome.out_at, None, barred=barred, alone=True)
        return _judged(alone, met)
    again, short = _race_again(run, standing, rivals)
    return _judged(replace(again, barred=barred, short=short), met)


def _contestants(run: Run) -> Sequence[int]:
    """Who could win the question at all."""
    columns = run.evidence.columns
    if run.question.goal in ("best", "pareto"):
        return range(len(columns))
    return rules_for(run.question, [c.name for c in columns], [c.side for c in columns]).challengers


def eligible(run: Run, barred: Sequence[int]) -> list[int]:
    """Who may be in the race among the rest; empty where nobody may win it. Whoever was taken down may not."""
    columns = run.evidence.columns
    rest = [index for index, column in enumerate(columns) if index not in barred and column.name not in run.dead]
    if run.question.goal in ("best", "pareto"):
        return rest
    rules = rules_for(run.question, [c.name for c in columns], [c.side for c in columns])
    challengers = [index for index in _contestants(run) if index in rest]
    references = [index for index in rules.references if columns[index].name not in run.dead]
    return sorted({*challengers, *references}) if challengers and references else []


def _settled(outcome: Outcome) -> Settled:
    return Settled(
        kind=outcome.kind,
        winners=outcome.winners,
        leader=outcome.leader,
        certified=np.asarray(outcome.certified, dtype=np.float64),
        out=outcome.out,
        out_at=outcome.out_at,
        more_units=outcome.more_units,
    )


def _judged(settled: Settled, met: Sequence[Met]) -> Settled:
    """Takes the win from whoever is not known to meet the requirements."""
    doubtful = tuple(index for index in settled.winners if met[index] != "met")
    if settled.kind in ("undecided", "none") or not doubtful:
        return settled
    sure = tuple(index for index in settled.winners if index not in doubtful)
    if settled.kind == "frontier" and sure:
        return replace(settled, winners=sure, doubtful=doubtful)
    leader = settled.leader if settled.kind == "frontier" else settled.winners[0]
    winners = () if leader is None else (leader,)
    return replace(settled, kind="undecided", winners=winners, leader=leader, doubtful=doubtful, more_units=None)


def _race_again(run: Run, standing: Standing, rivals: Sequence[int]) -> tuple[Settled, bool]:
    """The same race over the candidates `rivals`, on the scores there are; and whether scores ran short."""
    columns = [run.evidence.columns[index] for index in rivals]
    costs = None
    if run.question.goal == "pareto":
        known = [run.evidence.cost[index] for index in rivals]
        costs = level_costs([row[np.isfinite(row)] for row in known])
    look = max(4, standing.units // LOOKS_AT_ONCE) if standing.at_once else None
    rules = rules_for(run.question, [c.name for c in columns], [c.side for c in columns], costs=costs, look=look)
    race = Race(candidates=len(rivals), units=standing.units, rules=rules)
    short = False
    while not race.finished and not short:
        spans = race.wanted()
        short = any(span.stop > standing.counts[rivals[span.candidate]] for span in spans)
        if short:
            break
        for span in spans:
            race.feed(span.candidate, standing.values[rivals[span.candidate], span.start : span.stop])
        race.step()
    inner = race.outcome()
    size = len(standing.names)
    certified = np.full(size, np.nan)
    certified[list(rivals)] = inner.certified
    out: list[str | None] = list(run.outcome.out)
    out_at: list[int | None] = list(run.outcome.out_at)
    for position, index in enumerate(rivals):
        out[index], out_at[index] = inner.out[position], inner.out_at[position]
    return Settled(
        kind=inner.kind,
        winners=tuple(rivals[index] for index in inner.winners),
        leader=rivals[inner.leader],
        certified=certified,
        out=tuple(out),
        out_at=tuple(out_at),
        more_units=inner.more_units,
    ), short


def _raceable(run: Run, rivals: Sequence[int]) -> bool:
    """Whether there is somebody to race, and, where two sides are compared, somebody on both."""
    if run.question.goal in ("best", "pareto") or not rivals:
        return bool(rivals)
    columns = run.evidence.columns
    rules = rules_for(run.question, [c.name for c in columns], [c.side for c in columns])
    return any(k in rules.challengers for k in rivals) and any(k in rules.references for k in rivals)


def replayed(run: Run) -> Run:
    """The run with the outcome of its own question, raced again on the scores there are.

    For a question, or for scores, that the run itself did not race with.
    """
    standing = standing_of(run)
    rivals = [index for index, name in enumerate(standing.names) if standing.counts[index] and name not in run.dead]
    if not _raceable(run, rivals):
        nothing = np.full(len(standing.names), np.nan)
        blank = replace(run.outcome, kind="undecided", winners=(), certified=nothing, more_units=None)
        return replace(run, outcome=blank)
    settled, _ = _race_again(run, standing, rivals)
    leader = settled.leader if settled.leader is not None else 0
    outcome = Outcome(
        kind=settled.kind if settled.kind != "preferred" else "undecided",
        winners=settled.winners,
        leader=leader,
        certified=settled.certified,
        out=settled.out,
        out_at=settled.out_at,
        exhausted=bool((standing.counts[rivals] >= standing.units).all()),
        more_units=settled.more_units,
    )
    return replace(run, outcome=outcome)
