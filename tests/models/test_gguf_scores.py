"""llama.cpp against transformers on the same weights: continuations, log-probabilities, templates, embeddings.

The tiny LLaMA and the encoder are written as float32, so that what differs is llama.cpp's half-precision cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gguf_files import bert_as_gguf, llama_as_gguf
from open_models import minilm, needs_torch, smollm2, tiny
from weighbridge.errors import UsageError
from weighbridge.models.likeliest import likeliest
from weighbridge.models.local.gguf_facts import abilities, need_of, pooling
from weighbridge.models.local.gguf_header import GgufHead, read_head
from weighbridge.models.local.gguf_model import GgufModel
from weighbridge.models.local.weights import find_weights
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Embedder, ModelError, Rendering, Request, Sampling, Templated
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")
pytestmark = [pytest.mark.gguf, pytest.mark.torch, needs_torch]

SETTINGS = {"slots": 2, "context": 256, "threads": 1}
PER_TOKEN = 5e-3
"""Most difference of a token's log-probability: keys and values are kept in half precision (measured: 2e-3)."""
CONTINUATIONS = (" Paris", " the lazy dog", "x", " größe 🦜 日本", "\n\nOnce upon a time")


class Reference:
    """The model in transformers, the plain way."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.set_num_threads(1)
        self.torch = torch
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    def rows(self, ids: list[int]) -> np.ndarray:
        with self.torch.no_grad():
            return self.model(self.torch.tensor([ids])).logits[0].log_softmax(-1).numpy()

    def score(self, text: str, continuation: str, first: int | None = None) -> tuple[float, int, bool]:
        """Log-probability, tokens and greediness, as lm-evaluation-harness finds them."""
        bare = text.rstrip()
        before = self.tokenizer(bare)["input_ids"] if bare else [first]
        whole = self.tokenizer(bare + text[len(bare) :] + continuation)["input_ids"]
        whole = whole if bare else [first, *whole]
        values, ids = self.rows(whole)[len(before) - 1 : -1], whole[len(before) :]
        greedy = bool((values.argmax(-1) == np.array(ids)).all())
        return float(values[np.arange(len(ids)), ids].sum()), len(ids), greedy


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference(tiny("llama"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return llama_as_gguf(tiny("llama"), tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture
async def opened(file: Path) -> AsyncIterator[Callable[..., GgufModel]]:
    models: list[GgufModel] = []

    def one(**options: object) -> GgufModel:
        model = open_model(f"gguf:{file}", ModelOptions(**SETTINGS, **options))
        assert isinstance(model, GgufModel)
        models.append(model)
        return model

    yield one
    for model in models:
        await model.close()


def said(text: str, **more: object) -> Request:
    return Request((Message("user", text),), **more)


async def test_continuations_score_as_in_transformers(opened: Callable[..., GgufModel], reference: Reference) -> None:
    model = opened(template="plain")
    assert model.capabilities.scoring
    texts = ["The quick brown fox jumps over", "Question: what is the capital of France? Answer: ", "größe"]
    answers = await asyncio.gather(*(model.complete(said(text, continuations=CONTINUATIONS)) for text in texts))
    for text, answer in zip(texts, answers, strict=True):
        assert answer.scored is not None
        assert answer.prompt == text
        expected = [reference.score(text, one) for one in CONTINUATIONS]
        for one, (logprob, tokens, greedy) in zip(answer.scored, expected, strict=True):
            assert one.tokens == tokens, (text, one.text)
            assert abs(one.logprob - logprob) < PER_TOKEN * tokens, (text, one.text)
            assert one.greedy is greedy
        assert answer.text == CONTINUATIONS[int(np.argmax([value for value, _, _ in expected]))]
        assert answer.usage.duration is not None

    # What the model would write of itself is greedy.
    written = await model.complete(said(texts[0], sampling=Sampling(max_tokens=4)))
    again = await model.complete(said(texts[0], continuations=(written.text, " zebra")))
    assert again.scored is not None
    assert again.scored[0].greedy
    assert not again.scored[1].greedy


async def test_continuations_by_every_normaliser(opened: Callable[..., GgufModel], reference: Reference) -> None:
    model = opened(template="plain")
    for normalise in ("none", "characters", "bytes", "tokens", "unconditional"):
        answer = await model.complete(said("Once upon a", continuations=CONTINUATIONS, normalise=normalise))
        assert answer.scored is not None
        alone = None
        if normalise == "unconditional":
            rows = [reference.score("", one, first=1) for one in CONTINUATIONS]
            alone = [
                type(one)(one.text, logprob, tokens)
                for one, (logprob, tokens, _) in zip(answer.scored, rows, strict=True)
            ]
        assert answer.text == CONTINUATIONS[likeliest(answer.scored, normalise, alone)], normalise
    for wrong in ((), ("a", "")):
        with pytest.raises(ModelError, match="no continuation to score, or an empty one"):
            await model.complete(said("x", continuations=wrong))


async def test_logprobs_are_those_of_the_model_whatever_the_sampling(
    opened: Callable[..., GgufModel], reference: Reference
) -> None:
    model = opened(template="plain")
    text = "Once upon a time there was a little"
    hot = Sampling(max_tokens=12, temperature=1.8, top_p=0.9, seed=11)
    held = said(text, sampling=Sampling(max_tokens=12), choices=("girl", "dog"))
    for request in (said(text, sampling=hot), said(text), held):
        answer = await model.complete(Request(request.messages, request.sampling, request.choices, logprobs=True))
        assert answer.logprobs
        ids = reference.tokenizer(text)["input_ids"]
        for token, value in answer.logprobs:
            row = reference.rows(ids)[-1]
            fitting = [
                number for number in range(len(row)) if reference.tokenizer.decode([number]) == token and token
            ]
            if not fitting:
                break  # a part of a character, or the end of the answer
            near = min(fitting, key=lambda number: abs(float(row[number]) - value))
            assert abs(float(row[near]) - value) < PER_TOKEN
            ids.append(near)
        assert len(ids) > len(reference.tokenizer(text)["input_ids"])


async def test_choices_are_written_in_their_own_tokens(
    opened: Callable[..., GgufModel], reference: Reference
) -> None:
    """A grammar of characters let a model begin ``account`` with ``a``, and be led elsewhere."""
    model = opened(template="plain")
    choices = ("the quick fox", "the lazy dog", "Paris", "0 1 2")
    for text in ("Question: what is the capital of France? Answer:", "The quick brown\n", "größe: "):
        answer = await model.complete(said(text, choices=choices, sampling=Sampling(max_tokens=40), logprobs=True))
        assert answer.text in choices
        before = reference.tokenizer(text)["input_ids"]
        blanks = ("",) if text[-1].isspace() else ("", " ")
        forms = {
            tuple(reference.tokenizer(text + blank + choice)["input_ids"][len(before) :]): choice
            for choice in choices
            for blank in blanks
        }
        written: tuple[int, ...] = ()
        while written not in forms:
            row = reference.rows([*before, *written])[-1]
            following = {form[len(written)] for form in forms if form[: len(written)] == written}
            written = (*written, max(following, key=lambda token: row[token]))
        assert answer.text == forms[written]
        assert answer.logprobs is not None
        pieces = [reference.tokenizer.decode([token]) for token in written]
        assert [token for token, _ in answer.logprobs][: len(pieces)] == pieces
        assert "".join([piece async for piece in model.stream(said(text, choices=choices))]).strip() == answer.text
    # Parts of characters are held by a grammar of characters, as no other can.
    assert (await model.complete(said("Which?", choices=("🦜🦜", "größe")))).text in ("🦜🦜", "größe")


async def test_the_template_is_the_models_own(opened: Callable[..., GgufModel], reference: Reference) -> None:
    model = opened()
    assert isinstance(model, Rendering)
    assert isinstance(model, Templated)
    assert (await model.reading()).template == "chat"
    messages = (Message("system", "Be brief."), Message("user", "Which fox?"))
    expected = reference.tokenizer.apply_chat_template(
        [{"role": one.role, "content": one.content} for one in messages], tokenize=False, add_generation_prompt=True
    )
    assert await model.rendered(Request(messages)) == expected
    answer = await model.complete(Request(messages, continuations=("The fox", "No")))
    assert answer.prompt == expected
    assert answer.scored is not None
    for one in answer.scored:
        logprob, tokens, _ = reference.score(expected, one.text)
        assert abs(one.logprob - logprob) < PER_TOKEN * tokens

    plain = opened(template="plain")
    assert plain.engine != model.engine
    assert (await plain.reading()).template == "plain"
    assert await plain.rendered(Request(messages)) == "Be brief.\n\nWhich fox?"
    schema = '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}'
    held = await plain.complete(said("n is", json_schema=schema, sampling=Sampling(max_tokens=200)))
    assert held.text.lstrip().startswith("{")
    assert (await plain.complete(said("Which?", choices=("a dog", "a fox")))).text in ("a dog", "a fox")


async def test_embeddings_of_a_model_that_writes(opened: Callable[..., GgufModel], reference: Reference) -> None:
    model = opened()
    assert isinstance(model, Embedder)
    assert model.capabilities.embeddings
    texts = ["The quick brown fox", "yes", "Once upon a time there was a girl"]
    found = np.array(await model.embed(texts))
    for text, vector in zip(texts, found, strict=True):
        with reference.torch.no_grad():
            ids = reference.torch.tensor([reference.tokenizer(text)["input_ids"]])
            mean = reference.model.model(ids).last_hidden_state[0].mean(0).numpy()
        assert np.allclose(vector, mean / np.linalg.norm(mean), atol=2e-3)
    assert await model.embed([]) == []
    with pytest.raises(ModelError, match="raise context"):
        await model.embed(["x " * 2000])
    # It still writes, in the engine beside.
    assert (await model.complete(said("Which?", choices=("fox", "dog")))).text in ("fox", "dog")


async def test_an_encoder_embeds_as_in_transformers_and_writes_nothing(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = minilm()
    file = bert_as_gguf(folder, tmp_path / "minilm.gguf")
    model = open_model(f"gguf:{file}", ModelOptions(**SETTINGS))
    try:
        assert model.capabilities.embeddings
        assert not model.capabilities.scoring
        assert not model.capabilities.choices
        texts = ["A cat sat on the mat.", "Straße, naïve café", "Stock markets fell sharply on Monday"]
        found = np.array(await model.embed(texts))
        tokenizer, inner = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
        for text, vector in zip(texts, found, strict=True):
            with torch.no_grad():
                mean = inner(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0).numpy()
            assert np.allclose(vector, mean / np.linalg.norm(mean), atol=1e-3)
        with pytest.raises(ModelError, match="holds an encoder") as caught:
            await model.complete(said("x"))
        assert caught.value.kind == "dead"
    finally:
        await model.close()


@pytest.mark.slow
async def test_real_weights_within_what_quantised_arithmetic_leaves() -> None:
    """Four-bit weights meet eight-bit activations in llama.cpp, and float32 ones in transformers."""
    reference = Reference(smollm2())
    model = open_model("gguf:smollm2", ModelOptions(**SETTINGS, template="plain"))
    texts = [
        ("The capital of France is", (" Paris", " Berlin", " a banana")),
        ("Question: is the sky blue?\nAnswer:", (" yes", " purple")),
        ("def add(a, b):\n    return", (" a + b", " nothing at all")),
    ]
    try:
        for text, continuations in texts:
            answer = await model.complete(said(text, continuations=continuations))
            assert answer.scored is not None
            expected = [reference.score(text, one) for one in continuations]
            for one, (logprob, tokens, _) in zip(answer.scored, expected, strict=True):
                assert one.tokens == tokens
                assert abs(one.logprob - logprob) < 0.5 * tokens
            assert answer.text == continuations[int(np.argmax([value for value, _, _ in expected]))]
    finally:
        await model.close()


def test_what_the_head_tells() -> None:
    head = read_head(find_weights("smollm2", Path.cwd()), "x")
    assert abilities(head).scoring
    assert pooling(head) == "mean"
    need = need_of(head, slots=4, context=1000)
    # 30 layers of 3 heads of 64, keys and values, two bytes each.
    assert need.cache == 30 * 3 * 64 * 2 * 2 * 4000
    assert need.weights > 90_000_000
    base = read_head(find_weights("gemma3", Path.cwd()), "x")
    assert base.template is None
    model = open_model("gguf:gemma3")
    assert model.how.template == "plain"
    assert "no chat template" in model.how.notes[0]
    assert "plain text" in model.engine
    with pytest.raises(UsageError, match="the model has no chat template"):
        open_model("gguf:gemma3", ModelOptions(template="chat"))


@given(
    st.dictionaries(
        st.sampled_from(["block_count", "attention.head_count", "attention.head_count_kv", "embedding_length"]),
        st.integers(0, 10**6) | st.lists(st.integers(0, 64), max_size=4) | st.text(max_size=3),
    ),
    st.integers(1, 64),
    st.integers(1, 10**6),
)
@settings(max_examples=50)
def test_any_head_is_reckoned_with(values: dict[str, object], slots: int, context: int) -> None:
    named = {f"llama.{name}": value for name, value in values.items()}
    need = need_of(GgufHead({"general.architecture": "llama", **named}, 0, 0, 100), slots, context)
    assert need.cache >= 0
    assert need.total >= 100
