"""What is claimed about prompts is wrong no more often than stated, also where nothing differs and luck could."""

from __future__ import annotations

import numpy as np
import pytest

from weighbridge.decide.standing import standing_of
from weighbridge.evidence import Column, Evidence, Question
from weighbridge.variants.spread import Row, best_of, spread_of
from weighbridge.weighing.stored import weigh_stored

pytestmark = pytest.mark.slow

ALPHA = 0.1
TRIALS = 100


def evidence(scores: np.ndarray) -> Evidence:
    size, items = scores.shape
    blank = np.full(scores.shape, np.nan)
    return Evidence(
        columns=tuple(Column(f"m{k}", "open") for k in range(size)),
        items=tuple(str(n) for n in range(items)),
        order=np.arange(items),
        score=scores.astype(float),
        status=np.zeros(scores.shape, dtype=np.uint8),
        cost=blank,
        latency=blank,
        first_token=blank,
        tokens_in=blank,
        tokens_out=blank,
        repeats=np.ones(size, dtype=np.int64),
        within=blank,
    )


def most(share: float, trials: int) -> float:
    """An observed share that a true one of `share` passes with probability 0.999."""
    return share + 3.1 * np.sqrt(share * (1 - share) / trials)


def answers(rng: np.random.Generator, rates: list[float], items: int) -> np.ndarray:
    """0/1 answers at these rates to items of which some are harder for everybody."""
    from statistics import NormalDist

    normal = NormalDist()
    level = np.sqrt(0.5) * rng.standard_normal(items) + np.sqrt(0.5) * rng.standard_normal((len(rates), items))
    return level < np.array([[normal.inv_cdf(rate)] for rate in rates])


def test_the_intervals_of_a_spread_hold_together() -> None:
    rng = np.random.default_rng(1)
    rates = [0.7, 0.7, 0.6, 0.75]
    rows = [Row("m", f"v{k}", k) for k in range(4)]
    wrong = equal = 0
    for _ in range(TRIALS):
        run = weigh_stored(evidence(answers(rng, rates, 60)), Question(), 0)
        spread = spread_of(rows, standing_of(run), ALPHA, 1, [{}] * 4, "open")
        low, high = spread.spread_interval
        means = all(
            a <= rate <= b for rate, (a, b) in zip(rates, (one.interval for one in spread.variants), strict=True)
        )
        wrong += not (low <= 0.15 <= high and means)
        same = weigh_stored(evidence(answers(rng, [0.7] * 4, 60)), Question(), 0)
        equal += spread_of(rows, standing_of(same), ALPHA, 1, [{}] * 4, "open").differs
    assert wrong / TRIALS <= most(ALPHA, TRIALS)
    assert equal / TRIALS <= most(ALPHA, TRIALS)


def survives(question: Question, tables: list[np.ndarray], seed: int) -> list[list[int] | None]:
    """The winner under each variant, at alpha shared among them; None where it is undecided."""
    each = Question(epsilon=question.epsilon, alpha=question.alpha / len(tables), claim=question.claim)
    found: list[list[int] | None] = []
    for table in tables:
        outcome = weigh_stored(evidence(table), each, seed, sequential=True).outcome
        found.append(list(outcome.winners) if outcome.kind == "best" else None)
    return found


@pytest.mark.parametrize("variants", [3])
def test_a_wrong_verdict_under_any_prompt_is_as_rare_as_stated(variants: int) -> None:
    """The second candidate is exactly as far below that it may not be called best under any prompt."""
    rng = np.random.default_rng(2)
    question = Question(epsilon=0.1, alpha=ALPHA)
    wrong = 0
    trials = 150
    for trial in range(trials):
        # Prompts share the items' difficulty, so that the verdicts are far from independent.
        rows = answers(rng, [0.7, 0.6] * variants, 300)
        winners = survives(question, [rows[2 * v : 2 * v + 2] for v in range(variants)], trial)
        wrong += any(one == [1] for one in winners)
    assert wrong / trials <= most(ALPHA, trials)


def test_choosing_the_best_of_many_prompts_does_not_flatter_the_verdict() -> None:
    """One side has many prompts that are all alike and lucky on the tuning items; judged there it would win often."""
    rng = np.random.default_rng(3)
    question = Question(epsilon=0.0, alpha=ALPHA)
    prompts, tune, items, trials = 12, 25, 225, 200
    rows = [Row("a", f"v{k}", k) for k in range(prompts)]
    wrong = flattered = 0
    for trial in range(trials):
        table = answers(rng, [0.6] * (prompts + 1), items)
        standing = standing_of(weigh_stored(evidence(table[:, :tune]), Question(claim="pool"), trial))
        best, mean = best_of(rows, standing, tune)
        rest = np.stack([table[best.index, tune:], table[prompts, tune:]])
        outcome = weigh_stored(evidence(rest), question, trial, sequential=True).outcome
        wrong += outcome.kind == "best" and outcome.winners == (0,)
        flattered += mean - table[best.index, tune:].mean()
    # Chosen prompts look better than they are where they were chosen; the verdict does not believe it.
    assert flattered / trials > 0.1
    assert wrong / trials <= most(ALPHA, trials)
