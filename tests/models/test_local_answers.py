"""Recorded answers, rules and simulations."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish, Price
from weighbridge.models.invented import right_answer, wrong_answer
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Item

JSONL = """\
{"item_id": "a", "model": "x", "answer": "yes", "latency": 0.5, "cost": 0.002, "tokens": 3, "input_tokens": 10}
{"item_id": "b", "model": "x", "answer": "", "finish": "length"}

{"item_id": "a", "model": "y", "answer": {"n": 1}}
{"item_id": 7, "model": "y", "error": "timed out"}
{"item_id": "a", "model": "y", "answer": "again", "repeat": 1}
"""


def item(name: str, reference="yes", **fields) -> Item:
    return Item(name, fields, reference)


async def answers(spec: str, base: Path, ask, *names: str, repeat: int = 0) -> list[Completion]:
    model = open_model(spec, base_dir=base)
    found = [await model.complete(ask(item=item(name), repeat=repeat)) for name in names]
    await model.close()
    return found


async def test_recorded(tmp_path: Path, ask, cache: Path) -> None:
    (tmp_path / "r.jsonl").write_text(JSONL)
    first, second, missing = await answers("recorded:r.jsonl#x", tmp_path, ask, "a", "b", "c")
    assert (first.text, first.usage.duration, first.usage.output_tokens) == ("yes", 0.5, 3)
    assert Price().call(first.usage) == 0.002
    assert Price(per_request=1).call(first.usage) == 1
    assert second.finish is Finish.LENGTH
    assert missing.finish is Finish.ERROR
    assert missing.error is not None
    assert "no answer is recorded for item 'c' in r.jsonl" in missing.error
    y = await answers("recorded:r.jsonl#y", tmp_path, ask, "a", "7")
    assert [(one.text, one.finish.value) for one in y] == [('{"n":1}', "stop"), ("", "error")]
    assert (await answers("recorded:r.jsonl#y", tmp_path, ask, "a", repeat=1))[0].text == "again"


async def test_recorded_csv(tmp_path: Path, ask, cache: Path) -> None:
    (tmp_path / "r.csv").write_text('﻿id,output,latency\na,"two\nlines",0.1\nb,three,\n', encoding="utf-8")
    one, two = await answers("recorded:r.csv", tmp_path, ask, "a", "b")
    assert (one.text, two.text, two.usage.duration) == ("two\nlines", "three", None)
    model = open_model("recorded:r.csv", base_dir=tmp_path)
    before = model.revision
    (tmp_path / "r.csv").write_text("id,output\na,other\n")
    assert open_model("recorded:r.csv", base_dir=tmp_path).revision != before


@pytest.mark.parametrize(
    ("text", "spec", "says"),
    [
        (JSONL, "recorded:r.jsonl", "holds several models"),
        (JSONL, "recorded:r.jsonl#z", "holds no model 'z'"),
        ('{"item_id": "a", "answer": "x"}\n{"item_id"', "recorded:r.jsonl", "r.jsonl:2"),
        ('{"item_id": "a", "answer": "x"}\n{"item_id": "a", "answer": "y"}', "recorded:r.jsonl", "two answers"),
        ('{"answer": "x"}', "recorded:r.jsonl", "no item_id"),
        ('{"item_id": "a", "reply": "x"}', "recorded:r.jsonl", "no answer"),
        ('{"item_id": "a", "answer": "x", "cost": "dear"}', "recorded:r.jsonl", "not a number"),
        ('{"item_id": "a", "answer": "x", "finish": "stopped"}', "recorded:r.jsonl", "did you mean 'stop'?"),
        ("", "recorded:r.jsonl", "holds no answers"),
    ],
)
async def test_bad_records(text: str, spec: str, says: str, tmp_path: Path, ask) -> None:
    (tmp_path / "r.jsonl").write_text(text)
    with pytest.raises(UsageError) as caught:
        await answers(spec, tmp_path, ask, "a")
    assert says in str(caught.value)


RULES = """
import time
from weighbridge.evidence import Completion, Usage

def quick(item):
    return "billing" if "invoice" in item.fields["text"] else "other"

async def patient(item):
    return Completion("async", usage=Usage(output_tokens=2))

def slow(item):
    time.sleep(0.2)
    return "slow"

def broken(item):
    return item.fields["no such"]

def silent(item):
    return None

class Counter:
    def __init__(self):
        self.calls = 0

    def __call__(self, item):
        self.calls += 1
        return str(self.calls)

