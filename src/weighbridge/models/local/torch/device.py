"""Where a model runs, and in which number type."""

from __future__ import annotations

from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.models.local.memory import available

DTYPES = ("auto", "float32", "bfloat16", "float16")


def device_of(name: str, where: str) -> Any:
    """``auto`` takes the first GPU that PyTorch can use. Raises UsageError for one that is not there."""
    import torch

    if name == "auto":
        return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(
            f"unknown device {name!r}", where=where, fix=nearest(name, ("auto", "cpu", "cuda"))
        ) from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"there is no device {name!r}: PyTorch {torch.__version__} sees {torch.cuda.device_count()} GPUs",
            where=where,
            fix="device: cpu, or install the CUDA build of PyTorch and check nvidia-smi",
        )
    return device


def dtype_of(name: str, device: Any, config: Any, where: str) -> Any:
    """``auto``: float32 on a CPU, the type that the configuration names on a GPU."""
    import torch

    if name not in DTYPES:
        raise UsageError(f"unknown dtype {name!r}", where=where, fix=nearest(name, DTYPES))
    if name != "auto":
        return getattr(torch, name)
    stored = getattr(config, "dtype", None)
    if device.type == "cpu" or stored is None:
        return torch.float32
    return stored if isinstance(stored, torch.dtype) else getattr(torch, str(stored).removeprefix("torch."))


def memory_of(device: Any) -> int | None:
    """Bytes still free where the model will run; None where that is not known."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return available() if device.type == "cpu" else None
