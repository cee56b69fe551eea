"""`path:` models end to end: through their child processes, in runs, killed, from the command line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from open_models import needs_torch, smollm2, tiny
from weighbridge.evidence import Budget, Finish, Question
from weighbridge.models.local.hosting import host as hosts
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Embedder, ModelError, Request, Sampling
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

pytestmark = needs_torch
ONE = ModelOptions(threads=1)


def asked(*turns: str, **more) -> Request:
    roles = ("user", "assistant")
    return Request(tuple(Message(roles[at % 2], text) for at, text in enumerate(turns)), **more)


def near(one: float, other: float) -> bool:
    return abs(one - other) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["llama", "falcon_alibi", "t5"])
async def test_a_language_model_writes_scores_streams_and_shows(name: str) -> None:
    """One family of each way of scoring; the tests of the parts hold all architectures against transformers."""
    model = open_model(f"path:{tiny(name)}", ONE)
    try:
        assert model.side == "open"
        assert model.capabilities.scoring
        assert "transformers 5" in model.engine
        sampling = Sampling(max_tokens=8)
        questions = [asked(text, sampling=sampling) for text in ("yes no", "1 2 3", "The quick brown")]
        together = await asyncio.gather(*(model.complete(question) for question in questions))
        for question, answer in zip(questions, together, strict=True):
            assert (await model.complete(question)).text == answer.text
            assert "".join([piece async for piece in model.stream(question)]) == answer.text
            assert answer.finish in (Finish.LENGTH, Finish.STOP)
            assert answer.usage.output_tokens is not None
            assert answer.prompt == await model.rendered(question)  # type: ignore[attr-defined]
        reading = await model.reading()  # type: ignore[attr-defined]
        assert (reading.template == "chat") is (name == "llama")

        given = (" yes", " no", " the lazy dog")
        scored = await model.complete(asked("A question:", continuations=given))
        assert scored.scored is not None
        assert [one.text for one in scored.scored] == list(given)
        best = max(scored.scored, key=lambda one: one.logprob)
        assert scored.text == best.text
        by_token = await model.complete(asked("A question:", continuations=given, normalise="tokens"))
        assert by_token.scored is not None
        assert by_token.text == max(by_token.scored, key=lambda one: one.logprob / one.tokens).text
        alone = await model.complete(asked("A question:", continuations=given, normalise="unconditional"))
        assert alone.text in given
        mixed = await asyncio.gather(
            model.complete(asked("A question:", continuations=given)), model.complete(questions[0])
        )
        assert mixed[0].scored is not None
        assert near(mixed[0].scored[0].logprob, scored.scored[0].logprob)
        assert mixed[1].text == together[0].text

        held = await model.complete(asked("Which?", choices=("alpha", "beta"), sampling=sampling))
        assert held.text in ("alpha", "beta")
        logged = await model.complete(asked("The quick brown fox", sampling=Sampling(max_tokens=4), logprobs=True))
        assert logged.logprobs is not None
        assert "".join(token for token, _ in logged.logprobs) == logged.text
        assert all(value <= 0 for _, value in logged.logprobs)
        seeded = [asked("yes", sampling=Sampling(temperature=1, max_tokens=8, seed=seed)) for seed in (1, 1, 2, 3)]
        found = [(await model.complete(one)).text for one in seeded]
        assert found[0] == found[1]
        assert len(set(found)) > 1
        with pytest.raises(ModelError) as caught:
            await model.complete(asked("yes", continuations=()))
        assert caught.value.kind == "bad_request"
    finally:
        await model.close()
    assert not hosts._hosts


@pytest.mark.slow
async def test_classifiers_masked_models_and_encoders() -> None:
    classifier = open_model(f"path:{tiny('bert_classifier')}", ONE)
    masked = open_model(f"path:{tiny('bert_masked')}", ONE)
    encoder = open_model(f"path:{tiny('bert_encoder')}", ONE)
    try:
        labelled = await classifier.complete(asked("a good day"))
        assert labelled.text in ("negative", "neutral", "positive")
        assert labelled.scored is not None
        assert len(labelled.scored) == 3
        assert [piece async for piece in classifier.stream(asked("a good day"))] == [labelled.text]
        filled = await masked.complete(asked("the quick [MASK] fox"))
        assert filled.text
        scored = await masked.complete(asked("the quick", continuations=("brown fox", "lazy dog")))
        assert scored.text in ("brown fox", "lazy dog")
        assert isinstance(encoder, Embedder)
        vectors = await encoder.embed(["one", "two three", "one"])
        assert len({len(vector) for vector in vectors}) == 1
        assert all(near(a, b) for a, b in zip(vectors[0], vectors[2], strict=True))
        assert not encoder.capabilities.scoring
        for wrong in (asked("hello"), asked("hello", continuations=("a", "b"))):
            with pytest.raises(ModelError) as caught:
                await encoder.complete(wrong)
            assert caught.value.kind == "bad_request"
            assert caught.value.fix
    finally:
        for model in (classifier, masked, encoder):
            await model.close()


def project(folder: Path, candidates: list[dict[str, object]], items: int, **more) -> Path:
    rows = [{"id": str(n), "text": f"{n} + {n}", "label": str(2 * n)} for n in range(items)]
    (folder / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / "weighbridge.yaml"
    said = {
        "data": {"path": "data.jsonl", "reference": "label"},
        "prompt": "{{ text }} =",
        "candidates": candidates,
        **more,
    }
    path.write_text(json.dumps(said))
    return path


def run(path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    out = str(path.parent / "decision.json")
    command = [sys.executable, "-m", "weighbridge", "run", str(path), "--json", out, *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.slow
def test_a_project_weighs_folders_beside_it(tmp_path: Path) -> None:
    for name in ("llama", "qwen2"):
        (tmp_path / name).symlink_to(tiny(name))
    candidates = [
        {"model": "path:./llama", "max_tokens": 4, "threads": 1},
        {"model": "path:qwen2", "max_tokens": 4, "threads": 1, "dtype": "bfloat16"},
        {"model": "path:./llama", "name": "plain", "max_tokens": 4, "threads": 1, "template": "plain"},
    ]
    path = project(tmp_path, candidates, 40)
    first = run(path)
    assert first.returncode in (0, 3), first.stdout + first.stderr
    decision = json.loads((tmp_path / "decision.json").read_text())
    assert decision["calls"]["made"] > 0
    assert {one["spec"] for one in decision["candidates"]} == {"path:./llama", "path:qwen2"}
    again = run(path)
    assert again.returncode == first.returncode
    calls = json.loads((tmp_path / "decision.json").read_text())["calls"]
    assert calls["from_store"] == calls["made"] == decision["calls"]["made"]


@pytest.mark.slow
def test_smollm2_against_a_smaller_one_by_the_command_line(tmp_path: Path) -> None:
    """The same task generated by both; SmolLM2 in float32 as a folder."""
    (tmp_path / "smollm2").symlink_to(smollm2())
    (tmp_path / "tiny").symlink_to(tiny("llama"))
    candidates = [
        {"model": "path:smollm2", "name": "smollm2", "threads": 1, "max_tokens": 12},
        {"model": "path:tiny", "name": "tiny", "threads": 1, "max_tokens": 12},
    ]
    rows = [
        {"id": str(n), "text": f"What is the capital of {country}? Answer with one word.", "label": city}
        for n, (country, city) in enumerate(
            [("France", "Paris"), ("Italy", "Rome"), ("Spain", "Madrid"), ("Japan", "Tokyo"), ("Egypt", "Cairo")] * 6
        )
    ]
    path = project(tmp_path, candidates, 1, prompt="{{ text }}", scorer="contains")
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = run(path)
    assert done.returncode == 0, done.stdout + done.stderr
    decision = json.loads((tmp_path / "decision.json").read_text())
    assert decision["verdict"]["candidates"] == ["smollm2"]


@pytest.mark.slow
async def test_an_engine_killed_in_the_middle_leaves_the_race_with_its_reason(tmp_path: Path) -> None:
    from weighbridge.project.load import load_project
    from weighbridge.store import open_store
    from weighbridge.weighing.weigh import weigh

    for name in ("llama", "qwen2", "gpt2"):
        (tmp_path / name).symlink_to(tiny(name))
    candidates: list[dict[str, object]] = [
        {"model": f"path:{name}", "name": name, "max_tokens": 24, "threads": 1, "slots": 2}
        for name in ("llama", "qwen2", "gpt2")
    ]
    project_ = load_project(project(tmp_path, candidates, 400))
    killed = []

    async def kill() -> None:
        while not killed:
            await asyncio.sleep(0.05)
            for one in list(hosts._hosts.values()):
                if "/tiny-qwen2" in one.settings.said and one.description is not None and one.process is not None:
                    await asyncio.sleep(0.2)
                    os.kill(one.process.pid, signal.SIGKILL)
                    killed.append(one.process.pid)

    killing = asyncio.create_task(kill())
    with open_store(tmp_path / "store.db") as store:
        found = await weigh(project_.task, project_.candidates, Question(), store=store, budget=Budget())
    await asyncio.gather(killing, *(one.model.close() for one in project_.candidates))
    assert killed
    assert list(found.dead) == ["qwen2"]
    assert "killed" in found.dead["qwen2"]
    assert "memory" in found.dead["qwen2"]
    assert "\n" not in found.dead["qwen2"]


async def test_an_engine_that_cannot_load_takes_down_its_candidate_at_once(tmp_path: Path) -> None:
    import shutil

    folder = Path(shutil.copytree(tiny("bert_encoder"), tmp_path / "bert"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["BertForSequenceClassification"]}))
    model = open_model(f"path:{folder}", ONE)
    began = time.monotonic()
    with pytest.raises(ModelError, match="they would be random") as caught:
        await model.complete(asked("x"))
    assert caught.value.kind == "dead"
    assert caught.value.fix
    await model.close()
    assert time.monotonic() - began < 60
