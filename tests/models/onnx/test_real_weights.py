"""Trained weights: the exports say what their sources say, and 8 bits are written down as what they are."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from onnx_models import asked, exported, onnx_engine, request, source, torch_engine
from open_models import needs_torch
from weighbridge.models.local.onnx.manifest import read

pytestmark = [pytest.mark.torch, needs_torch, pytest.mark.slow]

CONTEXT = (
    "Once upon a time there was a little girl named Lily. She loved to play outside in the sunshine with her big red"
    " ball. One day the ball rolled down the hill and into the pond. Lily was very"
)


def compare(name: str, prompts: tuple[str, ...]) -> None:
    calls = [request(prompt, max_tokens=12) for prompt in prompts]
    calls += [request(CONTEXT, continuations=(" sad", " happy because", " tall", " sad and she cried."))]
    theirs = torch_engine(source(name))
    right = asked(theirs, calls).outcomes
    del theirs
    found = asked(onnx_engine(exported(name)), calls).outcomes
    for number in range(len(prompts)):
        assert found[number].text == right[number].text
        assert found[number].text.strip()
    for one, other in zip(found[len(prompts)].scored, right[len(prompts)].scored, strict=True):
        assert math.isclose(one.logprob, other.logprob, abs_tol=1e-3)
        assert one.greedy == other.greedy
    assert found[len(prompts)].text == right[len(prompts)].text


def test_minilm_gives_the_same_vectors() -> None:
    ours, theirs = onnx_engine(exported("minilm")), torch_engine(source("minilm"))
    texts = ("A man is eating food.", "Someone eats a meal.", "The stock market fell sharply.", "word " * 600)
    found, right = ours.embed(texts), theirs.embed(texts)
    for one, other in zip(found, right, strict=True):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) < 1e-4

    def alike(a: int, b: int) -> float:
        return sum(x * y for x, y in zip(found[a], found[b], strict=True))

    assert alike(0, 1) > 0.5 > 0.2 > alike(0, 2)
    assert math.isclose(alike(0, 0), 1, abs_tol=1e-5)


def test_stories15m_tells_the_same_stories() -> None:
    compare("stories15m", ("Once upon a time", "The little dog", "One day, Tom and his sister went to"))


def test_smollm2_answers_alike() -> None:
    compare("smollm2", ("What is the capital of France?", "Name three colours.", "Say hello."))
    agreement = read(exported("smollm2")).agreement
    assert agreement.logits < 1e-3
    assert agreement.greedy_equal == agreement.prompts


def test_eight_bits_are_smaller_and_said_to_be_different() -> None:
    def size(folder: Path) -> int:
        return sum(path.stat().st_size for path in folder.iterdir())

    whole, short = exported("stories15m"), exported("stories15m", dtype="int8")
    assert size(short) < 0.6 * size(whole)
    manifest = read(short)
    assert manifest.dtype == "int8"
    assert manifest.agreement.logits > read(whole).agreement.logits
    engine = onnx_engine(short)
    assert any("8-bit" in note for note in engine.describe().notes)
    assert "int8" in engine.describe().engine
    calls = [request(CONTEXT, continuations=(" sad", " purple elephants", " happy"))]
    exact, rough = asked(onnx_engine(whole), calls).outcomes[0], asked(engine, calls).outcomes[0]
    for one, other in zip(exact.scored, rough.scored, strict=True):
        assert math.isclose(one.logprob, other.logprob, abs_tol=1.0)
    assert exact.text == rough.text
