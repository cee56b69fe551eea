"""Evidence that a model changed: exact under exchange, safe over any number of looks, and able to see a change."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.stats.drift import (
    Anchor,
    LookEvidence,
    change_seen,
    log_threshold,
    look_evidence,
    over_looks,
    step_level,
)


def look(old: np.ndarray, new: np.ndarray) -> list[Anchor]:
    """Anchors from 0/1 scores of shape (answers, anchors); answers with one score are taken for the same."""
    scores = np.vstack([old, new]).astype(float)
    return [Anchor(len(old), tuple(column), np.abs(column[:, None] - column[None, :])) for column in scores.T]


def first_alarm(
    rng: np.random.Generator, *, kept: int, anchors: int, looks: int, shift: float, watched: int = 1
) -> int | None:
    """The first look at which a change is established; the vendor's own randomness differs from anchor to anchor."""
    right = rng.beta(4.0, 1.0, anchors)
    old = rng.random((kept, anchors)) < right
    now = np.clip(right + shift, 0, 1)
    logs: list[float] = []
    for number in range(1, looks + 1):
        level = step_level(number, watched, 0.05)
        logs.append(look_evidence(look(old, rng.random((2, anchors)) < now), level).both)
        if over_looks(logs) >= log_threshold(watched, 0.05):
            return number
    return None


@pytest.mark.parametrize("kept", [1, 2])
def test_without_a_change_repeated_looks_keep_the_error(kept: int) -> None:
    rng = np.random.default_rng(10 + kept)
    runs = 150
    alarms = [first_alarm(rng, kept=kept, anchors=30, looks=8, shift=0.0) for _ in range(runs)]
    wrong = sum(alarm is not None for alarm in alarms)
    assert wrong / runs <= 0.05, "the same kept answers are used in every look, and the error still holds"


def test_a_change_is_found() -> None:
    rng = np.random.default_rng(4)
    runs = 60
    for kept, least in ((2, 0.9), (1, 0.65)):
        alarms = [first_alarm(rng, kept=kept, anchors=50, looks=3, shift=-0.3) for _ in range(runs)]
        found = sum(alarm is not None for alarm in alarms)
        assert found / runs >= least


def test_answers_that_change_without_a_change_of_score_are_found() -> None:
    """A model that was always wrong in one way is wrong in another way now."""
    anchors = []
    for number in range(40):
        moved = number % 3 == 0
        apart = np.zeros((4, 4))
        if moved:
            apart[:2, 2:] = apart[2:, :2] = 1.0
        anchors.append(Anchor(2, (0.0,) * 4, apart))
    evidence = look_evidence(anchors)
    assert evidence.score == 0
    assert evidence.answers > math.log(1000)
    assert evidence.both >= log_threshold(1, 0.05) + math.log(2)


def test_a_vendor_that_disagrees_with_itself_as_much_is_left_alone() -> None:
    rng = np.random.default_rng(5)
    logs = []
    for _ in range(40):
        anchors = []
        for _ in range(40):
            words = rng.integers(0, 5, 4)
            anchors.append(Anchor(2, (0.5,) * 4, (words[:, None] != words[None, :]).astype(float)))
        logs.append(look_evidence(anchors).answers)
    assert np.mean(np.exp(logs) >= 20) <= 0.05
    assert np.mean(logs) < 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=3),
    st.sampled_from([1, 2]),
    st.sampled_from([None, 0.3, 0.05]),
)
def test_over_all_deals_the_mean_is_one(answers: list[list[int]], kept: int, level: float | None) -> None:
    """The e-value's defining property, by dealing every anchor's answers out in every way at once."""
    rows = [row if kept == 2 else row[:3] for row in answers]
    choices = []
    for row in rows:
        deals = []
        for old in combinations(range(len(row)), kept):
            dealt = [row[i] for i in old] + [row[i] for i in range(len(row)) if i not in old]
            values = np.array(dealt, dtype=float) / 3
            deals.append(Anchor(kept, tuple(values), (values[:, None] != values[None, :]).astype(float)))
        choices.append(deals)
    found: list[LookEvidence] = []

    def deal(chosen: list[Anchor], rest: list[list[Anchor]]) -> None:
        if not rest:
            found.append(look_evidence(chosen, level))
            return
        for one in rest[0]:
            deal([*chosen, one], rest[1:])

    deal([], choices)
    for name in ("score", "answers", "both"):
        mean = np.mean([math.exp(getattr(one, name)) for one in found])
        assert mean == pytest.approx(1.0, abs=1e-6) if level is None else mean <= 1 + 1e-6


