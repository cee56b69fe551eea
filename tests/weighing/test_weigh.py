"""Whole runs: counts, order, store, repeats, clusters, failures, candidates that go down."""

from __future__ import annotations

import numpy as np
import pytest

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import Budget, Completion, Finish, Question, Score, Status
from weighbridge.models.protocol import ModelError
from weighbridge.store import StoreError
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import Down, Ended, LookDone, Retried, Started
from weighbridge.weighing.weigh import weigh, weigh_now
from weighing.parts import LocalModel, candidate, coin, heard, pair, task_of

QUICK = Limits(backoff=0.001, backoff_most=0.002)
BEST = Question(goal="best", claim="pool", epsilon=0.02)


async def test_a_clear_winner_is_found_with_fewer_calls_than_all(store):
    task = task_of(400)
    candidates = pair(0.95, 0.5, 0.3)
    run = await weigh(task, candidates, BEST, store=store, seed=1)
    assert run.stopped == "decided"
    assert run.outcome.kind == "best"
    assert run.outcome.winners == (0,)
    made = sum(len(c.model.asked) for c in candidates)
    assert run.calls_made == made == int(run.evidence.asked.sum()) < run.calls_exhaustive == 1200
    assert run.calls_from_store == 0
    assert run.spent == pytest.approx(made * 0.01)
    assert run.spent_now == pytest.approx(made * 0.01)
    assert run.looks[-1].counts.tolist() == run.evidence.asked.sum(axis=1).tolist()


async def test_the_table_holds_what_the_models_said(store):
    candidates = pair(0.6, 0.4)
    run = await weigh(task_of(30), candidates, Question(claim="pool", epsilon=0.0), store=store, seed=2)
    table = run.evidence
    for row, one in enumerate(candidates):
        for item in np.flatnonzero(table.asked[row]):
            said = one.model.speak(f"item-{item}", 0)
            assert table.answers[row][item] == table.extracted[row][item] == said
            assert table.score[row, item] == float(said == "yes")
            assert table.status[row, item] == 0
            assert table.tokens_in[row, item] == 10
            assert table.cost[row, item] == pytest.approx(0.01)
            assert table.latency[row, item] >= 0
        assert np.isnan(table.score[row][~table.asked[row]]).all()
    assert table.items == tuple(map(str, range(30)))
    assert table.questions[3] == "item-3"
    assert table.references[3] == "yes"


async def test_answers_are_consumed_in_draw_order_whatever_order_they_come_in(tmp_path):
    from weighbridge.store import open_store

    runs = []
    for number, wait in enumerate([None, lambda n: 0.004 * ((7 * n) % 5), lambda n: 0.003 * (n % 2)]):
        candidates = pair(0.9, 0.6, 0.7)
        for one in candidates:
            one.model.wait = wait
        with open_store(tmp_path / f"{number}.db") as store:
            runs.append(await weigh(task_of(120), candidates, BEST, store=store, seed=5))
    for run in runs[1:]:
        assert run.outcome.winners == runs[0].outcome.winners
        assert len(run.looks) == len(runs[0].looks)
        for ours, first in zip(run.looks, runs[0].looks, strict=True):
            assert np.array_equal(ours.means, first.means, equal_nan=True)
            assert ours.counts.tolist() == first.counts.tolist()


async def test_candidates_are_interleaved_item_by_item(store):
    order: list[str] = []

    def note(name):
        return lambda text, attempt: order.append(f"{name} {text}") or "yes"

    candidates = [candidate(LocalModel(n, note(n), place="here://one", slots=1)) for n in ("a", "b", "c")]
    await weigh(task_of(4), candidates, BEST, store=store, seed=3)
    assert [entry[0] for entry in order] == ["a", "b", "c"] * 4
    drawn = np.random.Generator(np.random.PCG64(3)).permutation(4)
    assert [entry[2:] for entry in order[::3]] == [f"item-{item}" for item in drawn]


