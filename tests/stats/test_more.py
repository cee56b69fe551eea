"""About how many more draws would settle it: right in its order of magnitude where it matters, in near-ties."""

from __future__ import annotations

import math

import numpy as np
import pytest

from weighbridge.stats.plan import draws_to_settle
from weighbridge.stats.race import Race
from weighbridge.stats.rules import Outcome, Rules


def raced(scores: np.ndarray, rules: Rules) -> Outcome:
    race = Race(candidates=len(scores), units=scores.shape[1], rules=rules)
    while not race.finished:
        for span in race.wanted():
            race.feed(span.candidate, scores[span.candidate, span.start : span.stop])
        race.step()
    return race.outcome()


def near_ties(rng: np.random.Generator, differ: float, gap: float, draws: int) -> np.ndarray:
    """Scores of two candidates that differ on a share of the draws, where the first wins by `gap` on the whole."""
    sign = rng.choice([1, 0, -1], size=draws, p=[(differ + gap) / 2, 1 - differ, (differ - gap) / 2])
    return np.vstack([sign > 0, sign < 0]).astype(float)


def test_forty_draws_without_a_difference_ask_for_as_many_again_and_not_for_four() -> None:
    level = np.ones((2, 40))
    outcome = raced(level, Rules(epsilon=0.05))
    assert outcome.kind == "undecided"
    assert outcome.more_units is not None
    assert 40 <= outcome.more_units <= 400
    settled = next(n for n in range(50, 1000, 10) if raced(np.ones((2, n)), Rules(epsilon=0.05)).kind == "best")
    assert (settled - 40) / 3 <= outcome.more_units <= 3 * (settled - 40)


@pytest.mark.parametrize(
    ("differ", "gap", "epsilon", "drawn"),
    [(0.01, 0.0, 0.02, 100), (0.05, 0.0, 0.05, 40), (0.2, 0.0, 0.05, 40), (0.2, 0.02, 0.05, 60)],
)
def test_the_estimate_is_of_the_right_order(differ: float, gap: float, epsilon: float, drawn: int) -> None:
    rng = np.random.default_rng(1)
    rules = Rules(epsilon=epsilon)
    sizes = [round(drawn * 1.5**step) for step in range(1, 10)]
    said, needed = [], []
    for _ in range(24):
        scores = near_ties(rng, differ, gap, sizes[-1])
        outcome = raced(scores[:, :drawn], rules)
        if outcome.kind != "undecided":
            continue
        assert outcome.more_units is not None
        said.append(outcome.more_units)
        needed.append(next((n - drawn for n in sizes if raced(scores[:, :n], rules).kind == "best"), math.inf))
    ratio = float(np.median(said) / np.median(needed))
    assert 1 / 4 <= ratio <= 4, (np.median(said), np.median(needed))


def test_what_cannot_be_settled_is_infinite() -> None:
    assert draws_to_settle(np.zeros(50), 0.0, math.log(20), 50) == math.inf
    won = draws_to_settle(np.array([1.0, 1, 1, 0, 1, 0, 1, 1]), 0.0, math.log(20), 8)
    assert won < 60
    lost = draws_to_settle(-np.array([1.0, 1, 1, 0, 1, 0, 1, 1]), 0.0, math.log(20), 8)
    assert lost == pytest.approx(won), "settled the other way"


def test_more_evidence_more_draws_and_never_beyond_a_pool() -> None:
    rng = np.random.default_rng(2)
    differences = rng.choice([1.0, 0.0, -1.0], size=80, p=[0.15, 0.75, 0.1])
    counts = [draws_to_settle(differences, 0.02, math.log(1 / alpha), 80) for alpha in (0.2, 0.05, 0.001)]
    assert counts == sorted(counts)
    margins = [draws_to_settle(differences, margin, math.log(20), 80) for margin in (0.2, 0.1, 0.05)]
    assert margins == sorted(margins)
    assert draws_to_settle(differences, 0.02, math.log(20), 500, "pool") < 500
