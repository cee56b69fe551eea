"""Stored scores: all at once, or replayed as calls not yet made."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from weighbridge.errors import UsageError
from weighbridge.evidence import Column, Evidence, Question
from weighbridge.stats.race import Race
from weighbridge.stats.rules import Rules
from weighbridge.weighing.stored import weigh_stored
from weighbridge.weighing.weigh import weigh
from weighing.parts import pair, task_of

POOL = Question(claim="pool", epsilon=0.02)


def kilobytes(name: str) -> int:
    """A figure of /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(name)))


def table(score: np.ndarray, *, cost=None, cluster=None, sides=None) -> Evidence:
    candidates, items = score.shape
    empty = np.full(score.shape, np.nan)
    return Evidence(
        columns=tuple(
            Column(f"m{number}", sides[number] if sides else "open", "stored") for number in range(candidates)
        ),
        items=tuple(map(str, range(items))),
        order=np.arange(items),
        score=score.astype(float),
        status=np.zeros(score.shape, dtype=np.uint8),
        cost=empty if cost is None else cost,
        latency=empty,
        first_token=empty,
        tokens_in=empty,
        tokens_out=empty,
        repeats=np.ones(candidates, dtype=np.int64),
        within=empty,
        cluster=cluster,
        answers=tuple(tuple("x" for _ in range(items)) for _ in range(candidates)),
    )


def coins(shares, items, seed=0):
    return (np.random.default_rng(seed).random((len(shares), items)) < np.array(shares)[:, None]).astype(float)


def test_all_at_once_uses_every_score():
    run = weigh_stored(table(coins([0.9, 0.5, 0.4], 500)), POOL)
    assert run.stopped == "stored"
    assert run.outcome.kind == "best"
    assert run.outcome.winners == (0,)
    assert run.calls_made == run.calls_exhaustive == run.calls_from_store == 1500
    assert run.evidence.asked.all()


def test_replayed_it_stops_early_and_holds_only_what_was_asked():
    full = table(coins([0.9, 0.5, 0.4], 500))
    run = weigh_stored(full, POOL, 3, sequential=True)
    assert run.stopped == "decided"
    assert run.outcome.winners == (0,)
    assert run.calls_made == int(run.evidence.asked.sum()) < 800
    assert run.calls_from_store == 0
    for row in range(3):
        drawn = int(run.looks[-1].counts[row])
        assert run.evidence.asked[row][run.evidence.order[:drawn]].all()
        assert not run.evidence.asked[row][run.evidence.order[drawn:]].any()
    assert np.isnan(run.evidence.score[~run.evidence.asked]).all()
    assert sum(text is not None for text in run.evidence.answers[2]) == int(run.evidence.asked[2].sum())


async def test_a_replay_makes_the_calls_a_live_run_makes(store):
    shares = (0.8, 0.7, 0.4)
    question = Question(claim="pool", epsilon=0.03)
    live = await weigh(task_of(300), pair(*shares), question, store=store, seed=11)
    score = np.array(
        [[float(one.model.speak(f"item-{item}", 0) == "yes") for item in range(300)] for one in pair(*shares)]
    )
    replay = weigh_stored(table(score), question, 11, sequential=True)
    assert replay.calls_made == live.calls_made
    assert replay.outcome.winners == live.outcome.winners
    assert np.array_equal(replay.evidence.score, live.evidence.score, equal_nan=True)


def test_clusters_are_units_under_the_population_claim():
    score = coins([0.8, 0.4], 600, seed=4)
    cluster = np.arange(600) // 3
    run = weigh_stored(table(score, cluster=cluster), Question(claim="population"), 5, sequential=True)
    counts = run.looks[-1].counts
    assert (counts <= 200).all()
    assert run.calls_made == int(counts.sum()) * 3
    means = score[0].reshape(200, 3).mean(axis=1)
    asked = [number for number in range(200) if run.evidence.asked[0, 3 * number]]
    assert run.looks[-1].means[0] == pytest.approx(means[asked].mean())


def test_pareto_reads_costs_and_levels_what_cannot_be_told_apart():
    score = coins([0.9, 0.6, 0.6], 2000, seed=6)
    generator = np.random.default_rng(1)
    cost = np.stack(
        [generator.uniform(1, 3, 2000), generator.uniform(4, 6, 2000), generator.uniform(0.05, 0.2, 2000)]
    )
    run = weigh_stored(table(score, cost=cost), Question(goal="pareto", claim="pool", epsilon=0.05))
    assert run.outcome.kind == "frontier"
    assert set(run.outcome.winners) == {0, 2}
    assert run.spent == pytest.approx(cost.sum())


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: (table(coins([0.5], 10)), POOL), "nothing to compare"),
        (lambda: (table(np.zeros((2, 0))), POOL), "no item"),
        (lambda: (table(np.array([[0.5, 1.0], [np.nan, 1.0]])), POOL), "no score of 'm1' on item '0'"),
        (lambda: (table(np.array([[0.5, 1.0], [0.2, 7.0]])), POOL), "score of 'm1' on item '1' is 7"),
        (lambda: (table(coins([0.5, 0.5], 9)), Question(goal="pareto")), "cost of every candidate"),
        (lambda: (table(coins([0.5, 0.5], 9)), Question(goal="superior", reference="m7")), "'m7'"),
    ],
)
def test_a_table_that_cannot_answer_is_refused(build, said):
    with pytest.raises(UsageError, match=said) as caught:
        weigh_stored(*build())
    assert caught.value.fix


def test_what_is_reported_is_what_the_race_says():
    score = coins([0.6, 0.55], 200, seed=9)
    run = weigh_stored(table(score), POOL, 2, sequential=True)
    race = Race(2, 200, Rules(claim="pool", epsilon=0.02))
    order = np.random.Generator(np.random.PCG64(2)).permutation(200)
    while not race.finished:
        for span in race.wanted():
            race.feed(span.candidate, score[span.candidate, order][span.start : span.stop])
        race.step()
    assert run.outcome.kind == race.outcome().kind
    assert run.looks[-1].counts.tolist() == race.paid.tolist()


def test_a_hundred_thousand_items_by_four_are_weighed_quickly():
    score = coins([0.71, 0.705, 0.70, 0.69], 100_000, seed=2)
    full = table(score)
    begin, before = time.process_time(), kilobytes("VmRSS")
    # The peak of this process may be another test's: 5 sets it back (proc_pid_clear_refs(5)).
    Path("/proc/self/clear_refs").write_text("5")
    run = weigh_stored(full, Question(claim="pool", epsilon=0.0), 1, sequential=True)
    assert run.outcome.kind == "best"
    assert time.process_time() - begin < 20
    assert kilobytes("VmHWM") - before < 1_000_000
