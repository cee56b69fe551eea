"""Linear layers whose weights are laid out for the processor's matrix instructions, once instead of at every call.

A step of decoding multiplies a few rows by every weight. PyTorch hands a plain weight to kernels that rearrange it
again each time: measured on one core with AMX (2026-11-21), 8 rows by 1536 x 576, float32 0.58 ms plain and 0.31 ms
packed, bfloat16 0.19 ms and 0.10 ms, where reading the weight takes 0.23 and 0.11 ms. In bfloat16 packed is faster at
every number of rows and bit for bit the same, so the plain weight goes; in float32 plain is up to a fifth faster
below 4 rows and a little above 128, so both are kept where memory is plentiful.
"""

from __future__ import annotations

import functools
import os
from typing import Any

_HINT = 32
"""Rows the layout is made for; measured to serve 1 to 300 rows as well as any other, except 1, which serves few."""
_FEW, _MANY = 4, 128
"""From this many rows on, and below that many, a packed float32 weight is the faster one."""


def pack(model: Any, dtype: Any, device: Any) -> int:  # noqa: ANN401 - a module, torch.dtype, torch.device
    """Replace the linear layers of `model` by packed ones, in place; how many. None where it would not help.

    Done twice, the second time finds nothing left to do. A packed layer's `weight` is still there, made on demand.
    """
    import torch
    from torch import nn

    if not _supported(dtype, device):
        return 0
    embedded = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    layers = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if type(child) is nn.Linear or type(child).__name__ == "Conv1D"
    ]
    weights = sum(child.weight.numel() * child.weight.element_size() for _, _, child in layers)
    both = dtype == torch.float32 and 8 * weights < _free_memory()
    with torch.no_grad():
        for parent, name, child in layers:
            shared = id(child.weight) in embedded
            plain = child.weight if type(child) is nn.Linear else child.weight.t().contiguous()
            setattr(parent, name, _packed_class()(plain, child.bias, keep=both or shared, swap=both))
    return len(layers)


def _supported(dtype: Any, device: Any) -> bool:  # noqa: ANN401 - torch.dtype, torch.device
    import torch

    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    if not hasattr(torch.ops.mkldnn, "_reorder_linear_weight"):
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return bool(dtype == torch.float32)


def _free_memory() -> int:
    """Bytes that nobody uses now, not even for files."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not every system tells
        return 0


@functools.lru_cache(1)
def _packed_class() -> Any:  # noqa: ANN401 - a class made on use, for its base needs PyTorch
    import torch
    from torch.nn import Module
    from torch.nn.functional import linear

    apply = torch.ops.mkldnn._linear_pointwise

    class PackedLinear(Module):  # type: ignore[misc]  # the types of PyTorch are not read
        """``x @ weight.T + bias``; `swap` says to use the plain weight where it is the faster one."""

        def __init__(self, weight: Any, bias: Any, *, keep: bool, swap: bool) -> None:  # noqa: ANN401
            super().__init__()
            self.out_features, self.in_features = weight.shape
            self.packed = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), _HINT)
            self.plain = weight.detach() if keep else None
            self.swap = swap and keep
            self.bias = bias

        @property
        def weight(self) -> Any:  # noqa: ANN401
            return self.packed.to_dense() if self.plain is None else self.plain

        def forward(self, x: Any) -> Any:  # noqa: ANN401
            if self.swap:
                rows = x.numel() // self.in_features
                if rows < _FEW or rows >= _MANY:
                    return linear(x, self.plain, self.bias)
            return apply(x, self.packed, self.bias, "none", [], "")

        def extra_repr(self) -> str:
            return f"in_features={self.in_features}, out_features={self.out_features}"

    return PackedLinear
