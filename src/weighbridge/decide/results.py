"""What was measured of each candidate, and of each pair of them."""

from __future__ import annotations

import msgspec
import numpy as np

from weighbridge.decide.decision import CandidateResult, PairResult
from weighbridge.decide.findings import cost_interval, known_costs
from weighbridge.decide.repeating import own_randomness, repeat_advice
from weighbridge.decide.settle import Settled
from weighbridge.decide.standing import Standing
from weighbridge.decide.timing import timing
from weighbridge.evidence import Evidence
from weighbridge.stats.fixed.means import Floats

MOST_PAIRS = 66
"""Pairs that are listed; of more candidates than twelve, only the pairs of the leader are."""


def candidate_results(evidence: Evidence, standing: Standing, settled: Settled) -> list[CandidateResult]:
    """One result per candidate, in the order of the evidence."""
    return [_candidate(evidence, standing, settled, index) for index in range(len(evidence.columns))]


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _candidate(evidence: Evidence, standing: Standing, settled: Settled, k: int) -> CandidateResult:
    column = evidence.columns[k]
    asked = evidence.asked[k]
    costs, _ = known_costs(evidence, k)
    out_at = settled.out_at[k]
    certified = float(settled.certified[k])
    prefix = standing.prefix(k)
    return CandidateResult(
        name=column.name,
        side=column.side,
        score=standing.mean(k),
        interval=standing.mean_interval(prefix) if prefix.size else None,
        items=int(asked.sum()),
        spec=column.spec,
        simulated=column.simulated,
        prompt=column.prompt,
        repeats=int(evidence.repeats[k]),
        own_randomness=own_randomness(evidence, standing, k),
        repeat_advice=repeat_advice(evidence, standing, k),
        cost_per_1000=1000 * float(costs.mean()) if costs.size else None,
        cost_interval=cost_interval(evidence, k, standing.alpha),
        cost_spent=float(costs.sum()) * int(evidence.repeats[k]) if costs.size else None,
        **msgspec.structs.asdict(timing(evidence, k, standing.alpha)),
        tokens_in=_mean(evidence.tokens_in[k]),
        tokens_out=_mean(evidence.tokens_out[k]),
        statuses=evidence.statuses(k),
        out=settled.out[k],
        out_at=None if out_at is None else standing.items_after(out_at),
        certified_epsilon=None if np.isnan(certified) or k == settled.leader else certified,
        answering=column.answering,
        versions=list(column.versions),
        facts=column.facts,
        policy=column.policy,
        exhausted_score=float(evidence.score[k].mean()) if asked.all() and asked.size else None,
    )


def pair_results(evidence: Evidence, standing: Standing, settled: Settled) -> list[PairResult]:
    """Every pair of candidates that share units; where that is more than `MOST_PAIRS`, the leader's pairs alone.

    The winner or leader comes first in its pairs.
    """
    size = len(standing.names)
    first = settled.winners[0] if settled.winners else settled.leader
    order = list(range(size))
    if first is not None:
        order = [first, *(index for index in order if index != first)]
    pairs = [(a, b) for position, a in enumerate(order) for b in order[position + 1 :]]
    if len(pairs) > MOST_PAIRS:
        pairs = [(a, b) for a, b in pairs if a == order[0]]
    results = (_pair(evidence, standing, a, b) for a, b in pairs)
    return [result for result in results if result is not None]


def _pair(evidence: Evidence, standing: Standing, a: int, b: int) -> PairResult | None:
    left, right = standing.shared(a, b)
    if not left.size:
        return None
    # Means over repeats and clusters differ in their last bits where they are equal on paper.
    differences = np.round(left - right, 12)
    drawn = evidence.order[: standing.items_after(left.size)]
    by_item = np.round(evidence.score[a, drawn] - evidence.score[b, drawn], 12)
    return PairResult(
        a=standing.names[a],
        b=standing.names[b],
        items=int(by_item.size),
        win=int(np.count_nonzero(by_item > 0)),
        tie=int(np.count_nonzero(by_item == 0)),
        loss=int(np.count_nonzero(by_item < 0)),
        difference=float(differences.mean()),
        interval=standing.difference_interval(differences),
    )
