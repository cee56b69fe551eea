"""Shapes from what is not a configuration: the catalogue's facts, and the head of a GGUF file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from weighbridge.catalog.models import ModelFacts
from weighbridge.errors import UsageError
from weighbridge.models.local.gguf_header import GgufHead
from weighbridge.sizing.families import together
from weighbridge.sizing.parameters import parameters
from weighbridge.sizing.said import Said
from weighbridge.sizing.shape import Layers, Shape, Stored

_CLOSE = 0.03
"""Share by which a shape's own count may miss a published one; beyond it the published one is taken."""


def read_facts(facts: ModelFacts) -> Shape:
    """From the fact ``architecture``: layers, hidden, heads, kv_heads, head_dim, ffn, vocab, experts, ...; or the
    keys of a config.json (with ``model_type``).

    Raises `UsageError` where the catalogue knows no architecture, or not enough of it.
    """
    fact = facts.facts.get("architecture")
    where = f"the catalogue's facts on {facts.name}"
    if fact is None or not isinstance(fact.value, dict):
        raise UsageError(
            f"the architecture of {facts.name} is not known",
            where=where,
            fix="closed models cannot be sized; of an open one, name its folder or config.json",
        )
    family = _text(facts, "family")
    if "model_type" in fact.value:  # the keys of a config.json
        from weighbridge.sizing.reading import shape_of_config

        shape = shape_of_config(fact.value, where, facts.name)
    else:
        shape = _plain(Said(_split(fact.value), where, facts.name), family)
    total, active = _number(facts, "params_total"), _number(facts, "params_active")
    counted = parameters(shape)
    stated = None
    if total is not None and abs(counted.total / total - 1) > _CLOSE:
        stated = (round(total), round(active if active is not None else total))
    context = _number(facts, "context")
    return replace(
        shape,
        name=facts.name,
        context=round(context) if context else None,
        stated=stated,
        source="catalogue",
        notes=("published counts are used: the architecture is not known in full",) if stated else (),
    )