async def test_a_second_run_costs_nothing_and_says_the_same(store):
    first = await weigh(task_of(200), pair(0.8, 0.6), BEST, store=store, seed=4)
    again = pair(0.8, 0.6)
    second = await weigh(task_of(200), again, BEST, store=store, seed=4)
    assert [len(c.model.asked) for c in again] == [0, 0]
    assert second.calls_made == second.calls_from_store == first.calls_made
    assert second.outcome.winners == first.outcome.winners
    assert second.spent == pytest.approx(first.spent)
    assert second.spent_now == 0
    assert np.array_equal(second.evidence.score, first.evidence.score, equal_nan=True)
    assert np.array_equal(second.evidence.latency, first.evidence.latency, equal_nan=True)


async def test_a_changed_scorer_scores_again_without_a_call(store):
    await weigh(task_of(50), pair(0.9, 0.1), BEST, store=store)
    again = pair(0.9, 0.1)
    contrary = task_of(50, scorer=lambda item, said: Score(float(said.text == "no")), key="contrary")
    run = await weigh(contrary, again, BEST, store=store)
    assert run.outcome.winners == (1,)
    assert not again[0].model.asked or run.calls_made > run.calls_from_store


async def test_every_answer_is_in_the_store_before_it_is_scored(store):
    seen = []

    def scorer(item, said):
        seen.append(any(a.item == item.id for a in store.answers()))
        return Score(1.0)

    await weigh(task_of(6, scorer=scorer), pair(0.9, 0.1), BEST, store=store)
    assert seen
    assert all(seen)


async def test_repeats_are_averaged_within_the_item(store):
    model = LocalModel("r", lambda text, attempt: "yes" if attempt % 4 else "no")
    other = LocalModel("s", lambda text, attempt: "no", place="here://s")
    run = await weigh(task_of(8), [candidate(model, repeats=4), candidate(other)], BEST, store=store)
    asked = run.evidence.asked[0]
    assert np.allclose(run.evidence.score[0][asked], 0.75)
    assert np.allclose(run.evidence.within[0][asked], np.var([0, 1, 1, 1], ddof=1))
    assert np.isnan(run.evidence.within[1]).all()
    assert run.calls_made == len(model.asked) + len(other.asked)
    assert run.calls_exhaustive == 8 * 4 + 8
    again = await weigh(task_of(8), [candidate(model, repeats=4), candidate(other)], BEST, store=store)
    assert again.calls_from_store == again.calls_made


async def test_whole_clusters_are_drawn_under_the_population_claim(store):
    task = task_of(40, clusters=8)
    events = []
    run = await weigh(
        task, pair(0.6, 0.5), Question(claim="population", epsilon=0.0), store=store, progress=events.append
    )
    [start] = heard(events, Started)
    assert (start.items, start.units, start.unit) == (40, 8, "cluster")
    asked = run.evidence.asked[0]
    clusters = run.evidence.cluster
    for number in range(8):
        assert len(set(asked[clusters == number].tolist())) == 1
    last = heard(events, LookDone)[-1]
    means = [run.evidence.score[0][clusters == number].mean() for number in range(8) if asked[clusters == number][0]]
    counted = last.values[0][~np.isnan(last.values[0])]
    assert sorted(counted) == pytest.approx(sorted(means))


async def test_items_alike_are_asked_once(store):
    task = task_of(10)
    alike = type(task)(
        name="alike",
        items=tuple(type(i)(id=i.id, fields={"text": "same"}, reference="yes") for i in task.items),
        scorer=task.scorer,
        scorer_key="exact",
        prompts=task.prompts,
    )
    candidates = pair(0.9, 0.1)
    run = await weigh(alike, candidates, BEST, store=store)
    assert [len(c.model.asked) for c in candidates] == [1, 1]
    assert run.calls_made == int(run.evidence.asked.sum())
    assert run.calls_from_store == run.calls_made - 2


async def test_an_answer_that_never_comes_is_a_failure_and_is_asked_again_next_time(store):
    broken = LocalModel(
        "f", lambda text, n: ModelError("boom", kind="server") if text in ("item-1", "item-2") else "yes"
    )
    good = pair(0.5)[0]
    question = Question(claim="pool", epsilon=0.0)
    run = await weigh(task_of(12), [candidate(broken), good], question, store=store, limits=QUICK)
    row = run.evidence.status[0]
    asked = [item for item in (1, 2) if run.evidence.asked[0, item]]
    assert asked
    for item in asked:
        assert row[item] == list(Status).index(Status.FAILED)
        assert run.evidence.score[0, item] == 0
        assert broken.asked.count(f"item-{item}") == QUICK.attempts
    assert any("never came" in note for note in run.notes)
    assert run.retries == len(asked) * (QUICK.attempts - 1)
    healed = LocalModel("f", lambda text, n: "yes")
    again = await weigh(task_of(12), [candidate(healed), good], question, store=store, limits=QUICK)
    assert sorted(healed.asked) == sorted(f"item-{item}" for item in asked if again.evidence.asked[0, item])


