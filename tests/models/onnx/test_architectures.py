"""Each architecture, exported with its cache: both engines say the same to the same requests."""

from __future__ import annotations

import math

import pytest

import open_models
from onnx_models import asked, exported, onnx_engine, request, source, torch_engine
from open_models import needs_torch
from weighbridge.evidence import Completion
from weighbridge.models.local.batch import Failure
from weighbridge.models.protocol import Sampling

pytestmark = [pytest.mark.torch, needs_torch, pytest.mark.slow]

TEXTS = ("The quick brown", "Question: what is the capital of France?", "a", "0 1 2 3 4 5 6 7 8 9 " * 5)
CHOICES = ("yes", "no", "nothing", "0 1 2")


def requests():
    plain = [request(text, max_tokens=6 + at) for at, text in enumerate(TEXTS)]
    drawn = [request(TEXTS[1], sampling=Sampling(temperature=0.9, top_p=0.8, seed=5, max_tokens=9), repeat=2)]
    held = [request(TEXTS[at], choices=CHOICES) for at in (0, 1)] + [request("Pick", choices=CHOICES, logprobs=True)]
    stopped = [request(TEXTS[1], sampling=Sampling(max_tokens=12, stop=("e", "\ufffd")))]
    scored = [
        request(TEXTS[3], continuations=(" fox", "no", " 4 5 6 7", "Once upon a time"), normalise="bytes"),
        request("Answer: ", continuations=("Paris", " Paris."), normalise="unconditional"),
        request("x", continuations=("y",)),
        request("", continuations=("The quick",)),
    ]
    return [*plain, request(TEXTS[2], logprobs=True), *drawn, *held, *stopped, *scored]


@pytest.mark.parametrize("name", open_models.CAUSAL + open_models.SEQ2SEQ)
def test_generates_and_scores_as_the_engine_of_transformers(name: str) -> None:
    ours, theirs = onnx_engine(exported(name)), torch_engine(source(name))
    calls = requests()
    # Few rows and positions at once: rows leave and others enter, scoring goes by parts.
    tight = onnx_engine(exported(name), rows=2, tokens=150)
    right = asked(theirs, calls).outcomes
    for engine, stream in ((ours, True), (tight, False)):
        found = asked(engine, calls, stream=stream)
        for number, call in enumerate(calls):
            same(found.outcomes[number], right[number], f"{name}: {call}")
        if stream:
            for number, pieces in found.pieces.items():
                assert "".join(pieces) == found.outcomes[number].text
            assert set(found.pieces) >= {at for at, one in right.items() if one.text and one.scored is None}
    assert ours.describe().kind == theirs.describe().kind
    assert ours.describe().context == theirs.describe().context
    assert ours.describe().template == theirs.describe().template
    assert ours.render(calls[0].messages) == theirs.render(calls[0].messages)


def same(found, right, where: str) -> None:
    """Equal but for rounding."""
    assert type(found) is type(right), f"{where}: {found} instead of {right}"
    if isinstance(right, Failure):
        assert found.kind == right.kind, where
        return
    assert isinstance(found, Completion)
    assert (found.text, found.finish, found.prompt) == (right.text, right.finish, right.prompt), where
    assert found.usage.input_tokens == right.usage.input_tokens, where
    assert found.usage.output_tokens == right.usage.output_tokens, where
    for ours, theirs in zip(found.scored or [], right.scored or [], strict=True):
        assert math.isclose(ours.logprob, theirs.logprob, abs_tol=1e-3), where
        assert (ours.text, ours.tokens, ours.greedy) == (theirs.text, theirs.tokens, theirs.greedy), where
    for ours, theirs in zip(found.logprobs or [], right.logprobs or [], strict=True):
        assert ours[0] == theirs[0], where
        assert math.isclose(ours[1], theirs[1], abs_tol=1e-4), where


def test_reads_labels_as_the_engine_of_transformers() -> None:
    ours, theirs = onnx_engine(exported("bert_classifier")), torch_engine(source("bert_classifier"))
    calls = [
        *(request(text) for text in TEXTS),
        request("The first text", "and the second"),
        request(TEXTS[0], choices=("Negative", "positive")),
        request(TEXTS[0], choices=("wrong",)),
        request("word " * 600),
        request("a", continuations=("b",)),
    ]
    right = asked(theirs, calls).outcomes
    found = asked(ours, calls).outcomes
    for number, call in enumerate(calls):
        same(found[number], right[number], str(call)[:200])
    assert isinstance(found[7], Failure)
    assert "512" in found[7].what


def test_fills_gaps_as_the_engine_of_transformers() -> None:
    ours, theirs = onnx_engine(exported("bert_masked"), rows=3), torch_engine(source("bert_masked"))
    calls = [
        request("The [MASK] brown fox", logprobs=True),
        request("The [MASK] brown [MASK]"),
        request("no gap"),
        request("The [MASK] brown fox", continuations=("quick", "lazy little", "dog"), normalise="tokens"),
        request("The quick brown", continuations=("fox jumps", "dog"), normalise="unconditional"),
        request("Is it [MASK]?", choices=("yes", "no")),
        request("[MASK] [MASK]", continuations=("a",)),
        request("a", continuations=()),
    ]
    right, found = asked(theirs, calls).outcomes, asked(ours, calls).outcomes
    for number, call in enumerate(calls):
        same(found[number], right[number], str(call)[:200])
    assert isinstance(right[2], Failure)
    assert right[3].scored


def test_gives_the_vectors_of_the_engine_of_transformers() -> None:
    ours, theirs = onnx_engine(exported("bert_encoder"), rows=2), torch_engine(source("bert_encoder"))
    texts = [*TEXTS, "word " * 700, ""]
    found, right = ours.embed(texts), theirs.embed(texts)
    for one, other in zip(found, right, strict=True):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) < 1e-4
    outcome = asked(ours, [request("a")]).outcomes[0]
    assert isinstance(outcome, Failure)
    assert "vectors" in outcome.what


def test_the_table_of_engines_claims_what_is_tested_here() -> None:
    from weighbridge.models.local.support import TABLE

    claimed = {name for row in TABLE if row.onnx for name in row.models}
    assert claimed == set(open_models.ARCHITECTURES)
