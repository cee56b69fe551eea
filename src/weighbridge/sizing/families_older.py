"""Decoders that are not of the LLaMA kin, DeepSeek's latent attention, and encoders."""

from __future__ import annotations

from dataclasses import replace

from weighbridge.sizing.families import divided, together
from weighbridge.sizing.said import Said
from weighbridge.sizing.shape import Layers, Shape


def read_gpt2(said: Said) -> Shape:
    """GPT-2: learned positions, biases everywhere."""
    hidden, heads = said.count("n_embd", "hidden_size"), said.count("n_head", "num_attention_heads")
    inner = said.maybe("n_inner") or 4 * hidden
    run = Layers(
        count=said.depth("n_layer", "num_hidden_layers"),
        heads=heads,
        kv_heads=1 if said.family == "gpt_bigcode" and said.flag("multi_query", True) else heads,
        head_dim=divided(said, hidden, heads),
        ffn=inner,
        gated=False,
    )
    places = said.count("n_positions", "max_position_embeddings")
    wide = hidden + 2 * run.kv_heads * run.head_dim
    run = replace(run, extra=wide + hidden + inner + hidden + 4 * hidden)
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=said.count("vocab_size"),
        layers=(run,),
        tied=said.flag("tie_word_embeddings", True),
        extra=places * hidden + 2 * hidden,
        context=places,
    )


def read_gptj(said: Said) -> Shape:
    """GPT-J: one norm a layer, no biases in attention, one on the output matrix."""
    hidden, heads = said.count("n_embd", "hidden_size"), said.count("n_head", "num_attention_heads")
    inner, vocab = said.maybe("n_inner") or 4 * hidden, said.count("vocab_size")
    run = Layers(
        count=said.depth("n_layer", "num_hidden_layers"),
        heads=heads,
        kv_heads=heads,
        head_dim=divided(said, hidden, heads),
        ffn=inner,
        gated=False,
        extra=inner + hidden + 2 * hidden,
    )
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=vocab,
        layers=(run,),
        tied=said.flag("tie_word_embeddings", False),
        extra=2 * hidden + vocab,
        context=said.maybe("n_positions", "max_position_embeddings"),
    )


def read_neox(said: Said) -> Shape:
    """GPT-NeoX, Pythia: biases in attention where the configuration does not forbid them."""
    hidden, heads = said.count("hidden_size"), said.count("num_attention_heads")
    inner = said.count("intermediate_size")
    biases = 4 * hidden if said.flag("attention_bias", True) else 0
    run = Layers(
        count=said.depth("num_hidden_layers"),
        heads=heads,
        kv_heads=heads,
        head_dim=divided(said, hidden, heads),
        ffn=inner,
        gated=False,
        extra=biases + inner + hidden + 4 * hidden,
    )
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=said.count("vocab_size"),
        layers=(run,),
        tied=said.flag("tie_word_embeddings", False),
        extra=2 * hidden,
        context=said.maybe("max_position_embeddings"),
    )


def read_bloom(said: Said) -> Shape:
    """BLOOM: positions by slopes, a norm on the embedding."""
    hidden, heads = said.count("hidden_size", "n_embed"), said.count("n_head", "num_attention_heads")
    run = Layers(
        count=said.depth("n_layer", "num_hidden_layers"),
        heads=heads,
        kv_heads=heads,
        head_dim=divided(said, hidden, heads),
        ffn=4 * hidden,
        gated=False,
        extra=4 * hidden + 5 * hidden + 4 * hidden,
    )
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=said.count("vocab_size"),
        layers=(run,),
        tied=said.flag("tie_word_embeddings", True),
        extra=4 * hidden,
        context=said.maybe("seq_length"),
    )


def read_falcon(said: Said) -> Shape:
    """Falcon: one key and value for all heads (7B), groups of them (40B, 180B), or each its own (RW)."""
    hidden, heads = said.count("hidden_size"), said.count("num_attention_heads", "n_head")
    newer = said.flag("new_decoder_architecture", False)
    shared = said.flag("multi_query", True)
    kept = (said.maybe("num_kv_heads", "n_head_kv") or heads) if newer else (1 if shared else heads)
    size, inner = divided(said, hidden, heads), said.maybe("ffn_hidden_size") or 4 * hidden
    two = newer and said.natural("num_ln_in_parallel_attn", 2) == 2
    norms = 2 if two or not (newer or said.flag("parallel_attn", True)) else 1
    biases = 0
    if said.flag("bias", False):
        biases = (heads + 2 * kept) * size + hidden + inner + hidden
    run = Layers(
        count=said.depth("num_hidden_layers", "n_layer"),
        heads=heads,
        kv_heads=kept,
        head_dim=size,
        ffn=inner,
        gated=False,
        extra=norms * 2 * hidden + biases,
    )
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=said.count("vocab_size"),
        layers=(run,),
        tied=said.flag("tie_word_embeddings", True),
        extra=2 * hidden,
        context=said.maybe("max_position_embeddings"),
    )