def _plain(said: Said, family: str) -> Shape:
    """What the facts tell, norms and biases by the rule of the kin: two norms a layer."""
    hidden, heads = said.count("hidden"), said.count("heads")
    rank, turned = said.natural("mla_kv_lora_rank"), said.natural("mla_rope_dim")
    size = said.maybe("head_dim") or (128 + turned if rank else hidden // heads)
    experts = said.natural("experts")
    window = said.maybe("window", "sliding_window") or _window(family)
    run = Layers(
        count=said.depth("layers"),
        heads=heads,
        kv_heads=said.maybe("kv_heads") or heads,
        head_dim=size,
        value_dim=said.natural("value_dim") or (128 if rank else 0),
        query_rank=said.natural("mla_q_lora_rank"),
        kv_rank=rank,
        rope_dim=turned,
        ffn=said.natural("ffn") if not experts else said.natural("shared_ffn"),
        gated=said.flag("gated_ffn", bool(experts)),
        experts=experts,
        experts_used=_used(said, "top_k", experts),
        expert_ffn=said.natural("expert_ffn"),
        extra=2 * hidden + (hidden * hidden if "Transformer-XL" in family else 0),
    )
    both = said.natural("encoder_layers")
    runs = _windowed(run, family, window)
    learned = "learned positions" in family
    return Shape(
        name=said.name,
        family=family.split(",")[0],
        hidden=hidden,
        vocab=said.count("vocab"),
        layers=together([replace(one, cross=True) for one in runs] if both else runs),
        encoder=(replace(run, count=both),) if both else (),
        tied=said.flag("tied_embeddings", bool(both)),
        writes="encoder-only" not in family,
        extra=hidden + (2048 * hidden if learned and "encoder-only" not in family else 0),
    )


def _used(said: Said, name: str, experts: int) -> int:
    used = said.natural(name)
    if used > experts:
        raise said.damaged(name, f"at most the number of experts, {experts}")
    return used


def _windowed(run: Layers, family: str, window: int | None) -> list[Layers]:
    """The run, some of whose layers keep a window only: ``5:1 local(1024)/global`` or ``alternating``."""
    if window is None:
        return [run]
    ratio = re.search(r"(\d+):1 local", family)
    if ratio:
        whole = run.count // (int(ratio[1]) + 1)
    elif "alternating" in family:
        whole = run.count // 2
    else:
        whole = 0
    runs = [replace(run, count=run.count - whole, window=window)]
    return [*runs, replace(run, count=whole)] if whole else runs


def _window(family: str) -> int | None:
    found = re.search(r"(?:sliding |alternating )?window (\d+)|local\((\d+)\)", family)
    if found:
        return int(found[1] or found[2])
    return 4096 if "alternating local/global" in family else None


def _split(value: dict[str, Any]) -> dict[str, Any]:
    """Facts with texts such as ``24+24`` layers and ``256 routed top-8 + 1 shared`` experts taken apart."""
    parts = dict(value)
    layers = parts.get("layers")
    if isinstance(layers, str) and re.fullmatch(r"\d+\+\d+", layers):
        first, second = layers.split("+")
        parts["encoder_layers"], parts["layers"] = int(first), int(second)
    experts = parts.get("experts")
    if isinstance(experts, str):
        found = re.search(r"(\d+) routed top-(\d+)(?: \+ (\d+) shared)?", experts)
        parts.pop("experts")
        if found:
            parts["experts"], parts["top_k"] = int(found[1]), int(found[2])
    return parts


def _text(facts: ModelFacts, name: str) -> str:
    fact = facts.facts.get(name)
    return str(fact.value) if fact is not None else ""


def _number(facts: ModelFacts, name: str) -> float | None:
    fact = facts.facts.get(name)
    if fact is None or isinstance(fact.value, bool) or not isinstance(fact.value, int | float):
        return None
    return float(fact.value)


def read_gguf(head: GgufHead, path: Path) -> Shape:
    """From the head of a GGUF file: sizes from its metadata, counts and bytes from its tensors."""
    kind = head.architecture
    plain = {name.removeprefix(f"{kind}."): value for name, value in head.values.items()}
    said = Said({name: _one(value) for name, value in plain.items()}, str(path), path.stem)
    hidden, heads = said.count("embedding_length"), said.count("attention.head_count")
    words = head.values.get("tokenizer.ggml.tokens")
    experts = said.natural("expert_count")
    rank = said.natural("attention.kv_lora_rank")
    size = said.maybe("attention.key_length") or hidden // heads
    run = Layers(
        count=said.depth("block_count"),
        heads=heads,
        kv_heads=said.maybe("attention.head_count_kv") or heads,
        head_dim=size,
        value_dim=said.natural("attention.value_length"),
        query_rank=said.natural("attention.q_lora_rank"),
        kv_rank=rank,
        rope_dim=said.natural("rope.dimension_count") if rank else 0,
        window=said.maybe("attention.sliding_window"),
        ffn=said.natural("feed_forward_length") if not experts else said.natural("expert_shared_feed_forward_length"),
        experts=experts,
        experts_used=_used(said, "expert_used_count", experts),
        expert_ffn=said.natural("expert_feed_forward_length", said.natural("feed_forward_length")) if experts else 0,
        extra=2 * hidden,
    )
    vocab = said.maybe("vocab_size") or (len(words) if isinstance(words, list) else 0)
    shape = Shape(
        name=str(head.values.get("general.name") or path.stem),
        family=kind,
        hidden=hidden,
        vocab=vocab or 1,
        layers=(run,),
        tied=True,
        writes=not kind.startswith(("bert", "nomic-bert")),
        extra=hidden,
        context=said.maybe("context_length"),
        stored=Stored(head.numbers, head.length),
        source=str(path),
    )
    idle = parameters(shape)
    return replace(shape, stated=(head.numbers, head.numbers - (idle.total - idle.active)))


def _one(value: object) -> object:
    """The largest where each layer has its own."""
    if isinstance(value, list) and value and all(isinstance(one, int) for one in value):
        return max(value)
    return value
