"""Models of transformers as functions of tensors alone, ready to be exported: caches in and out, few logits.

One graph serves the prompt and every later token (the cache may be empty), and the head is applied only at the
positions asked for: a vocabulary is often larger than all layers together.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from weighbridge.models.local.onnx.runner import names
from weighbridge.models.local.torch.encode_pooling import Pooling


@dataclass(frozen=True, slots=True)
class Traced:
    """One graph to be: a ``torch.nn.Module``, example inputs, names, and the free axes of each input."""

    module: Any
    example: tuple[Any, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    axes: tuple[Any, ...]
    """As `example` is nested: {axis: name} for each tensor."""


@contextlib.contextmanager
def picking(model: Any) -> Iterator[list[Any]]:
    """While it lasts, the model's head works on the rows of hidden states that the yielded list names.

    Whatever the model does to logits afterwards (soft caps, scales) is done to those rows: logits come as
    ``[1, rows, vocabulary]``.
    """
    import torch

    head = model.get_output_embeddings()
    wanted: list[Any] = []

    class Picked(torch.nn.Module):  # type: ignore[misc]  # torch's types are skipped
        def __init__(self) -> None:
            super().__init__()
            self.head = head

        def forward(self, hidden: Any) -> Any:
            return self.head(hidden.reshape(-1, hidden.shape[-1]).index_select(0, wanted[0]).unsqueeze(0))

    owner, name = _owner(model, head)
    setattr(owner, name, Picked())
    try:
        yield wanted
    finally:
        setattr(owner, name, head)


def _owner(model: Any, part: Any) -> tuple[Any, str]:
    for module in model.modules():
        for name, child in module.named_children():
            if child is part:
                return module, name
    raise LookupError("the model's output head is not one of its parts")


def cache_shapes(model: Any) -> list[tuple[int, int]]:
    """(heads, size) of each tensor of a decoder's cache."""
    import torch

    with torch.no_grad():
        out = model(input_ids=torch.ones(1, 2, dtype=torch.long), use_cache=True)
    return [
        (int(part.shape[1]), int(part.shape[3]))
        for layer in out.past_key_values.layers
        for part in (layer.keys, layer.values)
    ]


def causal(model: Any, shapes: Sequence[tuple[int, int]], wanted: list[Any]) -> Traced:
    """A decoder. Empty `shapes` make a graph without a cache."""
    import inspect

    import torch
    from transformers import DynamicCache

    takes_positions = "position_ids" in inspect.signature(model.forward).parameters

    class Decoder(torch.nn.Module):  # type: ignore[misc]  # torch's types are skipped
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, position_ids: Any, rows: Any, past: Any) -> Any:
            wanted[:] = [rows]
            more = {"position_ids": position_ids} if takes_positions else {}
            if not past:
                out = self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False, **more)
                return out.logits[0]
            # Layers without a window of their own: masks keep the window, and a cropped cache would hide its start.
            cache = _filled(DynamicCache(), past)
            out = self.model(
                input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True, **more
            )
            return out.logits[0], *_tensors(out.past_key_values)

    batch, length, before = 2, 3, 5 if shapes else 0
    ids = torch.randint(5, 50, (batch, length))
    mask = torch.ones(batch, before + length, dtype=torch.long)
    positions = torch.arange(before, before + length)[None].repeat(batch, 1)
    past = [torch.randn(batch, heads, before, size) for heads, size in shapes]
    whole = "reached" if shapes else "length"
    return Traced(
        Decoder().eval(),
        (ids, mask, positions, torch.tensor([1, 2, 5, 4]), past),
        ("input_ids", "attention_mask", "position_ids", "rows", *names(len(shapes), "past")),
        ("logits", *names(len(shapes), "present")),
        (
            {0: "batch", 1: "length"},
            {0: "batch", 1: whole},
            {0: "batch", 1: "length"},
            {0: "count"},
            [{0: "batch", 2: "past"} for _ in shapes],
        ),
    )


