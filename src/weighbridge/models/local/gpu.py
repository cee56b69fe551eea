"""How many GPUs PyTorch would find here, told without importing it."""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata


@functools.lru_cache(1)
def gpu_count() -> int:
    """GPUs that the driver offers (``CUDA_VISIBLE_DEVICES`` respected); 0 where PyTorch was built for the CPU."""
    try:
        if "cpu" in importlib.metadata.version("torch").partition("+")[2]:
            return 0
    except importlib.metadata.PackageNotFoundError:
        return 0
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value
