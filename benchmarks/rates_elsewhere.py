"""Predicted rates beside published ones that nothing was fitted to: other tables, other engines, one sequence alone.

    python benchmarks/rates_elsewhere.py

- TensorRT-LLM's own table (repository NVIDIA/TensorRT-LLM, docs/source/performance.md at 138f96d, versions 0.5 and
  0.6.1, end of 2023): throughput at given batches, splits and lengths, and the time to the first token.
- vLLM's nightly runs (buildkite.com/vllm/performance-benchmark, build 9515): 8 sequences of 32 + 128 tokens on H200.
- llama.cpp with Q4_K_M files, one request (pavlokhmel.com, 2026-06-07). The overhead of its layers is from here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from weighbridge.catalog.models import shipped_catalogue
from weighbridge.sizing import Shape, Stored, as_stored, device, parameters, precision, shape_of_facts
from weighbridge.sizing.constants import SPREAD, SPREAD_ELSEWHERE
from weighbridge.sizing.rates import roofline, throughput

Pair = tuple[str, float, float]
"""What it is, as published, as predicted."""

KEPT = {"H100": ("fp8", 8.0), "L40S": ("fp8", 8.0), "A100": ("fp16", 16.0)}
THROUGHPUT = {
    "H100": (
        *[("gpt-j-6b", 1024, 1, 128, 128, 26150), ("gpt-j-6b", 120, 1, 128, 2048, 8011)],
        *[("gpt-j-6b", 64, 1, 2048, 128, 2551), ("gpt-j-6b", 64, 1, 2048, 2048, 3327)],
        *[("llama-2-7b", 768, 1, 128, 128, 19694), ("llama-2-7b", 112, 1, 128, 2048, 6818)],
        *[("llama-2-7b", 80, 1, 2048, 128, 2244), ("llama-2-7b", 48, 1, 2048, 2048, 2740)],
        *[("llama-2-70b", 1024, 2, 128, 128, 2657), ("llama-2-70b", 480, 4, 128, 2048, 1486)],
        *[("llama-2-70b", 96, 2, 2048, 128, 306), ("llama-2-70b", 64, 2, 2048, 2048, 547)],
        *[("falcon-180b", 1024, 4, 128, 128, 987), ("falcon-180b", 1024, 8, 128, 2048, 724)],
        *[("falcon-180b", 64, 4, 2048, 128, 112), ("falcon-180b", 64, 4, 2048, 2048, 264)],
    ),
    "L40S": (
        *[("gpt-j-6b", 64, 1, 128, 128, 3630), ("gpt-j-6b", 64, 1, 128, 2048, 1859)],
        *[("gpt-j-6b", 32, 1, 2048, 128, 616), ("gpt-j-6b", 32, 1, 2048, 2048, 757)],
        *[("llama-2-7b", 64, 1, 128, 128, 3240), ("llama-2-7b", 64, 1, 128, 2048, 1622)],
        *[("llama-2-7b", 32, 1, 2048, 128, 581), ("llama-2-7b", 16, 1, 2048, 2048, 531)],
    ),
    "A100": (
        *[("gpt-j-6b", 512, 1, 128, 128, 6374), ("gpt-j-6b", 120, 2, 128, 2048, 2192)],
        *[("gpt-j-6b", 60, 1, 2048, 128, 670), ("gpt-j-6b", 64, 2, 2048, 2048, 903)],
        *[("llama-2-7b", 384, 1, 128, 128, 5586), ("llama-2-7b", 60, 1, 128, 2048, 1928)],
        *[("llama-2-7b", 52, 1, 2048, 128, 591), ("llama-2-7b", 64, 2, 2048, 2048, 782)],
        *[("llama-2-70b", 1280, 4, 128, 128, 670), ("llama-2-70b", 240, 4, 128, 2048, 525)],
        *[("llama-2-70b", 120, 4, 2048, 128, 79)],
        *[("falcon-180b", 1024, 8, 128, 128, 232), ("falcon-180b", 128, 8, 128, 2048, 180)],
    ),
}
"""Model, sequences at once, devices of a replica, prompt, answer, tokens per second of a device."""
FIRST_TOKEN = {
    "H100": (
        *[("gpt-j-6b", 1, 128, 7), ("gpt-j-6b", 1, 2048, 29), ("llama-2-7b", 1, 128, 7), ("llama-2-7b", 1, 2048, 36)],
        *[("llama-2-70b", 4, 128, 26), ("llama-2-70b", 4, 2048, 109)],
        *[("falcon-180b", 8, 128, 27), ("falcon-180b", 8, 2048, 205)],
    ),
    "L40S": (
        *[("gpt-j-6b", 1, 128, 12), ("gpt-j-6b", 1, 2048, 71)],
        *[("llama-2-7b", 1, 128, 14), ("llama-2-7b", 1, 2048, 73)],
    ),
    "A100": (
        *[("gpt-j-6b", 1, 128, 12), ("gpt-j-6b", 1, 2048, 129), ("llama-2-7b", 1, 128, 16)],
        *[("llama-2-7b", 1, 2048, 133), ("llama-2-70b", 4, 128, 47), ("llama-2-70b", 4, 2048, 377)],
        *[("falcon-180b", 8, 128, 61), ("falcon-180b", 8, 2048, 509)],
    ),
}
"""Model, devices of a replica, prompt, milliseconds."""
VLLM = (("llama-3-70b", 4, 2077.5), ("llama-3.1-8b", 1, 833.4), ("mixtral-8x7b", 2, 1917.4))
"""Model, devices, milliseconds for the whole batch, bfloat16."""
ALONE = {
    "gemma-4-31b": (18.3, {"V100": 28, "A100-40GB": 37, "A100": 43, "4090": 35, "H100": 68, "H200": 71, "B300": 75}),
    "gpt-oss-20b": (
        11.6,
        {"V100": 138, "A100-40GB": 180, "A100": 189, "4090": 266, "H100": 286, "H200": 292, "B300": 327},
    ),
}
"""Size of the file in GB, and tokens a second by device."""


def shape(name: str) -> Shape:
    return shape_of_facts(shipped_catalogue().find(name))


def throughputs() -> list[Pair]:
    found = []
    for on, rows in THROUGHPUT.items():
        kept, bits = KEPT[on]
        for name, many, split, inputs, outputs, rate in rows:
            line = roofline(shape(name), precision(kept), device(on), split, bits)
            expected = throughput(line, many, inputs, outputs) / split
            found.append((f"{on:5} {name:12} {many:5} at once, {inputs:4} + {outputs:4}", float(rate), expected))
    return found


def first_tokens() -> list[Pair]:
    found = []
    for on, rows in FIRST_TOKEN.items():
        for name, split, inputs, milliseconds in rows:
            line = roofline(shape(name), precision(KEPT[on][0]), device(on), split)
            expected = 1e3 * line.prefill(inputs, inputs).seconds
            found.append((f"{on:5} {name:12} first token after {inputs:4}, ms", float(milliseconds), expected))
    return found


def batches() -> list[Pair]:
    found = []
    for name, split, milliseconds in VLLM:
        line = roofline(shape(name), precision("bf16"), device("H200"), split)
        expected = 1e3 * (line.prefill(8 * 32, 32).seconds + 128 * line.decode(8, 96).seconds)
        found.append((f"H200  {name:12} 8 x (32 + 128), ms", milliseconds, expected))
    return found


def alone() -> list[Pair]:
    found = []
    for name, (gigabytes, rates) in ALONE.items():
        model = shape(name)
        model = replace(model, stored=Stored(parameters(model).total, round(gigabytes * 1e9)))
        for on, rate in rates.items():
            line = roofline(model, as_stored(model), device(on), 1)
            found.append((f"{on:9} {name:12} llama.cpp, one alone", float(rate), 1 / line.decode(1, 300).seconds))
    return found


def errors(pairs: Sequence[Pair]) -> np.ndarray:
    """Logarithm of predicted over published."""
    return np.log([expected / said for _, said, expected in pairs])


def main() -> int:
    for title, pairs in (
        ("TensorRT-LLM, tokens a second of a device", throughputs()),
        ("TensorRT-LLM, first token", first_tokens()),
        ("vLLM, 8 sequences", batches()),
        ("llama.cpp, tokens a second", alone()),
    ):
        print(title)
        for what, said, expected in pairs:
            print(f"  {what:48} {said:8.0f} {expected:8.0f} {expected / said - 1:+.0%}")
        size = np.abs(errors(pairs))
        print(
            f"  median factor {np.exp(np.median(size)):.2f}, worst {np.exp(size.max()):.2f};"
            f" within {np.exp(SPREAD):.2f}: {np.mean(size <= SPREAD):.0%},"
            f" within {np.exp(SPREAD_ELSEWHERE):.2f}: {np.mean(size <= SPREAD_ELSEWHERE):.0%} of {len(size)}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