def encoder_of(model: Any) -> Traced:
    """The encoder of a model with a decoder, up to the keys and values that the decoder's layers look up."""
    import torch
    from transformers import DynamicCache, EncoderDecoderCache

    class Encoder(torch.nn.Module):  # type: ignore[misc]  # torch's types are skipped
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            hidden = self.model.get_encoder()(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            # One step of the decoder fills the looked-up cache; all else of it is cut away, for nothing reads it.
            cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
            self.model.get_decoder()(
                input_ids=torch.zeros_like(input_ids[:, :1]),
                encoder_hidden_states=hidden,
                encoder_attention_mask=attention_mask,
                past_key_values=cache,
                use_cache=True,
            )
            return tuple(_tensors(cache.cross_attention_cache))

    ids = torch.randint(5, 50, (2, 7))
    count = len(Encoder()(ids, torch.ones_like(ids)))
    free = {0: "batch", 1: "source"}
    return Traced(
        Encoder().eval(),
        (ids, torch.ones_like(ids)),
        ("input_ids", "attention_mask"),
        tuple(names(count, "cross")),
        (free, free),
    )


def decoder_of(model: Any, cross: Sequence[Any], shapes: Sequence[tuple[int, int]], wanted: list[Any]) -> Traced:
    """The decoder of a model with an encoder; `cross` is what the encoder gave for an example (two rows)."""
    import torch
    from transformers import DynamicCache, EncoderDecoderCache

    width = int(model.config.d_model)

    class Decoder(torch.nn.Module):  # type: ignore[misc]  # torch's types are skipped
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, source_mask: Any, rows: Any, given: Any, past: Any) -> Any:
            wanted[:] = [rows]
            looked = _filled(DynamicCache(), given)
            cache = EncoderDecoderCache(_filled(DynamicCache(), past), looked)
            for layer in range(len(given) // 2):
                cache.is_updated[layer] = True
            # Their keys and values are in the cache; of the hidden states only the shape is asked.
            hidden = torch.zeros(input_ids.shape[0], source_mask.shape[1], width)
            out = self.model(
                encoder_outputs=(hidden,),
                attention_mask=source_mask,
                decoder_input_ids=input_ids,
                past_key_values=cache,
                use_cache=True,
            )
            return out.logits[0], *_tensors(out.past_key_values.self_attention_cache)

    batch, length, before, source = 2, 3, 5, int(cross[0].shape[2])
    ids = torch.randint(5, 50, (batch, length))
    past = [torch.randn(batch, heads, before, size) for heads, size in shapes]
    return Traced(
        Decoder().eval(),
        (ids, torch.ones(batch, source, dtype=torch.long), torch.tensor([1, 2, 5, 4]), list(cross), past),
        (
            *("input_ids", "source_mask", "rows"),
            *names(len(cross), "cross"),
            *names(len(shapes), "past"),
        ),
        ("logits", *names(len(shapes), "present")),
        (
            {0: "batch", 1: "length"},
            {0: "batch", 1: "source"},
            {0: "count"},
            [{0: "batch", 2: "source"} for _ in cross],
            [{0: "batch", 2: "past"} for _ in shapes],
        ),
    )


def encoder_only(model: Any, kind: str, wanted: list[Any], pooling: Pooling | None = None) -> Traced:
    """A BERT-like model: class scores, logits at masked places, or texts' vectors as `pooling` makes them."""
    import inspect

    import torch

    typed = "token_type_ids" in inspect.signature(model.forward).parameters

    class Reader(torch.nn.Module):  # type: ignore[misc]  # torch's types are skipped
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, types: Any, *rows: Any) -> Any:
            wanted[:] = rows
            more = {"token_type_ids": types} if typed else {}
            out = self.model(input_ids=input_ids, attention_mask=attention_mask, **more)
            if kind == "classifier":
                return out.logits
            if pooling is not None:
                return pooling.pooled(out.last_hidden_state, attention_mask)
            return out.logits[0]

    ids = torch.randint(5, 50, (2, 7))
    free = {0: "batch", 1: "length"}
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    example = (ids, torch.ones_like(ids), torch.zeros_like(ids))
    if kind != "masked":
        outputs = ("vectors",) if kind == "encoder" else ("logits",)
        return Traced(Reader().eval(), example, inputs, outputs, (free, free, free))
    places = torch.tensor([1, 2, 5, 4])
    return Traced(
        Reader().eval(), (*example, places), (*inputs, "rows"), ("logits",), (free, free, free, ({0: "count"},))
    )


@contextlib.contextmanager
def exact_alibi() -> Iterator[None]:
    """Falcon multiplies its slopes in bfloat16, which onnxruntime has no kernel for on a CPU.

    The product of two bfloat16 numbers rounded to bfloat16 is the float32 product so rounded: 8 bits times 8 bits
    fit into float32's 24.
    """
    import torch
    from transformers.models.falcon import modeling_falcon

    def build(attention_mask: Any, num_heads: int, dtype: Any) -> Any:
        closest = 2 ** math.floor(math.log2(num_heads))
        slopes = torch.pow(
            torch.tensor(2 ** (-(2 ** -(math.log2(closest) - 3))), dtype=torch.float32), torch.arange(1, 1 + closest)
        )
        if closest != num_heads:
            extra = torch.tensor(2 ** (-(2 ** -(math.log2(2 * closest) - 3))), dtype=torch.float32)
            left = min(closest, num_heads - closest)
            slopes = torch.cat([slopes, torch.pow(extra, torch.arange(1, 1 + 2 * left, 2))])
        places = ((attention_mask.cumsum(dim=-1) - 1) * attention_mask)[:, None, :]
        product = slopes.bfloat16().float()[..., None] * places.to(torch.bfloat16).float()
        shape = (attention_mask.shape[0] * num_heads, 1, attention_mask.shape[1])
        return product.to(torch.bfloat16).to(dtype).reshape(shape)

    before = modeling_falcon.build_alibi_tensor
    modeling_falcon.build_alibi_tensor = build
    try:
        yield
    finally:
        modeling_falcon.build_alibi_tensor = before


def _filled(cache: Any, parts: Sequence[Any]) -> Any:
    for at in range(0, len(parts), 2):
        cache.update(parts[at], parts[at + 1], at // 2)
    return cache


def _tensors(cache: Any) -> list[Any]:
    return [part for layer in cache.layers for part in (layer.keys, layer.values)]