one = Counter()
number = 3
"""


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "wb_rules.py").write_text(RULES)
    (tmp_path / "wb_bad.py").write_text("import no_such_package\n")
    (tmp_path / "wb_worse.py").write_text("x = 1\n1 / 0\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("wb_rules", "wb_bad", "wb_worse"):
        sys.modules.pop(name, None)


async def test_rules(rules: Path, ask) -> None:
    async def one(name: str) -> Completion:
        return await open_model(f"python:wb_rules.{name}", base_dir=rules).complete(
            ask(item=item("i", text="my invoice"))
        )

    assert (await one("quick")).text == "billing"
    patient = await one("patient")
    assert (patient.text, patient.usage.output_tokens) == ("async", 2)
    assert patient.usage.duration is not None
    assert (await one("Counter")).text == "1"
    assert (await one("one")).text == "1"
    assert open_model("python:wb_rules.quick", base_dir=rules).revision.startswith("sha256:")
    assert open_model("python:wb_rules:patient", base_dir=rules).concurrency == 8


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("broken", "wb_rules.broken raised KeyError: 'no such' (item 'i')"),
        ("silent", "returned NoneType for item 'i'"),
    ],
)
async def test_rules_that_fail(name: str, says: str, rules: Path, ask) -> None:
    with pytest.raises(ModelError) as caught:
        await open_model(f"python:wb_rules.{name}", base_dir=rules).complete(ask(item=item("i", text="")))
    assert says in str(caught.value)
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("wb_rules.quik", "did you mean 'quick'?"),
        ("wb_rule.quick", "did you mean 'wb_rules'?"),
        ("wb_rules.number", "not a function"),
        ("wb_bad.f", "imports no_such_package"),
        ("wb_worse.f", "wb_worse.py:2"),
    ],
)
def test_rules_that_cannot_be_had(path: str, says: str, rules: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_model(f"python:{path}", base_dir=rules)
    assert says in str(caught.value)


async def test_a_slow_rule_does_not_hold_the_event_loop(rules: Path, ask) -> None:
    model = open_model("python:wb_rules.slow", base_dir=rules)
    call = asyncio.create_task(model.complete(ask(item=item("i"))))
    ticks = 0
    while not call.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert ticks > 5


async def test_rules_and_records_are_fast(rules: Path, ask, cache: Path) -> None:
    """100,000 items must take seconds: here 10,000 within half a CPU second each."""
    (rules / "r.jsonl").write_text("".join(f'{{"item_id": "{n}", "answer": "x"}}\n' for n in range(10_000)))
    requests = [ask(item=item(str(number), text="x")) for number in range(10_000)]
    for spec in ("python:wb_rules.quick", "recorded:r.jsonl", "simulated:accuracy=0.5,difficulty_seed=1"):
        model = open_model(spec, base_dir=rules)
        begin = time.process_time()
        for request in requests:
            await model.complete(request)
        assert time.process_time() - begin < 1.5, spec


async def simulate(spec: str, ask, count: int = 4000, **more) -> np.ndarray:
    model = open_model(f"simulated:{spec}")
    found = [await model.complete(ask(item=item(str(number)), **more)) for number in range(count)]
    return np.array([answer.text == "yes" for answer in found], dtype=float)


@pytest.mark.parametrize("spec", ["accuracy=0.8", "accuracy=0.8,refuse=0.1", "accuracy=0.8,difficulty_seed=3"])
async def test_the_stated_accuracy_holds(spec: str, ask) -> None:
    right = await simulate(spec, ask)
    assert abs(right.mean() - 0.8) < 4 * np.sqrt(0.16 / len(right))


async def test_a_shared_difficulty_correlates_pairs(ask) -> None:
    def correlation(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.corrcoef(a, b)[0, 1])

    alone = [await simulate(f"accuracy=0.7,seed={seed}", ask) for seed in (1, 2)]
    shared = [await simulate(f"accuracy=0.7,seed={seed},difficulty_seed=9,correlation=0.8", ask) for seed in (1, 2)]
    assert abs(correlation(*alone)) < 0.07
    assert correlation(*shared) > 0.4
    again = await simulate("accuracy=0.7,seed=1", ask)
    assert (alone[0] == again).all()
    assert (alone[0] != await simulate("accuracy=0.7,seed=1", ask, repeat=1)).any()


async def test_simulated_figures(ask) -> None:
    model = open_model("simulated:accuracy=1,latency=0.05,wait=true,tokens=40,cost=0.01,side=closed")
    begin = time.perf_counter()
    answer = await model.complete(ask(item=item("a", reference={"n": 1}), choices=("a", "b")))
    assert time.perf_counter() - begin >= 0.045
    assert (answer.text, answer.usage.output_tokens, answer.usage.cost) == ('{"n":1}', 40, 0.01)
    assert model.simulated
    assert model.side == "closed"
    wrong = await open_model("simulated:accuracy=0").complete(ask(item=item("a", "b"), choices=("a", "b", "c")))
    assert wrong.text in ("a", "c")
    refused = await open_model("simulated:accuracy=0,refuse=1").complete(ask(item=item("a")))
    assert refused.finish is Finish.REFUSAL
    with pytest.raises(ModelError, match="no reference"):
        await model.complete(ask(item=item("a", None)))


LEAF = st.one_of(st.booleans(), st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9), st.text(max_size=20))


@given(
    st.one_of(LEAF, st.lists(LEAF, min_size=1, max_size=3), st.dictionaries(st.text(max_size=5), LEAF, min_size=1))
)
def test_wrong_answers_are_wrong(reference) -> None:
    wrong = wrong_answer(reference, None, 0.3)
    assert wrong
    assert wrong != right_answer(reference)
    if isinstance(reference, str) and reference.strip():
        assert reference.strip().lower() not in wrong.lower()
    for draw in (0.0, 0.5, 0.999):
        assert wrong_answer(reference, ("a", "b", right_answer(reference)), draw) in ("a", "b")


def test_options_reach_every_kind(tmp_path: Path) -> None:
    assert open_model("simulated:accuracy=1", ModelOptions(concurrency=3)).concurrency == 3