async def test_the_task_may_fix_another_score_for_failures(store):
    def scorer(item, said):
        if said.finish is Finish.ERROR:
            return Score(0.25, Status.FAILED)
        return Score(1.0)

    refused = LocalModel("f", lambda text, n: ModelError("bad", kind="bad_request") if text == "item-0" else "yes")
    run = await weigh(task_of(4, scorer=scorer), [candidate(refused), *pair(0.5)], BEST, store=store, limits=QUICK)
    assert run.evidence.score[0, 0] == 0.25
    assert refused.asked.count("item-0") == 1


@pytest.mark.parametrize("kind", ["auth", "quota", "dead"])
async def test_a_fatal_error_takes_down_the_candidate_and_not_the_run(store, kind):
    calls = []

    def speak(text, attempt):
        calls.append(text)
        return ModelError("the engine is gone", kind=kind) if len(calls) > 10 else "yes"

    events = []
    dying = LocalModel("dying", speak, place="here://dying")
    candidates = [candidate(dying), *pair(0.9, 0.4)]
    run = await weigh(task_of(300), candidates, BEST, store=store, limits=QUICK, progress=events.append)
    assert list(run.dead) == ["dying"]
    assert "the engine is gone" in run.dead["dying"]
    assert run.stopped == "decided"
    assert run.outcome.winners == (1,)
    assert [event.candidate for event in heard(events, Down)] == [0]
    assert len(calls) <= 10 + dying.slots


async def test_an_engine_that_breaks_in_an_unexpected_way_is_a_dead_engine(store):
    def speak(text, attempt):
        raise RuntimeError("segfault, nearly")

    run = await weigh(
        task_of(100), [*pair(0.9, 0.2), candidate(LocalModel("odd", speak))], BEST, store=store, limits=QUICK
    )
    assert "RuntimeError: segfault, nearly" in run.dead["odd"]
    assert run.outcome.winners == (0,)


async def test_a_candidate_that_never_answers_is_taken_down(store):
    mute = LocalModel("mute", lambda text, n: ModelError("connection refused", kind="connection"), place="here://m")
    run = await weigh(task_of(100), [*pair(0.9, 0.2), candidate(mute)], BEST, store=store, limits=QUICK)
    assert "never answered" in run.dead["mute"]
    assert "connection refused" in run.dead["mute"]
    assert len(mute.asked) < 60
    assert not run.evidence.asked[2].any()
    assert run.outcome.winners == (0,)


async def test_two_candidates_of_which_one_never_answers_is_an_error_that_names_it(store):
    mute = LocalModel("mute", lambda text, n: ModelError("connection refused", kind="connection"))
    with pytest.raises(WeighbridgeError) as caught:
        await weigh(task_of(40), [*pair(0.9), candidate(mute)], BEST, store=store, limits=QUICK)
    assert "'mute' never answered" in caught.value.what
    assert "connection refused" in caught.value.what
    assert caught.value.where == "local:mute"
    assert caught.value.fix


async def test_a_rival_that_stops_answering_leaves_a_valid_undecided_run(store):
    def speak(text, attempt):
        return ModelError("gone", kind="connection") if len(dying.asked) > 12 else "yes"

    dying = LocalModel("dying", speak, place="here://d")
    run = await weigh(
        task_of(600), [*pair(0.95), candidate(dying)], Question(claim="pool", epsilon=0.0), store=store, limits=QUICK
    )
    assert run.stopped == "candidates down"
    assert run.outcome.kind == "undecided"
    assert "stopped answering after" in run.dead["dying"]


