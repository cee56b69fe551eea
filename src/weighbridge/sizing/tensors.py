"""The shape of a model from the names and sizes of its tensors, where its configuration is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from weighbridge.errors import UsageError
from weighbridge.models.local.safetensors_file import read_header
from weighbridge.sizing.parameters import parameters
from weighbridge.sizing.shape import Layers, Shape, Stored

_LAYER = re.compile(r"^(?:model\.)?layers\.(\d+)\.")
_HEAD = (128, 64, 96, 80)
"""Widths of a head to try, most usual first; memory and rates hang on all heads together."""

Sizes = Mapping[str, tuple[int, ...]]


def read_tensors(folder: Path) -> Shape | None:
    """From the heads of the folder's safetensors files; None where it holds none.

    Knows the names of LLaMA and its kin (``layers.0.self_attn.q_proj.weight``, ...), dense ones. Counts and bytes are
    the files' own. Raises `UsageError` for damaged files and for other names.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        return None
    sizes: dict[str, tuple[int, ...]] = {}
    numbers = size = 0
    for file in files:
        head = read_header(file, str(file))
        sizes |= {name: shape for name, (_, shape) in head.tensors.items()}
        numbers, size = numbers + head.numbers, size + head.size
    layers = {int(found[1]) for name in sizes if (found := _LAYER.match(name))}
    first = "model." if any(name.startswith("model.layers.") for name in sizes) else ""
    words = _sized(sizes, f"{first}embed_tokens.weight", folder)
    query, key, value = (
        _sized(sizes, f"{first}layers.0.self_attn.{part}_proj.weight", folder)[0] for part in ("q", "k", "v")
    )
    inner = _sized(sizes, f"{first}layers.0.mlp.up_proj.weight", folder)[0]
    width = next((one for one in _HEAD if query % one == 0 and key % one == 0 and value == key), 1)
    run = Layers(
        count=len(layers),
        heads=query // width,
        kv_heads=key // width,
        head_dim=width,
        ffn=inner,
        gated=f"{first}layers.0.mlp.gate_proj.weight" in sizes,
        extra=2 * words[1],
    )
    shape = Shape(
        name=folder.resolve().name,
        family="llama kin, by its tensors",
        hidden=words[1],
        vocab=words[0],
        layers=(run,),
        tied="lm_head.weight" not in sizes,
        extra=words[1],
        stated=(numbers, numbers),
        stored=Stored(numbers, size),
        source=str(folder),
        notes=("there is no config.json: sizes are from the tensors, and windows are not known",),
    )
    own = parameters(replace(shape, stated=None)).total
    if abs(own / numbers - 1) > _CLOSE:
        raise _other(folder, "its tensors hold more than LLaMA's kin has")
    return shape


_CLOSE = 0.05
"""Share by which the parts known may miss the tensors' own count."""


def _sized(sizes: Sizes, name: str, folder: Path) -> tuple[int, ...]:
    found = sizes.get(name)
    if found is None or len(found) != 2 or min(found) < 1:
        raise _other(folder, f"no matrix {name}")
    return found


def _other(folder: Path, why: str) -> UsageError:
    return UsageError(
        f"the folder holds no config.json, and its tensors do not tell its shape: {why}",
        where=str(folder),
        fix="get config.json of this model",
    )
