"""The self-check: a method that would be wrong is not used, and the reason is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import open_models
from weighbridge.models.local.torch.load import load
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.scoring import Scorer

pytestmark = [pytest.mark.torch, open_models.needs_torch]

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 320}
MODERN = SIZES | {"intermediate_size": 64, "num_key_value_heads": 2, "pad_token_id": 0}
PAIRS = [
    ("Question: what is the capital of France? " * 6 + start, end)
    for start in ("Answer:", "Who?", "The little girl named Lily who loved to play")
    for end in (" Paris", " Paris.", " the fox", " yes", " yes yes yes")
]


def family(name: str) -> Any:
    """A tiny model of an architecture that nobody prepared for here."""
    import transformers as tf

    recipes: dict[str, Callable[[], Any]] = {
        # Multiplies, divides and caps its logits.
        "cohere": lambda: tf.CohereForCausalLM(tf.CohereConfig(**MODERN, logit_scale=0.25)),
        "granite": lambda: tf.GraniteForCausalLM(tf.GraniteConfig(**MODERN, logits_scaling=4.0)),
        "gemma2": lambda: tf.Gemma2ForCausalLM(tf.Gemma2Config(**MODERN, head_dim=8, sliding_window=16)),
        "phi3_window": lambda: tf.Phi3ForCausalLM(tf.Phi3Config(**MODERN, sliding_window=20)),
        "starcoder2": lambda: tf.Starcoder2ForCausalLM(tf.Starcoder2Config(**MODERN, sliding_window=20)),
        "qwen2_window": lambda: tf.Qwen2ForCausalLM(
            tf.Qwen2Config(**MODERN, use_sliding_window=True, sliding_window=12, max_window_layers=1)
        ),
        "olmo2": lambda: tf.Olmo2ForCausalLM(tf.Olmo2Config(**MODERN)),
        "stablelm": lambda: tf.StableLmForCausalLM(tf.StableLmConfig(**MODERN)),
        "smollm3": lambda: tf.SmolLM3ForCausalLM(tf.SmolLM3Config(**MODERN)),
        # Learned positions read off the mask, and ALiBi.
        "opt": lambda: tf.OPTForCausalLM(tf.OPTConfig(**SIZES, ffn_dim=64, word_embed_proj_dim=32, pad_token_id=0)),
        "mpt": lambda: tf.MptForCausalLM(tf.MptConfig(d_model=32, n_heads=4, n_layers=2, vocab_size=320)),
        # A state instead of keys and values: nothing can be packed, nothing cut.
        "mamba": lambda: tf.MambaForCausalLM(tf.MambaConfig(vocab_size=320, hidden_size=32, num_hidden_layers=2)),
        "llama_bias": lambda: tf.LlamaForCausalLM(tf.LlamaConfig(**MODERN, attention_bias=True, mlp_bias=True)),
        "llama_scaled": lambda: tf.LlamaForCausalLM(
            tf.LlamaConfig(
                **MODERN,
                rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0},
            )
        ),
    }
    return recipes[name]()


def held(model: Any, dtype: Any = None) -> Loaded:
    import torch

    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.15)
    model = model.eval().requires_grad_(False).to(dtype or torch.float32)
    tokenizer = load(open_models.tiny("gpt2"), threads=1).tokenizer
    return Loaded(
        model=model,
        tokenizer=tokenizer,
        config=model.config,
        kind="causal",
        architecture=model.config.model_type,
        device=model.device,
        dtype=model.dtype,
        context=None,
        template=None,
    )


def plain(model: Loaded, context: str, end: str) -> float:
    import torch

    head = model.tokenizer(context)["input_ids"]
    target = model.tokenizer(context + end)["input_ids"][len(head) :]
    with torch.inference_mode():
        logits = model.model(input_ids=torch.tensor([head + target])).logits[0, len(head) - 1 : -1]
    logprobs = logits.float().log_softmax(-1)
    return float(sum(logprobs[place, token] for place, token in enumerate(target)))


FOUND = {
    **dict.fromkeys(("cohere", "granite", "gemma2", "phi3_window", "starcoder2", "qwen2_window"), "packed"),
    **dict.fromkeys(("olmo2", "stablelm", "smollm3", "opt", "llama_bias", "llama_scaled"), "packed"),
    "mpt": "cached prefix (ALiBi",
    "mamba": "naive (",
}


@pytest.mark.parametrize("name", FOUND)
def test_an_architecture_nobody_prepared_for_is_scored_right(name: str) -> None:
    model = held(family(name))
    scorer = Scorer(model)
    assert scorer.method.startswith(FOUND[name]), scorer.method
    for found, pair in zip(scorer.score(PAIRS), PAIRS, strict=True):
        assert found.logprob == pytest.approx(plain(model, *pair), abs=1e-4), pair


def test_a_model_whose_layers_do_something_of_their_own_is_not_scored_by_the_lean_pass() -> None:
    model = held(family("llama_scaled"))
    model.model.model.layers[1].mlp.register_forward_hook(lambda module, inputs, output: output * 1.5)
    scorer = Scorer(model)
    assert scorer.method.startswith("packed (packed (lean) differs from naive by ")
    for found, pair in zip(scorer.score(PAIRS), PAIRS, strict=True):
        assert found.logprob == pytest.approx(plain(model, *pair), abs=1e-4)


def test_a_model_that_looks_at_no_mask_is_scored_with_a_cached_prefix_or_naively() -> None:
    model = held(family("llama_scaled"))
    inner = model.model.model
    forward = inner.forward
    # Ignores positions and masks handed to it, as models with code of their own do.
    inner.forward = lambda input_ids=None, past_key_values=None, use_cache=None, **_: forward(
        input_ids=input_ids, past_key_values=past_key_values, use_cache=use_cache
    )
    inner.layers[0].mlp.register_forward_hook(lambda module, inputs, output: output * 0.9)
    scorer = Scorer(model)
    assert scorer.method.startswith("cached prefix (packed (lean) differs from naive by ")
    assert "; packed differs from naive by " in scorer.method
    for found, pair in zip(scorer.score(PAIRS), PAIRS, strict=True):
        assert found.logprob == pytest.approx(plain(model, *pair), abs=1e-4)


def test_a_model_that_fails_in_every_other_way_is_scored_naively_with_the_reasons() -> None:
    model = held(family("olmo2"))
    inner = model.model.model
    forward = inner.forward

    def only_plain(input_ids=None, **more):
        if more.get("attention_mask") is not None or more.get("past_key_values") is not None:
            raise RuntimeError("no masks here\nand a second line")
        return forward(input_ids=input_ids)

    inner.forward = only_plain
    scorer = Scorer(model)
    assert scorer.method == (
        "naive (packed failed: RuntimeError: no masks here; cached prefix failed: RuntimeError: no masks here)"
    )
    assert scorer.score(PAIRS[:1])[0].logprob == pytest.approx(plain(model, *PAIRS[0]), abs=1e-4)


def test_beyond_its_window_a_model_is_tried_again() -> None:
    model = held(family("phi3_window"))
    short = [("Who?", " yes"), ("Who?", " no")]
    scorer = Scorer(model)
    scorer.score(short)
    assert scorer._long is None
    scorer.score(PAIRS)
    assert scorer._long is scorer._method
    # A window that the configuration states wrongly shows only there.
    scorer = Scorer(model)
    scorer._method._window = 3
    scorer.score(short)
    found = scorer.score(PAIRS)
    assert "naive beyond its window of 20: differs by " in scorer.method
    for ours, pair in zip(found, PAIRS, strict=True):
        assert ours.logprob == pytest.approx(plain(model, *pair), abs=1e-4)


@pytest.mark.parametrize("name", ["llama_scaled", "olmo2", "mpt"])
def test_bfloat16_is_scored_near_what_the_model_gives_in_it(name: str) -> None:
    import torch

    model = held(family(name), torch.bfloat16)
    scorer = Scorer(model)
    assert not scorer.method.startswith("naive")
    for found, pair in zip(scorer.score(PAIRS), PAIRS, strict=True):
        assert found.logprob == pytest.approx(plain(model, *pair), rel=0.02, abs=0.05 * found.tokens)


def test_the_fused_weights_are_the_models_own() -> None:
    import torch

    from weighbridge.models.local.torch.lean import lean_weights

    model = held(family("llama_scaled"))
    tokens = torch.arange(12)[None]
    before = model.model(input_ids=tokens).logits
    held_before = {name: value.clone() for name, value in model.model.state_dict().items()}
    lean = lean_weights(model.model)
    assert lean is not None
    layer = model.model.model.layers[0]
    assert layer.self_attn.q_proj.weight.data_ptr() == lean.layers[0].qkv.data_ptr()
    assert torch.equal(before, model.model(input_ids=tokens).logits)
    assert all(torch.equal(value, held_before[name]) for name, value in model.model.state_dict().items())
    again = lean_weights(model.model)
    assert again is not None
    assert again.layers[1].gate_up.data_ptr() == lean.layers[1].gate_up.data_ptr()
    assert lean_weights(held(family("llama_bias")).model) is None


def test_an_encoder_scores_nothing() -> None:
    with pytest.raises(ValueError, match="encoder"):
        Scorer(load(open_models.tiny("bert_encoder"), threads=1))


def test_memory_of_copied_weights_goes_back_and_reads_the_same() -> None:
    import torch

    from weighbridge.models.local.torch.lean import lean_weights
    from weighbridge.models.local.torch.lean.pages import MappedFiles

    model = load(open_models.smollm2(), threads=1).model
    attention = model.model.layers[3].self_attn
    old = attention.q_proj.weight.data
    kept = old.clone()
    lean = lean_weights(model)
    assert lean is not None
    assert old.data_ptr() != attention.q_proj.weight.data_ptr()
    # Whoever still holds the tensor of the file reads it from there again.
    assert torch.equal(old, kept)
    assert torch.equal(lean.layers[3].qkv[: len(kept)], kept)
    own = torch.ones(1 << 16)
    MappedFiles().drop(own.data_ptr(), own.nbytes)
    assert bool((own == 1).all())
