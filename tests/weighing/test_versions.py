"""A vendor that changes the model behind a name: during a run, between runs, and where that is allowed."""

from __future__ import annotations

import json
from dataclasses import dataclass

import msgspec
import pytest

from faults import Call, FaultServer, Reply, raw
from weighbridge.decide import decide
from weighbridge.evidence import Question
from weighbridge.models.protocol import Request
from weighbridge.models.specs import open_model
from weighbridge.store import Selection
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.measure import measure
from weighbridge.weighing.weigh import weigh
from weighing.parts import LocalModel, Plain, candidate, coin, pair, task_of

HARD = Question(claim="pool", epsilon=0.0)


@dataclass
class Versioned(LocalModel):
    """Says with each answer which version gave it; version 2 from its `moves`-th call on."""

    moves: int = 10**9
    fingerprints: int = 1

    async def complete(self, request: Request):
        number = len(self.asked)
        answer = await super().complete(request)
        version = f"{self.name}-2026-0{1 + (number >= self.moves)}"
        return msgspec.structs.replace(answer, model=version, fingerprint=f"fp_{number % self.fingerprints}")


def versioned(moves: int = 10**9, fingerprints: int = 1, share: float = 0.5):
    model = Versioned("v", coin("v", share), place="here://v", slots=4, moves=moves, fingerprints=fingerprints)
    return candidate(model)


async def test_each_answer_is_kept_with_the_version_that_gave_it(store):
    one = versioned(fingerprints=3)
    run = await weigh(task_of(40), [one, *pair(0.5)], HARD, store=store, seed=1)
    kept = [answer.completion for answer in store.answers(Selection(candidate="v"))]
    assert {answer.model for answer in kept} == {"v-2026-01"}
    assert {answer.fingerprint for answer in kept} == {"fp_0", "fp_1", "fp_2"}
    assert run.evidence.columns[0].versions == ("v-2026-01",)
    assert run.stopped != "version changed"
    assert any("3 system fingerprints" in note for note in run.notes)


async def test_a_change_in_the_middle_stops_the_run_and_scores_no_answer_of_the_new_version(store):
    one = versioned(moves=40)
    run = await weigh(task_of(300), [one, *pair(0.5)], HARD, store=store, seed=1)
    assert run.stopped == "version changed"
    assert run.outcome.kind == "undecided"
    assert len(one.model.asked) <= 40 + 2 * one.model.slots
    assert run.evidence.asked[0].sum() <= 40
    (finding,) = run.findings
    assert (finding.dimension, finding.met, finding.candidate) == ("version", "not met", "v")
    assert "'v-2026-01' answered before" in finding.statement
    assert "'v-2026-02' answers now" in finding.statement
    decision = decide(run)
    assert decision.verdict.kind == "undecided"
    assert decision.verdict.stopped == "version changed"
    assert any(line.startswith("v: the model changed") for line in decision.verdict.reasons)
    assert any("versions: allow" in line for line in decision.verdict.would_change)


async def test_a_change_since_the_stored_answers_stops_the_next_run(store):
    first = await weigh(task_of(60), [versioned(), *pair(0.5)], HARD, store=store, seed=1)
    assert first.stopped != "version changed"
    # More items than before: the new ones are answered by another version.
    moved = versioned(moves=0)
    second = await weigh(task_of(200), [moved, *pair(0.5)], HARD, store=store, seed=1)
    assert second.stopped == "version changed"
    assert len(moved.model.asked) <= 2 * moved.model.slots
    assert "answers in the store" in second.findings[0].statement
    # Both versions are in the store now: the next run says so without a single call.
    again = versioned(moves=0)
    third = await weigh(task_of(200), [again, *pair(0.5)], HARD, store=store, seed=1)
    assert third.stopped == "version changed"
    assert not again.model.asked


async def test_allowed_it_goes_on_and_says_so(store):
    one = versioned(moves=20)
    run = await weigh(task_of(80), [one, *pair(0.5)], HARD, store=store, seed=1, limits=Limits(versions="allow"))
    assert run.stopped != "version changed"
    assert run.evidence.columns[0].versions == ("v-2026-01", "v-2026-02")
    assert any("several versions answered" in note for note in run.notes)


async def test_strict_stops_at_another_fingerprint(store):
    one = versioned(fingerprints=2)
    run = await weigh(task_of(80), [one, *pair(0.5)], HARD, store=store, seed=1, limits=Limits(versions="strict"))
    assert run.stopped == "version changed"
    assert "system behind the model changed" in run.findings[0].statement


async def test_a_measurement_without_a_race_stops_too(store):
    measured = await measure(task_of(200), [versioned(moves=30)], store=store)
    assert not measured.complete
    assert measured.evidence.asked.sum() <= 30


async def test_models_that_name_no_version_are_left_alone(store):
    run = await weigh(task_of(30), pair(0.9, 0.2), HARD, store=store, seed=1)
    assert run.findings == ()
    assert run.evidence.columns[0].versions == ()


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_server_that_moves_its_model_is_caught_on_the_wire(store, streamed):
    def said(call: Call) -> Reply:
        of = {"id": "x", "model": f"m-{1 + (call.number >= 60)}", "system_fingerprint": "fp_1"}
        usage = {"prompt_tokens": 3, "completion_tokens": 1}
        if streamed:
            delta = {"index": 0, "delta": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}
            chunk = {**of, "object": "chat.completion.chunk", "choices": [delta], "usage": usage}
            return raw(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())
        choice = {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}
        whole = {**of, "object": "chat.completion", "choices": [choice], "usage": usage}
        return raw(json.dumps(whole).encode(), content_type="application/json")

    async with FaultServer(script=said) as server:
        models = [Candidate(name, open_model(f"{server.url}#{name}"), Plain()) for name in ("a", "b")]
        run = await weigh(task_of(300), models, HARD, store=store, seed=1)
        for one in models:
            await one.model.close()
    assert run.stopped == "version changed"
    assert len(server.calls) < 300
    kept = [answer.completion for answer in store.answers()]
    assert {(one.model, one.fingerprint) for one in kept} == {("m-1", "fp_1"), ("m-2", "fp_1")}