async def test_the_listener_hears_the_run(store):
    events = []
    flaky = LocalModel("flaky", lambda text, n: ModelError("hiccup", kind="cut") if n == 0 else "yes")
    run = await weigh(
        task_of(12), [candidate(flaky), *pair(0.3)], BEST, store=store, limits=QUICK, progress=events.append
    )
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Ended)
    assert events[-1].stopped == run.stopped
    looks = heard(events, LookDone)
    assert len(looks) == len(run.looks)
    assert looks[-1].outcome is not None
    assert looks[-1].tallies[0].answers == len(flaky.asked) // 2
    assert len(heard(events, Retried)) == run.retries == len(flaky.asked) // 2


async def test_a_scorer_that_breaks_is_named_with_its_item(store):
    def scorer(item, said):
        raise KeyError("team")

    with pytest.raises(WeighbridgeError, match="'mine' raised KeyError"):
        await weigh(task_of(8, scorer=scorer, key="mine"), pair(0.9, 0.1), BEST, store=store)
    assert sum(1 for _ in store.answers()) > 0


@pytest.mark.parametrize("value", [1.5, -0.1, float("nan")])
async def test_a_score_outside_the_unit_interval_is_a_usage_error(store, value):
    with pytest.raises(UsageError, match=r"scores lie in \[0, 1\]") as caught:
        await weigh(task_of(8, scorer=lambda i, c: Score(value), key="mine"), pair(0.9, 0.1), BEST, store=store)
    assert "item" in caught.value.where


async def test_a_store_that_breaks_stops_the_calls(store):
    class Full:
        def __getattr__(self, name):
            return getattr(store, name)

        async def put(self, answer):
            raise StoreError("disk full", kind="full")

        async def put_many(self, answers):
            raise StoreError("disk full", kind="full")

    candidates = pair(0.9, 0.1)
    for one in candidates:
        one.model.wait = lambda n: 0.002
    with pytest.raises(StoreError, match="disk full"):
        await weigh(task_of(500), candidates, BEST, store=Full())
    assert sum(len(c.model.asked) for c in candidates) < 40


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: (task_of(0), pair(0.5, 0.5), BEST, Budget()), "no items"),
        (lambda: (task_of(5), pair(0.5), BEST, Budget()), "nothing to compare"),
        (lambda: (task_of(5), pair(0.5) + pair(0.5), BEST, Budget()), "two candidates are named 'a'"),
        (lambda: (task_of(5), pair(0.5, 0.5, repeats=0), BEST, Budget()), "repeats: 0"),
        (lambda: (task_of(5), pair(0.5, 0.5), BEST, Budget(calls=0)), "budget of 0 calls"),
        (lambda: (task_of(5), pair(0.5, 0.5), BEST, Budget(money=0.0)), "budget of 0.0 money"),
        (lambda: (task_of(5), pair(0.5, 0.5), Question(reference="aa", goal="superior"), Budget()), "'aa'"),
        (lambda: (task_of(5), pair(0.5, 0.5), Question(goal="non_inferior"), Budget()), "closed one is missing"),
    ],
)
async def test_a_run_that_cannot_work_is_refused_before_the_first_call(store, build, said):
    task, candidates, question, budget = build()
    with pytest.raises(UsageError, match=said) as caught:
        await weigh(task, candidates, question, store=store, budget=budget)
    assert caught.value.fix
    assert not any(c.model.asked for c in candidates)


async def test_two_candidates_alike_are_refused(store):
    model = LocalModel("m")
    with pytest.raises(UsageError, match="alike"):
        await weigh(task_of(5), [candidate(model), candidate(model, name="copy")], BEST, store=store)


def test_the_face_without_a_loop_closes_the_models(store):
    candidates = pair(0.9, 0.2)
    run = weigh_now(task_of(60), candidates, BEST, store=store)
    assert run.outcome.winners == (0,)
    assert all(c.model.closed for c in candidates)


def test_completion_without_duration_gets_the_measured_one(store):
    run = weigh_now(task_of(6), pair(0.9, 0.2), BEST, store=store)
    assert (run.evidence.latency[0][run.evidence.asked[0]] > 0).all()
    assert Completion("x").usage.duration is None


def test_coin_is_the_same_everywhere():
    assert [coin("a", 0.5)(f"item-{n}", 0) for n in range(6)] == [coin("a", 0.5)(f"item-{n}", 9) for n in range(6)]
