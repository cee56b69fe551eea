"""What the roofline was fitted to: shares of the peaks that serving reaches, and overheads."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Constants:
    """Fitted on the published rows of `benchmarks/throughput.py`; how good they are is in docs/compute.md."""

    compute: float
    """Share of an accelerator's peak that matrix products of serving reach, at the power of an H100 SXM."""
    bandwidth: float
    """Share of the memory's peak."""
    link: float
    """Share of the links' peak."""
    power: float
    """How much less a device reaches that has less power for its peak: watts per operation, to this exponent."""
    experts: float
    """Share that a mixture of experts reaches of what a dense model does: small and uneven products."""
    layer_s: float
    """Overhead of a layer in a step, s: launches, norms, waiting for neighbours."""
    sequence_s: float
    """Overhead of a sequence in a step, s: choosing its token, bookkeeping."""
    server: float
    """Share of the most throughput that is left where answers must keep a time limit."""


SERVING = Constants(
    compute=0.469,
    bandwidth=0.746,
    link=0.432,
    power=0.363,
    experts=0.582,
    layer_s=2.97e-5,
    sequence_s=3.23e-5,
    server=0.917,
)
"""Accelerators under an engine of today (TensorRT-LLM 10; vLLM from 0.6 is taken to reach the same)."""

PROCESSOR = Constants(
    compute=0.54,
    bandwidth=1.0,
    link=1.0,
    power=0.0,
    experts=0.8,
    layer_s=1e-4,
    sequence_s=1e-4,
    server=0.92,
)
"""CPUs: shares of measured rates of reading and multiplying, from our own runs (benchmarks/RESULTS.md)."""

LLAMA_CPP = replace(SERVING, layer_s=1.3e-4)
"""GGUF files on accelerators: llama.cpp, whose steps cost more. From published rates of one sequence on seven of them
(benchmarks/rates_elsewhere.py)."""

SPREAD = 0.40
"""Bounds of a rate, as a logarithm: what 99 % of the fitted rows keep with their chip left out, and 86 % of the rows
of another table that nothing was fitted to (benchmarks/rates_elsewhere.py)."""
SPREAD_ELSEWHERE = 0.55
"""Bounds where nothing like it was among the rows: few sequences at once, other vendors, older chips, CPUs."""

GENERATIONS: dict[str, float] = {"current": 1.0, "vllm-0.5": 1 / 1.8}
"""Throughput by generation of the engine. vLLM's makers measured 0.6.0 at 1.8 times 0.5.3 for a 70B model on four
H100 (their note of 2024-09-05)."""
