"""How weights are kept: bits a weight, and in which arithmetic they are multiplied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from weighbridge.errors import UsageError, nearest
from weighbridge.sizing.parameters import parameters
from weighbridge.sizing.shape import Shape

Arithmetic = Literal["fp32", "fp16", "fp8", "int8", "fp4", "blocks"]
"""``fp16`` stands for bfloat16 too: accelerators run both at one rate. ``blocks``: llama.cpp's, unpacked on the way
and multiplied in half precision on an accelerator, at the rate of single precision on a CPU."""


@dataclass(frozen=True, slots=True)
class Precision:
    """A way to keep weights."""

    name: str
    bits: float
    """Of a weight in the layers' matrices, scales of its block included."""
    arithmetic: Arithmetic
    """What they are multiplied in."""
    outside: float = 16.0
    """Bits of a weight of the vocabulary's matrices, which most formats leave as they were."""


_ROWS = (
    Precision("fp32", 32, "fp32", 32),
    Precision("bf16", 16, "fp16"),
    Precision("fp16", 16, "fp16"),
    Precision("fp8", 8, "fp8"),
    Precision("int8", 8, "int8"),
    # Four bits and a half-precision scale and zero for each 128 weights (AWQ, GPTQ); multiplied in half precision.
    Precision("int4", 4 + 20 / 128, "fp16"),
    # Four bits, a second-order scale each 64 weights (QLoRA's double quantisation, 0.127 bits).
    Precision("nf4", 4.127, "fp16"),
    # One byte of scale for 32 weights (MX), or for 16 (NVIDIA).
    Precision("mxfp4", 4.25, "fp4"),
    Precision("nvfp4", 4.5, "fp4"),
    # llama.cpp: whole blocks of one type.
    Precision("q8_0", 8.5, "blocks", 8.5),
    Precision("q6_k", 6.5625, "blocks", 6.5625),
    Precision("q5_1", 6.0, "blocks", 6.0),
    Precision("q5_0", 5.5, "blocks", 5.5),
    Precision("q4_1", 5.0, "blocks", 5.0),
    Precision("q4_0", 4.5, "blocks", 4.5),
    # llama.cpp: mixtures; one tensor in a few, and the output matrix, are kept finer. From the sizes of Llama 3 8B's.
    Precision("q5_k_m", 5.66, "blocks", 6.03),
    Precision("q4_k_m", 4.81, "blocks", 5.53),
    Precision("q4_k_s", 4.54, "blocks", 5.53),
    Precision("q3_k_m", 3.86, "blocks", 5.0),
    Precision("q2_k", 2.95, "blocks", 4.59),
)
PRECISIONS: dict[str, Precision] = {row.name: row for row in _ROWS}

_ALIASES = {
    **{"float32": "fp32", "f32": "fp32", "bfloat16": "bf16", "float16": "fp16", "half": "fp16", "f16": "fp16"},
    **{
        "float8": "fp8",
        "awq": "int4",
        "gptq": "int4",
        "4bit": "int4",
        "8bit": "int8",
        "q4": "q4_k_m",
        "fp4": "nvfp4",
    },
    **{"qlora": "nf4", "q8": "q8_0", "q5": "q5_k_m", "q6": "q6_k"},
}


def precision(name: str) -> Precision:
    """The precision of that name. Raises `UsageError` with the nearest match."""
    key = name.strip().lower().replace("-", "_")
    key = _ALIASES.get(key, key)
    if key not in PRECISIONS:
        raise UsageError(f"no precision {name!r}", fix=nearest(key, PRECISIONS))
    return PRECISIONS[key]


def weight_bytes(shape: Shape, kept: Precision) -> int:
    """Bytes of a model's weights kept so."""
    counted = parameters(shape)
    if kept.name == "as stored" and shape.stored is not None:
        return shape.stored.size
    words = shape.vocab * shape.hidden * (1 if shape.tied or not shape.writes else 2)
    inside = max(0, counted.total - words)
    return round((inside * kept.bits + min(words, counted.total) * kept.outside) / 8)


def as_stored(shape: Shape) -> Precision:
    """The precision that the model's files hold. Raises `UsageError` where they are not at hand."""
    if shape.stored is None or not shape.stored.numbers:
        raise UsageError(
            f"the files of {shape.name} are not at hand, so that their precision is not known",
            fix=f"name one: {', '.join(PRECISIONS)}",
        )
    bits = 8 * shape.stored.size / shape.stored.numbers
    arithmetic: Arithmetic = "blocks"
    if bits > 15.5:
        arithmetic = "fp32" if bits > 24 else "fp16"
    elif 7.9 < bits < 8.3:
        arithmetic = "fp8"
    return Precision("as stored", bits, arithmetic, bits)
