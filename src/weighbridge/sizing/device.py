"""What a model runs on, as the roofline needs it: memory, bandwidth, peak rates and links of one device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from weighbridge.catalog.hardware import Accelerator, accelerator
from weighbridge.errors import UsageError
from weighbridge.sizing.precision import Arithmetic

GB = 1e9
_UNPACKED = 0.33
"""Rate of llama.cpp's blocks on a CPU, as a share of plain products (Q4_1 of 135M parameters, our own run)."""
CALIBRATED = frozenset({"nvidia", "amd"})
"""Vendors whose accelerators are among the measured rows."""


@dataclass(frozen=True, slots=True)
class Device:
    """One accelerator, or a machine's processors together. Rates in one second, sizes in bytes."""

    name: str
    kind: Literal["accelerator", "cpu"]
    memory: float
    bandwidth: float
    """Peak, of its memory."""
    peak: dict[str, float] = field(default_factory=dict)
    """Dense operations by arithmetic; `fp16` always, others where it has units for them."""
    link: float | None = None
    """To its neighbours in one machine, in one direction; None: none is known."""
    watts: float | None = None
    """Thermal design power."""
    calibrated: bool = False
    """Whether the roofline was fitted on devices of its kind."""

    def operations(self, arithmetic: Arithmetic) -> float:
        """Peak rate in an arithmetic; in half precision where it has no units for it (weights are unpacked)."""
        if arithmetic == "blocks":
            return self.peak.get("blocks", self.peak["fp16"])
        return self.peak.get(arithmetic, self.peak["fp16"])


def device(name: str, memory_gb: float | None = None) -> Device:
    """The accelerator of that name in the catalogue; ``CPU`` stands for a server of two sockets.

    `memory_gb` replaces the catalogue's. Raises `UsageError` with the nearest match, or where a figure is missing.
    """
    found = CPU if name.strip().upper() == "CPU" else device_of(accelerator(name))
    return found if memory_gb is None else replace(found, memory=memory_gb * GB)


def device_of(entry: Accelerator) -> Device:
    """The figures of a catalogue's accelerator. Raises `UsageError` naming one that is missing."""

    def known(what: str, value: float | None) -> float:
        if value is None:
            raise UsageError(
                f"the catalogue does not know {what} of {entry.name}",
                where=f"hardware {entry.id}",
                fix=f"add {what} as a fact of your own (docs/compute.md)",
            )
        return value

    memory, bandwidth = known("memory", entry.memory_gb), known("bandwidth", entry.bandwidth_gb_s)
    half = known("fp16_tflops", entry.tflops("fp16"))
    peak = {"fp16": half * 1e12, "fp32": (entry.tflops("fp32") or _single(entry, half)) * 1e12}
    for arithmetic in ("fp8", "int8", "fp4"):
        rate = entry.tflops(arithmetic)
        if rate is not None:
            peak[arithmetic] = rate * 1e12
    return Device(
        name=entry.name,
        kind="accelerator",
        memory=memory * GB,
        bandwidth=bandwidth * GB,
        peak=peak,
        link=entry.link_gb_s / 2 * GB if entry.link_gb_s else None,
        watts=entry.tdp_w,
        calibrated=(entry.vendor or "").lower() in CALIBRATED and entry.number("fp8_tflops") is not None,
    )


def cpu(cores: int, bandwidth_gb_s: float, gflops: float, memory_gb: float, name: str = "CPU") -> Device:
    """A machine's processors: bandwidth and single-precision rate as measured, all cores together.

    Raises `UsageError` for figures that are not positive.
    """
    for what, value in (("cores", cores), ("bandwidth", bandwidth_gb_s), ("gflops", gflops), ("memory", memory_gb)):
        if not value > 0:
            raise UsageError(f"{what} of a CPU must be more than 0, not {value}")
    rate = gflops * 1e9
    return Device(
        name, "cpu", memory_gb * GB, bandwidth_gb_s * GB, {"fp32": rate, "fp16": rate, "blocks": _UNPACKED * rate}
    )


def this_cpu(seconds: float = 0.2) -> Device:
    """The machine this runs on, measured: how fast its memory is read and matrices are multiplied (numpy).

    Takes about three times `seconds`. What other programs do meanwhile is part of the measurement.
    """
    import os
    import time
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    from weighbridge.models.local.memory import available

    numbers = np.ones(32 << 20, dtype=np.float32)  # 128 MB: more than most caches
    square = np.ones((1024, 1024), dtype=np.float32)

    def rate(work: float, once: Callable[[], object]) -> float:
        once()
        rounds, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < seconds:
            once()
            rounds += 1
        return work * rounds / spent

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parts = np.array_split(numbers, cores)
    with ThreadPoolExecutor(cores) as pool:  # numpy sums one thread at a time, and lets others run meanwhile
        read = rate(numbers.nbytes, lambda: list(pool.map(np.sum, parts)))
    multiplied = rate(2 * 1024**3, lambda: square @ square)
    return cpu(cores, read / GB, multiplied / 1e9, (available() or 4 << 30) / GB, "this machine")


def _single(entry: Accelerator, half: float) -> float:
    """Single precision by tensor cores (TF32): half of half precision; an eighth where there are none (V100, T4)."""
    return half / (8 if entry.yes("bf16") is False else 2)


CPU = cpu(96, 500, 6000, 512, "CPU (two server sockets)")
"""Two sockets of 48 cores with eight channels of DDR5 each, as a peer of accelerators; yours: `this_cpu`."""