def read_opt(said: Said) -> Shape:
    """OPT: learned positions with two spare rows, biases everywhere."""
    hidden, heads = said.count("hidden_size"), said.count("num_attention_heads")
    inner, narrow = said.count("ffn_dim"), said.maybe("word_embed_proj_dim")
    places = said.count("max_position_embeddings")
    biased, weighted = said.flag("enable_bias", True), said.flag("layer_norm_elementwise_affine", True)
    run = Layers(
        count=said.depth("num_hidden_layers"),
        heads=heads,
        kv_heads=heads,
        head_dim=divided(said, hidden, heads),
        ffn=inner,
        gated=False,
        extra=(4 * hidden + inner + hidden if biased else 0) + (4 * hidden if weighted else 0),
    )
    vocab = said.count("vocab_size")
    extra = (places + 2) * hidden
    if weighted and said.flag("do_layer_norm_before", True) and not said.flag("_remove_final_layer_norm", False):
        extra += 2 * hidden
    if narrow is not None and narrow != hidden:
        extra += 2 * narrow * hidden - vocab * (hidden - narrow)
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=vocab,
        layers=(run,),
        tied=said.flag("tie_word_embeddings", True),
        extra=extra,
        context=places,
    )


def read_deepseek(said: Said) -> Shape:
    """DeepSeek V2, V3 and R1, Kimi K2, GLM-5: latent attention, one or more shared experts beside the routed ones.

    DeepSeek V3.2 and GLM-5 choose the tokens they attend to by an index, which keeps a key of each token as well.
    """
    hidden, heads = said.count("hidden_size"), said.count("num_attention_heads")
    turned, plain = said.count("qk_rope_head_dim"), said.count("qk_nope_head_dim")
    query, kept = said.maybe("q_lora_rank") or 0, said.count("kv_lora_rank")
    biases = query + kept + turned + hidden if said.flag("attention_bias", False) else 0
    index = said.maybe("index_head_dim")
    chosen = 0
    if index is not None:
        lookers = said.count("index_n_heads")
        chosen = query * lookers * index + hidden * index + 2 * index + hidden * lookers
    base = Layers(
        count=1,
        heads=heads,
        kv_heads=heads,
        head_dim=plain + turned,
        value_dim=said.count("v_head_dim"),
        query_rank=query,
        kv_rank=kept,
        rope_dim=turned,
        index_dim=index or 0,
        extra=2 * hidden + query + kept + biases + chosen,
    )
    depth, first = said.depth("num_hidden_layers"), said.natural("first_k_dense_replace")
    step, experts = said.natural("moe_layer_freq", 1) or 1, said.maybe("n_routed_experts")
    dense = replace(base, ffn=said.count("intermediate_size"))
    runs = []
    for place in range(depth):
        if experts is None or place < first or place % step:
            runs.append(dense)
            continue
        inner, used = said.count("moe_intermediate_size"), said.count("num_experts_per_tok")
        if used > experts:
            raise said.damaged("num_experts_per_tok", f"at most the number of experts, {experts}")
        shared = said.natural("n_shared_experts", 1 if said.family == "deepseek_v3" else 0)
        runs.append(replace(base, experts=experts, experts_used=used, expert_ffn=inner, ffn=shared * inner))
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=said.count("vocab_size"),
        layers=together(runs),
        tied=said.flag("tie_word_embeddings", False),
        extra=hidden,
        context=said.maybe("max_position_embeddings"),
    )


def read_t5(said: Said) -> Shape:
    """T5 and flan-T5: an encoder and a decoder that attends to it; positions by buckets in each first layer."""
    hidden, heads = said.count("d_model"), said.count("num_heads")
    size, inner = said.count("d_kv"), said.count("d_ff")
    gated = said.text("feed_forward_proj").startswith("gated")
    depth = said.depth("num_layers")
    buckets = said.maybe("relative_attention_num_buckets") or 32
    run = Layers(depth, heads, heads, size, ffn=inner, gated=gated, extra=2 * hidden)
    written = replace(run, count=said.maybe("num_decoder_layers") or depth, cross=True, extra=3 * hidden)
    alone = any("EncoderModel" in str(one) for one in said.list_of("architectures"))
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=said.count("vocab_size"),
        layers=(run,) if alone else (written,),
        encoder=() if alone else (run,),
        tied=said.flag("tie_word_embeddings", True),
        writes=not alone,
        extra=(buckets * heads + hidden) * (1 if alone else 2),
        context=said.maybe("n_positions"),
    )


def read_bert(said: Said) -> Shape:
    """BERT and RoBERTa, with the head that the configuration's class names."""
    hidden, heads = said.count("hidden_size"), said.count("num_attention_heads")
    inner, vocab = said.count("intermediate_size"), said.count("vocab_size")
    places = said.count("max_position_embeddings")
    run = Layers(
        count=said.depth("num_hidden_layers"),
        heads=heads,
        kv_heads=heads,
        head_dim=divided(said, hidden, heads),
        ffn=inner,
        gated=False,
        extra=4 * hidden + inner + hidden + 4 * hidden,
    )
    extra = (places + said.natural("type_vocab_size", 2)) * hidden + 2 * hidden
    classes = " ".join(str(one) for one in said.list_of("architectures"))
    labels = said.values.get("id2label")
    choices = said.maybe("num_labels") or (len(labels) if isinstance(labels, dict) else 2)
    pooler = hidden * hidden + hidden
    if "MaskedLM" in classes or "PreTraining" in classes:
        extra += hidden * hidden + hidden + 2 * hidden + vocab
        extra += pooler + 2 * hidden + 2 if "PreTraining" in classes else 0
    elif "SequenceClassification" in classes:
        extra += pooler + choices * (hidden + 1)
    elif "TokenClassification" in classes or "QuestionAnswering" in classes:
        extra += choices * (hidden + 1)
    else:
        extra += pooler
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=vocab,
        layers=(run,),
        tied=True,
        writes=False,
        extra=extra,
        context=places,
    )
