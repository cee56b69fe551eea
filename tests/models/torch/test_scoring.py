"""Log-probabilities on every architecture: as transformers gives them naively, and as lm-evaluation-harness does."""

from __future__ import annotations

import importlib.util
import random
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import open_models
from weighbridge.evidence import Scored
from weighbridge.models.local.torch.load import load
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.scoring import Scorer

pytestmark = [pytest.mark.torch, open_models.needs_torch]
needs_lm_eval = pytest.mark.skipif(importlib.util.find_spec("lm_eval") is None, reason="lm_eval is not installed")

METHODS = dict.fromkeys(open_models.CAUSAL, "packed") | {
    "bloom": "cached prefix (ALiBi takes positions from the mask, so rows cannot be packed)",
    "falcon_alibi": "cached prefix (ALiBi takes positions from the mask, so rows cannot be packed)",
    "t5": "encode once",
    "flan_t5": "encode once",
}
SHOTS = "Question: what is the capital of France? Answer: Paris. " * 8
"""About 200 tokens: longer than the tests' windows, and worth a stem of its own."""
CONTEXTS = ["", "Once upon a time", "The quick brown fox jumps over the lazy dog. " * 3, SHOTS, "Wo ist die Straße?"]
ENDS = [" loved to play outside", " loved to play", " A", " B", " yes", "", "é☃", " the sunshine." * 6, "."]


@cache
def loaded(name: str) -> Loaded:
    return load(open_models.tiny(name), threads=1)


@cache
def scorer(name: str) -> Scorer:
    return Scorer(loaded(name))


def naive(model: Loaded, context: str, continuation: str) -> Scored:
    """One forward pass of the model itself over one sequence, tokenised by lm-eval's rules written out once more."""
    import torch

    stripped = context.rstrip()
    continuation = context[len(stripped) :] + continuation

    def ids(text: str, special: bool) -> list[int]:
        return model.tokenizer.encode(text, add_special_tokens=special)

    first = model.tokenizer.bos_token_id
    with torch.inference_mode():
        if model.kind == "seq2seq":
            source = ids(stripped, True) if stripped else [first]
            target = ids(continuation, False)
            if not target:
                return Scored(continuation, 0.0, 0, True)
            logits = model.model(input_ids=torch.tensor([source]), labels=torch.tensor([target])).logits[0]
        else:
            head = ids(stripped, True) if stripped else [first]
            target = ids(stripped + continuation, True)[len(head) :] if stripped else ids(continuation, False)
            if not target:
                return Scored(continuation, 0.0, 0, True)
            logits = model.model(input_ids=torch.tensor([head + target])).logits[0, len(head) - 1 : -1]
    logprobs = logits.double().log_softmax(-1)
    total = float(sum(logprobs[place, token] for place, token in enumerate(target)))
    return Scored(continuation, total, len(target), logits.argmax(-1).tolist() == target)


def agree(found: list[Scored], expected: list[Scored]) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.logprob == pytest.approx(theirs.logprob, abs=1e-4), theirs.text
        assert (ours.tokens, ours.greedy) == (theirs.tokens, theirs.greedy)


@pytest.mark.parametrize("name", METHODS)
def test_an_architecture_is_scored_by_the_method_that_fits_it(name: str) -> None:
    assert scorer(name).method == METHODS[name]


words = st.sampled_from(["the", " fox", " Lily", " yes", "Paris", ".", " 7", "ß", "☃", " ", "\n", "question"])
texts = st.lists(words, max_size=8).map("".join)
contexts = st.lists(words, min_size=1, max_size=8).map("".join).filter(str.strip)


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.sampled_from([SHOTS, CONTEXTS[2], ""]), contexts, st.lists(texts, max_size=3)), max_size=4)
)
def test_any_texts_are_scored_as_naively(name: str, items: list[tuple[str, str, list[str]]]) -> None:
    pairs = [(before + context, end) for before, context, ends in items for end in ends]
    # Where a continuation melts into the context's last token there is nothing that naive scoring could compare.
    pairs = [pair for pair in pairs if not (pair[1] and not naive(loaded(name), *pair).tokens)]
    agree(scorer(name).score(pairs), [naive(loaded(name), *pair) for pair in pairs])


