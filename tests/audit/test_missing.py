from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from tests.audit.tables import doubts, recorded, right, table

from weighbridge.audit.fairness import check_fairness
from weighbridge.audit.fairness.missing import _score_gap, missing_answers
from weighbridge.evidence import Question
from weighbridge.evidence.score_gaps import fill_gaps, keep_shared


def test_hard_items_that_are_missing_are_not_missing_at_random() -> None:
    scores = right([0.7, 0.6, 0.5], 600, seed=1)
    hard = np.flatnonzero(scores[1:].sum(axis=0) == 0)[:60]
    scores[0, hard] = np.nan
    (found,) = missing_answers(table(scores))
    assert (found.met, found.candidate) == ("not met", "a")
    assert "60 of 600 items (10.0 %), and not at random: the others score 0.0 % on those" in found.statement
    assert found.evidence == tuple(f"q{i}" for i in hard[:20])
    low, high = found.interval
    assert high - low == pytest.approx(0.1)
    assert low == pytest.approx(np.nansum(scores[0]) / 600)


def test_a_category_that_is_missing() -> None:
    rng = np.random.default_rng(2)
    scores = (rng.random((2, 400)) < 0.6).astype(float)
    fields = ["law" if i % 10 == 0 else "physics" if i % 2 else "history" for i in range(400)]
    scores[1, [i for i in range(400) if fields[i] == "law"][:25]] = np.nan
    (found,) = missing_answers(table(scores, meta={"field": fields}))
    assert found.met == "not met"
    assert "by field, most are in law (25 of 40)" in found.statement


def test_what_is_missing_at_random_raises_no_alarm() -> None:
    alarms = 0
    for seed in range(120):
        rng = np.random.default_rng([seed, 1])
        scores = right([0.7, 0.6, 0.5], 300, seed)
        scores[0, rng.random(300) < 0.1] = np.nan
        scores[1, rng.choice(300, 7, replace=False)] = np.nan
        alarms += len(doubts(missing_answers(table(scores, meta={"part": [str(i % 5) for i in range(300)]}))))
    assert alarms <= 2


def test_nothing_missing_and_next_to_nothing_missing() -> None:
    scores = right([0.7, 0.6], 1000)
    (whole,) = missing_answers(table(scores))
    assert whole.met == "met"
    scores[1, :3] = np.nan
    (slight,) = missing_answers(table(scores))
    assert slight.met == "met"
    assert slight.statement == "b lacks a score for 3 of 1,000 items, too few to matter"


def test_where_nobody_else_has_a_score_the_reason_is_unknown() -> None:
    scores = right([0.7, 0.6], 100)
    scores[:, 50:] = np.nan
    assert {found.met for found in missing_answers(table(scores))} == {"unknown"}


@pytest.mark.parametrize("lacking", [4, 40])
def test_the_p_value_is_that_of_a_permutation_test(lacking: int) -> None:
    rng = np.random.default_rng(5)
    hardness = rng.random(200)
    gap = np.zeros(200, dtype=bool)
    gap[np.argsort(hardness + rng.normal(0, 0.9, 200))[:lacking]] = True

    def difference(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return a.mean(axis=axis) - b.mean(axis=axis)

    true = stats.permutation_test(
        (hardness[gap], hardness[~gap]),
        difference,
        n_resamples=9999,
        vectorized=True,
        random_state=np.random.default_rng(1),
    )
    there, elsewhere, p = _score_gap(hardness, gap)
    assert there - elsewhere == pytest.approx(true.statistic)
    assert p == pytest.approx(true.pvalue, abs=0.03)


@pytest.mark.parametrize("fill", [keep_shared, lambda evidence, _: fill_gaps(evidence)])
def test_what_was_left_out_or_filled_in_is_still_seen(fill) -> None:
    scores = right([0.7, 0.6, 0.5], 600, seed=1)
    scores[0, np.flatnonzero(scores[1:].sum(axis=0) == 0)[:60]] = np.nan
    weighed, _ = fill(table(scores), "here")
    assert weighed.asked.all()
    assert any("not at random" in found.statement for found in check_fairness(weighed, Question()))
    assert not any(
        "no score" in found.statement for found in doubts(check_fairness(replace(weighed, whole=None), Question()))
    )


def test_a_race_that_asked_less_of_a_candidate_is_no_gap() -> None:
    scores = right([0.9, 0.2], 400)
    scores[1, 100:] = np.nan
    assert not any("no score" in found.statement for found in check_fairness(table(scores), Question()))


def test_deepseek_coder_lacks_the_engineering_and_chemistry_of_mmlu_pro(shared_data: Path) -> None:
    models = ["DeepSeek-Coder-V2", "Meta-Llama-3_1-70B-Instruct", "Mixtral-8x7B-Instruct-v0.1", "gemini-1.5-pro-002"]
    whole = recorded(shared_data / "mmlu_pro", [name for name in models if name])
    first = missing_answers(whole)[0]
    assert (first.met, first.candidate) == ("not met", "DeepSeek-Coder-V2")
    assert "847 of 6,877 items (12.3 %)" in first.statement
    assert "by category, most are in chemistry (788 of 1,132)" in first.statement
    assert [found.candidate for found in doubts(missing_answers(whole))] == ["DeepSeek-Coder-V2"]


def test_half_of_gsm8k_is_missing_at_random(shared_data: Path) -> None:
    models = ["gemini-1.5-flash-exp-0827", "Athene-70B", "claude-3-haiku-20240307"]
    (found,) = missing_answers(recorded(shared_data / "zeroeval_gsm", models))
    assert found.met == "met"
    assert "638 of 1,319 items (48.4 %)" in found.statement
