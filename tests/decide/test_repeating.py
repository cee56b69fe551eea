"""A candidate's own randomness in a decision: its share, checked against statsmodels, and what is advised."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pandas
import pytest
import statsmodels.formula.api as models
from rich.console import Console
from tests.decide.tables import evidence_of

from weighbridge.decide import Decision, decide
from weighbridge.evidence import Question
from weighbridge.report.terminal import render
from weighbridge.weighing.stored import weigh_stored


def decided(answers: np.ndarray, *, cluster: np.ndarray | None = None, claim: str = "population") -> Decision:
    """Two candidates from 0/1 answers of shape (items, repeats); the other one is always wrong."""
    means, within = answers.mean(axis=1), answers.var(axis=1, ddof=1)
    evidence = evidence_of(
        np.vstack([means, np.zeros_like(means)]),
        repeats=answers.shape[1],
        within=np.vstack([within, np.zeros_like(within)]),
        cluster=cluster,
    )
    return decide(weigh_stored(evidence, Question(claim=claim)))


def thrown(items: int, repeats: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.random((items, repeats)) < rng.beta(2, 1, (items, 1))).astype(float)


def test_the_share_is_statsmodels() -> None:
    answers = thrown(200, 4)
    found = decided(answers).candidates[0]
    item, _ = np.indices(answers.shape)
    frame = pandas.DataFrame({"y": answers.ravel(), "item": item.ravel()})
    fit = models.mixedlm("y ~ 1", frame, groups="item").fit(reml=True)
    between, within = float(fit.cov_re.iloc[0, 0]), float(fit.scale)
    assert found.own_randomness == pytest.approx(within / 4 / (between + within / 4), rel=2e-3)


def test_clusters_count_once() -> None:
    answers = thrown(300, 3)
    cluster = np.repeat(np.arange(60), 5)
    found = decided(answers, cluster=cluster).candidates[0]
    assert found.own_randomness is not None
    per_cluster = answers.reshape(60, 5, 3).mean(axis=1)
    total = per_cluster.mean(axis=1).var(ddof=1)
    own = (answers.var(axis=1, ddof=1) / 3).reshape(60, 5).sum(axis=1) / 25
    assert found.own_randomness == pytest.approx(own.mean() / total, rel=1e-9)


def test_what_is_advised_and_where_it_is_said() -> None:
    whole = decided(thrown(200, 4))
    advice = whole.candidates[0].repeat_advice
    assert advice is not None
    assert advice.startswith("8 answers per item would make the interval ")
    assert "more items narrow all of it" in advice
    console = Console(width=100, record=True, file=StringIO())
    render(whole, console)
    told = " ".join(console.export_text().split())
    assert "of the variance is its own randomness" in told
    assert "8 answers per item" in told
    assert b'"repeat_advice":"8 answers' in whole.to_json()
    alike = decided(np.repeat(thrown(200, 1), 4, axis=1))
    assert alike.candidates[0].own_randomness == 0
    assert "one answer per item does as well, for 1/4 of the money" in (alike.candidates[0].repeat_advice or "")
    pool = decided(thrown(200, 4), claim="pool")
    assert pool.candidates[0].repeat_advice is None, "all was asked: nothing is left to be narrowed"


def test_one_answer_says_nothing() -> None:
    one = decide(weigh_stored(evidence_of(np.vstack([thrown(50, 1)[:, 0], np.zeros(50)])), Question()))
    assert one.candidates[0].own_randomness is None
    assert one.candidates[0].repeat_advice is None