@pytest.mark.parametrize("name", METHODS)
def test_items_that_share_a_prefix_are_scored_as_naively_again_and_again(name: str) -> None:
    rng = random.Random(5)
    ours = Scorer(loaded(name))
    asked = [
        " ".join(rng.choices(["who", "what", "fox", "dog", "Lily", "yes", "no", "question", "time", "girl"], k=12))
        for _ in range(12)
    ]
    for part in (asked[:6], asked[6:9], asked[9:]):
        pairs = [(SHOTS + question + "?", end) for question in part for end in ENDS]
        agree(ours.score(pairs), [naive(loaded(name), *pair) for pair in pairs])
    shelf = getattr(ours._method, "_shelf", None)
    assert (shelf is None) == (METHODS[name] == "encode once")
    assert shelf is None or len(shelf.tokens()[0]) > 100


@needs_lm_eval
@pytest.mark.parametrize("name", METHODS)
def test_an_architecture_is_scored_as_lm_eval_scores_it(name: str) -> None:
    pairs = [(context, end) for context in CONTEXTS for end in ENDS if end]
    # Longer than the 512 positions that most of these models have: tokens go from the left.
    pairs += [(SHOTS * 4, " A"), (SHOTS * 4 + "x", " the sunshine." * 6)]
    ours = scorer(name).score(pairs)
    theirs = lm_eval_scores(loaded(name), pairs)
    for found, (logprob, greedy), pair in zip(ours, theirs, pairs, strict=True):
        assert found.logprob == pytest.approx(logprob, abs=1e-4), pair
        assert found.greedy == greedy
    for at in range(0, len(CONTEXTS) * (len(ENDS) - 1), len(ENDS) - 1):
        mine = [found.logprob for found in ours[at : at + len(ENDS) - 1]]
        other = [logprob for logprob, _ in theirs[at : at + len(ENDS) - 1]]
        assert mine.index(max(mine)) == other.index(max(other))


@needs_lm_eval
@pytest.mark.parametrize("name", METHODS)
def test_whole_texts_are_scored_as_lm_eval_rolls_over_them(name: str) -> None:
    texts = ["Once upon a time.", SHOTS * 4]
    ours = scorer(name).rolling(texts)
    for found, total in zip(ours, lm_eval_rolling(loaded(name), texts), strict=True):
        assert found.logprob == pytest.approx(total, rel=2e-6, abs=1e-4)
    assert ours[1].tokens > 512


def harness(model: Loaded):
    from lm_eval.models.huggingface import HFLM

    backend = "seq2seq" if model.kind == "seq2seq" else "causal"
    return HFLM(pretrained=model.model, tokenizer=model.tokenizer, batch_size=8, backend=backend)


def lm_eval_scores(model: Loaded, pairs: list[tuple[str, str]]) -> list[tuple[float, bool]]:
    from lm_eval.api.instance import Instance

    asked = [Instance("loglikelihood", {}, pair, number) for number, pair in enumerate(pairs)]
    return harness(model).loglikelihood(asked, disable_tqdm=True)


def lm_eval_rolling(model: Loaded, texts: list[str]) -> list[float]:
    from lm_eval.api.instance import Instance

    asked = [Instance("loglikelihood_rolling", {}, (text,), number) for number, text in enumerate(texts)]
    return harness(model).loglikelihood_rolling(asked, disable_tqdm=True)


def test_a_continuation_longer_than_the_window_is_scored_window_by_window() -> None:
    model = loaded("llama")
    (found,) = scorer("llama").score([("Once", " upon a time there was a little girl" * 60)])
    whole = model.tokenizer("Once" + " upon a time there was a little girl" * 60)["input_ids"]
    assert found.tokens == len(whole) - len(model.tokenizer("Once")["input_ids"])
    assert found.tokens > 512
    assert found.logprob < -found.tokens


def test_a_continuation_that_melts_into_the_context_is_scored_where_the_whole_differs() -> None:
    model = loaded("llama")
    context, end = "Once upon a tim", "e"
    assert len(model.tokenizer(context + end)["input_ids"]) <= len(model.tokenizer(context)["input_ids"])
    melted, other = scorer("llama").score([(context, end), (context, " zzz")])
    assert melted.tokens > 0
    assert melted.logprob < 0
    assert other.tokens > 0


def test_special_tokens_of_a_chat_template_are_not_added_again() -> None:
    model = loaded("llama")
    text = model.tokenizer.apply_chat_template(
        [{"role": "user", "content": "yes or no?"}], tokenize=False, add_generation_prompt=True
    )
    (found,) = scorer("llama").score([(text, "yes")], add_special=False)
    assert found.logprob == pytest.approx(naive(model, text, "yes").logprob, abs=1e-4)


def test_equal_pairs_are_computed_once_and_answered_each() -> None:
    pairs = [("Once upon a time", " there")] * 3 + [("Once upon a time", " was")]
    found = scorer("gpt2").score(pairs)
    assert found[0] == found[1] == found[2]
    assert scorer("gpt2").score([]) == []
