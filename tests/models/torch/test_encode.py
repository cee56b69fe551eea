"""Encoders: labels, sentence vectors and gaps, against computations that share nothing with ours."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generating import ask, loaded
from open_models import minilm, needs_torch, tiny
from weighbridge.errors import UsageError
from weighbridge.evidence import Completion
from weighbridge.models.local.batch import Failure
from weighbridge.models.local.torch.encode import classify, embed, fill
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.protocol import Request
from weighbridge.tasks.item import Message

pytestmark = [pytest.mark.torch, needs_torch]

TEXTS = ["The quick brown fox", "yes", "Once upon a time there was a little girl named Lily", "no true false", ""]


def run(work, model, calls, limits=None):
    found = {}
    work(model, calls, found.__setitem__, limits)
    return [found[number] for number in range(len(calls))]


def test_a_classifier_answers_with_its_label() -> None:
    import torch

    model = loaded("bert_classifier")
    found = run(classify, model, [ask(text) for text in TEXTS], Limits(rows=2))
    for text, one in zip(TEXTS, found, strict=True):
        with torch.inference_mode():
            logits = model.model(**model.tokenizer(text, return_tensors="pt")).logits[0]
        right = torch.log_softmax(logits.double(), -1)
        assert [label.text for label in one.scored] == ["negative", "neutral", "positive"]
        assert [label.logprob for label in one.scored] == pytest.approx(right.tolist(), abs=1e-5)
        assert one.text == ["negative", "neutral", "positive"][int(right.argmax())]
        assert [label.greedy for label in one.scored].count(True) == 1
        assert one.prompt == text
    assert len({one.scored[0].logprob for one in found}) == len(TEXTS)


def test_a_pair_of_texts_is_read_as_one() -> None:
    import torch

    model = loaded("bert_classifier")
    pair = Request((Message("user", "The fox jumps."), Message("user", "yes no")))
    (one,) = run(classify, model, [pair])
    with torch.inference_mode():
        logits = model.model(**model.tokenizer("The fox jumps.", "yes no", return_tensors="pt")).logits[0]
    assert [label.logprob for label in one.scored] == pytest.approx(torch.log_softmax(logits, -1).tolist(), abs=1e-5)


def test_choices_narrow_the_labels() -> None:
    model = loaded("bert_classifier")
    whole, narrow, wrong = run(
        classify, model, [ask("yes"), ask("yes", choices=("Neutral", "NEGATIVE")), ask("yes", choices=("positiv",))]
    )
    chances = {label.text: label.logprob for label in whole.scored}
    best = max(("Neutral", "NEGATIVE"), key=lambda name: chances[name.lower()])
    assert narrow.text == best
    assert [label.text for label in narrow.scored] == ["Neutral", "NEGATIVE"]
    assert isinstance(wrong, Failure)
    assert "positive" in wrong.fix


def test_a_text_beyond_the_model_fails_alone() -> None:
    failed, fine = run(classify, loaded("bert_classifier"), [ask("yes no " * 400), ask("yes")])
    assert isinstance(failed, Failure)
    assert "512" in failed.what
    assert isinstance(fine, Completion)


def test_close_sentences_have_close_vectors() -> None:
    """all-MiniLM-L6-v2: the pairs and numbers of its known results."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from weighbridge.models.local.torch.load import load

    sentences = [
        "A man is eating food.",
        "A man is eating a piece of bread.",
        "The girl is carrying a baby.",
        "x " * 600,
    ]
    vectors = embed(load(minilm(), threads=1), sentences, Limits(rows=3))
    close, far = (math.fsum(a * b for a, b in zip(vectors[0], vectors[n], strict=True)) for n in (1, 2))
    assert 0.6 < close < 0.85
    assert far < 0.2
    tokenizer, model = AutoTokenizer.from_pretrained(minilm()), AutoModel.from_pretrained(minilm()).eval()
    for sentence, vector in zip(sentences, vectors, strict=True):
        inputs = tokenizer(sentence, return_tensors="pt", truncation=True, max_length=256)
        with torch.inference_mode():
            states = model(**inputs).last_hidden_state[0]
        mean = states.mean(0)
        assert vector == pytest.approx((mean / mean.norm()).tolist(), abs=1e-5)
        assert math.fsum(x * x for x in vector) == pytest.approx(1, abs=1e-5)


