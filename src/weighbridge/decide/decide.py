"""From a run and requirements to a decision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from weighbridge import __version__
from weighbridge.audit.fairness import check_fairness
from weighbridge.decide.advice import pool_answer, reasons, warnings, would_change
from weighbridge.decide.bench import Bench, Judged
from weighbridge.decide.break_even import break_even
from weighbridge.decide.contradictions import check_terms
from weighbridge.decide.decision import Calls, Cost, Decision, Verdict
from weighbridge.decide.flips import flip_points
from weighbridge.decide.frontier import frontier
from weighbridge.decide.results import candidate_results, pair_results
from weighbridge.decide.sentence import Story
from weighbridge.decide.settle import Settled
from weighbridge.decide.standing import Standing
from weighbridge.decide.telling import in_words
from weighbridge.decide.terms import Terms
from weighbridge.decide.trace import trace_points
from weighbridge.decide.words import signed
from weighbridge.evidence import Evidence, Requirements
from weighbridge.stats.intervals import difference_sequence
from weighbridge.weighing.run import Run

if TYPE_CHECKING:
    from weighbridge.decide.counsel import FlipPoint
    from weighbridge.logs.log import Settings

NOTHING_DEMANDED = Requirements()


def decide(
    run: Run,
    requirements: Requirements = NOTHING_DEMANDED,
    *,
    title: str = "",
    currency: str = "USD",
    settings: Mapping[str, Settings] | None = None,
    today: date | None = None,
    search: bool = True,
) -> Decision:
    """The decision on what `run` found out, under `requirements`.

    A candidate that does not meet a requirement cannot win: the race is run again among the rest, on the scores there
    are. One of which a requirement is unknown cannot win either; where it leads, the verdict is undecided. With
    nobody left the verdict is ``none``. The decision carries its evidence (`Decision.evidence`).

    `settings` tells by candidate how its answers came about, where logs say so. Whether the comparison is fair is
    among the findings (dimension ``fairness``), after the requirements; those bar nobody.

    `search` says whether flip points are looked for, which takes most of the time. `today` is the day on which facts,
    dates of retirement among them, are held against the demands. Raises `UsageError` for demands that contradict each
    other, and for facts that are named and not there.
    """
    terms = Terms(requirements, currency, today or date.today())
    check_terms(terms, run.evidence.columns)
    bench = Bench(run)
    judged = bench.judge(terms)
    evidence, standing, settled, findings = run.evidence, judged.standing, judged.settled, judged.findings
    results = candidate_results(evidence, standing, settled)
    pairs = pair_results(evidence, standing, settled)
    more_items = _more_items(settled, standing)
    story = Story(
        settled=settled,
        question=run.question,
        results=results,
        pairs=pairs,
        items=len(evidence.items),
        currency=currency,
        more_items=more_items,
        demanded=requirements != NOTHING_DEMANDED,
        at_once=standing.at_once,
    )
    winners = settled.winners
    if settled.kind == "undecided" and settled.leader is not None:
        winners = (settled.leader,)
    flips = flip_points(bench, judged) if search else []
    decision = Decision(
        verdict=Verdict(
            kind=settled.kind,
            candidates=[standing.names[index] for index in winners],
            sentence=in_words(story, judged),
            reasons=reasons(story, [*run.findings, *findings]),
            would_change=_changes(would_change(story, [*run.findings, *findings]), judged, flips),
            stopped=run.stopped,
        ),
        question=run.question,
        claim=run.question.claim,
        alpha=run.question.alpha,
        items=len(evidence.items),
        units=standing.units,
        unit=standing.unit,
        items_drawn=int(np.logical_or.reduce(evidence.asked, axis=0).sum()) if evidence.items else 0,
        seed=run.seed,
        calls=Calls(
            made=run.calls_made,
            exhaustive=run.calls_exhaustive,
            from_store=run.calls_from_store,
            retries=run.retries,
        ),
        cost=Cost(
            spent=run.spent,
            exhaustive=_exhaustive_cost(evidence),
            now=run.spent_now,
            currency=currency,
            planned=run.planned,
            prices=run.price_sources,
        ),
        candidates=results,
        pairs=pairs,
        findings=[*findings, *run.findings, *check_fairness(evidence, run.question, settings)],
        warnings=warnings(run, standing, _population_note(run, standing, story)),
        trace=trace_points(run, standing),
        more_items=more_items,
        pool_answer=pool_answer(evidence, currency),
        simulated=any(column.simulated for column in evidence.columns),
        title=title,
        seconds=run.seconds,
        requirements=None if terms.nothing else requirements,
        day=terms.today.isoformat(),
        frontier=frontier(judged),
        flips=flips,
        preferred=judged.preferred,
        break_even=break_even(judged),
        version=__version__,
    )
    return decision.carrying(evidence, run.dead)


def _changes(lines: list[str], judged: Judged, flips: list[FlipPoint]) -> list[str]:
    """Without what is said of the race's tolerance, where the user's weights decide and not the race, or where the
    race was run again with another one: that tells more exactly than the bounds of pairs do."""
    tolerance = ("With epsilon", "With margin")
    if judged.preferred is not None:
        return [line for line in lines if not line.startswith((*tolerance, "About "))]
    if any(flip.parameter in ("epsilon", "margin") for flip in flips):
        return [line for line in lines if not line.startswith(tolerance)]
    return lines


def _more_items(settled: Settled, standing: Standing) -> int | None:
    """Units still needed, in items: a cluster holds as many as it does on average."""
    if settled.kind != "undecided" or settled.more_units is None:
        return None
    return round(settled.more_units * int(standing.starts[-1]) / max(1, standing.units))


def _exhaustive_cost(evidence: Evidence) -> float | None:
    """What asking everybody everything would cost, at the mean cost of those asked; None where one is unknown."""
    total = 0.0
    for k in range(len(evidence.columns)):
        known = evidence.cost[k][np.isfinite(evidence.cost[k])]
        if not known.size:
            return None
        total += float(known.mean()) * len(evidence.items) * int(evidence.repeats[k])
    return total


def _population_note(run: Run, standing: Standing, story: Story) -> str | None:
    """Under the pool claim: what the same scores say about future traffic, so that one is not taken for the other."""
    pair = story.rival()
    if run.question.claim != "pool" or pair is None:
        return None
    a, b = (standing.names.index(name) for name in (pair.a, pair.b))
    left, right = standing.shared(a, b)
    low, high = difference_sequence(np.round(left - right, 12), standing.alpha, planned=standing.units)
    return (
        f"The verdict is about these {len(run.evidence.items):,} items only. For traffic like them, {pair.a} against "
        f"{pair.b} lies between {signed(low)} and {signed(high)} points."
    )
