"""Weights laid out for the processor's matrix instructions, once instead of at every call.

A step of decoding multiplies a few rows by every weight. PyTorch hands a plain weight to kernels that rearrange it
again each time: measured on one core with AMX (2026-11-21), 8 rows by 1536 x 576, float32 0.58 ms plain and 0.31 ms
packed, bfloat16 0.19 ms and 0.10 ms, where reading the weight takes 0.23 and 0.11 ms. In bfloat16 packed is faster at
every number of rows and bit for bit the same; in float32 plain is up to a fifth faster below 4 rows and a little
above 128.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

_HINT = 32
"""Rows the layout is made for; measured to serve 1 to 300 rows as well as any other, except 1, which serves few."""
_FEW, _MANY = 4, 128
"""From this many rows on, and below that many, a packed float32 weight is the faster one."""

Apply = Callable[[Any], Any]


def can_pack(parameters: int, dtype: Any, device: Any) -> bool:
    """Whether packing helps here, and a second copy of so many weights leaves most of the free memory alone."""
    import torch

    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    if not hasattr(torch.ops.mkldnn, "_reorder_linear_weight"):
        return False
    if dtype == torch.bfloat16:
        supported = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    else:
        supported = bool(dtype == torch.float32)
    return supported and 3 * parameters * dtype.itemsize < _free_memory()


def packed(weight: Any, bias: Any | None) -> Apply:
    """``x -> x @ weight.T + bias`` for x of any leading shape; weight: (out, in), kept beside its packed form."""
    import torch
    from torch.nn.functional import linear

    apply = torch.ops.mkldnn._linear_pointwise.default
    inner = weight.shape[1]
    held = torch.ops.mkldnn._reorder_linear_weight(weight, _HINT)
    if weight.dtype != torch.float32:
        return lambda x: apply(x, held, bias, "none", [], "")

    def either(x: Any) -> Any:
        if _FEW <= x.numel() // inner < _MANY:
            return apply(x, held, bias, "none", [], "")
        return linear(x, weight, bias)

    return either


def plain(weight: Any, bias: Any | None) -> Apply:
    """The same from the weight as it is."""
    from torch.nn.functional import linear

    return lambda x: linear(x, weight, bias)


def pack_layers(model: Any, dtype: Any, device: Any) -> int:
    """Replace the linear layers of `model` by packed ones, in place; how many (0 where that would not help).

    Done again it finds nothing left to do. The weights stay reachable as ``layer.weight``.
    """
    import torch
    from torch import nn

    layers = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if type(child) is nn.Linear or type(child).__name__ == "Conv1D"
    ]
    if not layers or not can_pack(sum(child.weight.numel() for _, _, child in layers), dtype, device):
        return 0
    with torch.no_grad():
        for parent, name, child in layers:
            # GPT-2 keeps its weights the other way round.
            weight = child.weight if type(child) is nn.Linear else child.weight.t().contiguous()
            setattr(parent, name, _layer_class()(weight.detach(), child.bias))
    return len(layers)


def _free_memory() -> int:
    """Bytes that nobody uses now, not even for files."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not every system tells
        return 0


@functools.lru_cache(1)
def _layer_class() -> Any:
    from torch.nn import Module

    class PackedLinear(Module):  # type: ignore[misc]  # the types of PyTorch are not read
        """In the place of a ``Linear`` (or GPT-2's ``Conv1D``)."""

        def __init__(self, weight: Any, bias: Any | None) -> None:
            super().__init__()
            self.out_features, self.in_features = weight.shape
            self.weight, self.bias = weight, bias
            self.forward = packed(weight, bias)

    return PackedLinear