def _folder(at: Path, pooling: dict, *more: str) -> Path:
    shutil.copytree(tiny("bert_encoder"), at)
    types = ["Transformer", "Pooling", *more]
    modules = [
        {
            "idx": n,
            "name": str(n),
            "path": "" if n == 0 else f"{n}_{kind}",
            "type": f"sentence_transformers.models.{kind}",
        }
        for n, kind in enumerate(types)
    ]
    (at / "modules.json").write_text(json.dumps(modules))
    (at / "1_Pooling").mkdir()
    (at / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return at


@pytest.mark.parametrize(
    ("pooling", "right"),
    [
        ({"pooling_mode_cls_token": True}, lambda s: s[0]),
        ({"pooling_mode_max_tokens": True}, lambda s: s.amax(0)),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, lambda s: s.sum(0) / len(s) ** 0.5),
        ({"pooling_mode_lasttoken": True}, lambda s: s[-1]),
        ({"pooling_mode": "mean"}, lambda s: s.mean(0)),
        ({"pooling_mode": "cls"}, lambda s: s[0]),
    ],
)
def test_vectors_are_pooled_as_the_folder_says(tmp_path: Path, pooling: dict, right) -> None:
    import torch

    from weighbridge.models.local.torch.load import load

    model = load(_folder(tmp_path / "m", pooling), threads=1)
    for text, vector in zip(TEXTS, embed(model, TEXTS), strict=True):
        with torch.inference_mode():
            states = model.model(**model.tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        assert vector == pytest.approx(right(states).tolist(), abs=1e-5)


def test_weighted_pooling_and_a_dense_layer(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from weighbridge.models.local.torch.load import load

    folder = _folder(tmp_path / "m", {"pooling_mode_weightedmean_tokens": True}, "Dense", "Normalize")
    weight, bias = torch.randn(6, 32), torch.randn(6)
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "config.json").write_text('{"activation_function": "torch.nn.modules.activation.Tanh"}')
    save_file({"linear.weight": weight, "linear.bias": bias}, folder / "2_Dense" / "model.safetensors")
    model = load(folder, threads=1)
    for text, vector in zip(TEXTS, embed(model, TEXTS), strict=True):
        with torch.inference_mode():
            states = model.model(**model.tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        places = torch.arange(1.0, len(states) + 1)
        right = torch.tanh(weight @ ((states * places[:, None]).sum(0) / places.sum()) + bias)
        assert vector == pytest.approx((right / right.norm()).tolist(), abs=1e-5)


def test_unknown_steps_are_told(tmp_path: Path) -> None:
    from weighbridge.models.local.torch.load import load

    model = load(_folder(tmp_path / "a", {"pooling_mode": "mean"}, "LSTM"), threads=1)
    with pytest.raises(UsageError, match="LSTM"):
        embed(model, ["yes"])
    model = load(_folder(tmp_path / "b", {"pooling_mode": "meen"}), threads=1)
    with pytest.raises(UsageError, match="meen"):
        embed(model, ["yes"])


def test_no_texts_have_no_vectors() -> None:
    assert embed(loaded("bert_encoder"), []) == []


def _naive(model, head: list[int], middle: list[int], tail: list[int]) -> float:
    import torch

    ids = head + middle + tail
    total = 0.0
    for at in range(len(head), len(head) + len(middle)):
        masked = list(ids)
        masked[at] = model.tokenizer.mask_token_id
        with torch.inference_mode():
            logits = model.model(torch.tensor([masked])).logits[0, at]
        total += float(torch.log_softmax(logits.double(), -1)[ids[at]])
    return total


words = st.lists(
    st.sampled_from(["the", "quick", "fox", "yes", "no", "Lily", "question", "Paris"]), min_size=1, max_size=6
)


@settings(max_examples=15, deadline=None)
@given(words, words, words)
def test_given_texts_have_their_pseudo_log_likelihood(prompt: list[str], first: list[str], second: list[str]) -> None:
    model = loaded("bert_masked")
    given_texts = (" ".join(first), " ".join(second))
    (after,) = run(fill, model, [ask(" ".join(prompt), continuations=given_texts)], Limits(rows=3))
    (inside,) = run(fill, model, [ask(" ".join(prompt) + " [MASK] end", continuations=given_texts)])

    def bare(text: str) -> list[int]:
        return model.tokenizer(text, add_special_tokens=False).input_ids

    start = [model.tokenizer.cls_token_id, *bare(" ".join(prompt))]
    end = [model.tokenizer.sep_token_id]
    further = bare("end") + end
    for at, text in enumerate(given_texts):
        assert after.scored[at].logprob == pytest.approx(_naive(model, start, bare(text), end), abs=1e-4)
        assert inside.scored[at].logprob == pytest.approx(_naive(model, start, bare(text), further), abs=1e-4)
        assert after.scored[at].tokens == len(bare(text))
    assert after.text == max(after.scored, key=lambda one: one.logprob).text


def test_a_gap_is_filled_with_the_likeliest_word() -> None:
    import torch

    model = loaded("bert_masked")
    one, two, none, chosen = run(
        fill,
        model,
        [
            ask("the quick [MASK] fox", logprobs=True),
            ask("[MASK] is a [MASK]"),
            ask("no gap"),
            ask("the [MASK] fox", choices=("quick", "yes no")),
        ],
    )
    inputs = model.tokenizer("the quick [MASK] fox", return_tensors="pt")
    at = inputs["input_ids"][0].tolist().index(model.tokenizer.mask_token_id)
    with torch.inference_mode():
        logits = model.model(**inputs).logits[0, at].clone()
        logits[model.tokenizer.all_special_ids] = float("-inf")
    assert one.text == model.tokenizer.decode([int(logits.argmax())])
    assert one.logprobs[0][0] == one.text
    assert two.usage.output_tokens == 2
    assert two.text
    assert isinstance(none, Failure)
    assert "[MASK]" in none.fix
    assert chosen.text in ("quick", "yes no")
    assert chosen.scored is not None


def test_unconditional_takes_away_what_a_text_is_worth_alone() -> None:
    model = loaded("bert_masked")
    given_texts = ("yes", "no", "the quick fox")
    (plain, alone, less) = run(
        fill,
        model,
        [
            ask("question", continuations=given_texts),
            ask("", continuations=given_texts),
            ask("question", continuations=given_texts, normalise="unconditional"),
        ],
    )
    gain = [a.logprob - b.logprob for a, b in zip(plain.scored, alone.scored, strict=True)]
    assert less.text == given_texts[gain.index(max(gain))]