def test_the_step_carries_a_look_over_the_threshold() -> None:
    for number, watched in ((1, 1), (7, 3), (200, 12)):
        level = step_level(number, watched, 0.05)
        graded = [0.0] * (number - 1)
        stepped = math.log((math.exp(-3) + 1 / level) / 2)
        assert over_looks([*graded, LookEvidence(0.0, stepped).both]) >= log_threshold(watched, 0.05)


def test_uneven_scores_are_counted_on_the_safe_side() -> None:
    """Against shuffling: the tail of sums that are no simple fractions."""
    rng = np.random.default_rng(8)
    anchors = [Anchor(2, tuple(row), np.abs(row[:, None] - row[None, :])) for row in rng.beta(2, 2, (12, 4)).round(7)]
    seen = sum(anchor.change for anchor in anchors)
    sums = np.zeros(40_000)
    for anchor in anchors:
        table = np.array(anchor.scores)[rng.permuted(np.tile(np.arange(4), (len(sums), 1)), axis=1)]
        sums += table[:, 2:].mean(axis=1) - table[:, :2].mean(axis=1)
    for share in (0.7, 1.3):
        p = float((sums >= seen).mean())
        found = look_evidence(anchors, 2 * p * share)
        graded = look_evidence(anchors)
        assert (found.score > graded.score) is (share > 1), "the step is taken above the shuffled tail and not below"


def test_looks_are_added_with_weights_that_sum_to_one() -> None:
    assert over_looks([]) == -math.inf
    assert over_looks([math.log(40)]) == pytest.approx(math.log(20))
    logs = [1.0, 3.0, 0.5]
    assert over_looks(logs) == pytest.approx(math.log(math.exp(1) / 2 + math.exp(3) / 6 + math.exp(0.5) / 12))
    assert over_looks([0.0] * 2000) <= 0
    assert over_looks([800.0, 0.0]) == pytest.approx(800 - math.log(2))
    assert log_threshold(4, 0.05) == pytest.approx(math.log(80))


def test_the_change_that_a_look_finds_is_found_about_every_other_time() -> None:
    rng = np.random.default_rng(6)
    anchors, share = 100, 0.8
    gap = change_seen(math.sqrt(share * (1 - share)), anchors, 0, 1, 0.05)
    assert 0.08 < gap < 0.25
    found = 0
    runs = 80
    for _ in range(runs):
        old = rng.random((2, anchors)) < share
        new = rng.random((2, anchors)) < share - gap
        level = step_level(1, 1, 0.05)
        found += over_looks([look_evidence(look(old, new), level).both]) >= log_threshold(1, 0.05)
    assert 0.25 <= found / runs <= 0.8
    assert change_seen(0.4, 50, 9, 1, 0.05) > change_seen(0.4, 50, 0, 1, 0.05)
    assert change_seen(0.4, 0, 0, 1, 0.05) == 1.0


def test_an_anchor_needs_answers_of_both_kinds() -> None:
    with pytest.raises(ValueError, match="two new ones"):
        look_evidence([Anchor(1, (0.0, 1.0), np.zeros((2, 2)))])
    with pytest.raises(ValueError, match="two new ones"):
        look_evidence([Anchor(0, (0.0, 1.0), np.zeros((2, 2)))])
    assert look_evidence([]).both == 0
