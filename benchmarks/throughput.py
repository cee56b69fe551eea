"""Predicted serving rates beside the published ones of MLPerf Inference v4.1, each accelerator left out in turn.

    python benchmarks/throughput.py [--rows] [--prompts 1.3]

Reads ../shared/facts/throughput_mlperf_v4_1.yaml beside the checkout. Baselines on the same rows: one share of the
peak for all (constant utilisation), and ours with the constants of all rows.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from weighbridge.catalog.models import shipped_catalogue
from weighbridge.sizing.calibrate import Row, calibrated, left_out, predicted, rank_agreement, spreads
from weighbridge.sizing.constants import GENERATIONS, SPREAD
from weighbridge.sizing.device import Device, cpu, device
from weighbridge.sizing.parameters import parameters
from weighbridge.sizing.precision import precision
from weighbridge.sizing.rates import rates
from weighbridge.sizing.reading import shape_of_config, shape_of_facts

ROWS = Path(__file__).resolve().parents[2] / "shared" / "facts" / "throughput_mlperf_v4_1.yaml"

LENGTHS = {"llama2-70b-99": (155.0, 294.45, 1), "gptj-99": (800.0, 69.0, 4), "mixtral-8x7b": (150.0, 144.84, 1)}
"""Mean tokens of a prompt and of an answer, and beams. Those of answers are the benchmark's own; those of prompts are
recalled of its data sets (OpenOrca, CNN/DailyMail, OpenOrca with GSM8K and MBXP), to about a fifth."""
MODELS = {"llama2-70b-99": "llama-2-70b", "gptj-99": "gpt-j-6b", "mixtral-8x7b": "mixtral-8x7b"}

CHIPS = (
    ("MI300X", "MI300X-192GB", "MI300X"),
    ("H100-NVL", "H100-NVL-94GB", "H100-NVL"),
    ("H100-PCIe", "H100-PCIe-80GB", "H100-PCIe"),
    ("H100-SXM", "H100-SXM-80GB", "H100-SXM"),
    ("L40S", "L40S", "L40S"),
    ("GH200 Grace Hopper Superchip 144GB", "GH200-144GB", "H200"),
    ("GH200 Grace Hopper Superchip 96GB", "GH200-96GB", "H200"),
    ("H200-SXM-141GB-CTS", "H200-CTS", "H200"),
    ("H200-SXM-141GB", "H200-SXM-141GB", "H200"),
    ("B200", "B200-SXM-180GB", "B200"),
)
"""What a row calls it, the catalogue's name, and what is left out together: the H200 is also in the GH200, and with
better cooling in the CTS."""

BEST = 1.5
"""A row is left out where the same chip, model and scenario reached so many times as much under another submitter:
then the row tells of its tuning or its software and not of the chip."""


SMOLLM2 = shape_of_config(
    {
        **{"model_type": "llama", "hidden_size": 576, "num_hidden_layers": 30, "intermediate_size": 1536},
        **{"num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152, "tie_word_embeddings": True},
    },
    "benchmarks/throughput.py",
    "SmolLM2-135M",
)
PROCESSOR_ROWS = (
    *((1, "fp32", 19.2), (8, "fp32", 65.0), (32, "fp32", 117.9)),
    *((1, "bf16", 27.6), (8, "bf16", 122.3), (32, "bf16", 258.8)),
    *((1, "q4_1", 29.5), (8, "q4_1", 44.7), (32, "q4_1", 40.4)),
)
"""Prompts at once, precision, tokens a second: bfloat16 by AMX, Q4_1 by llama.cpp."""


def chip(name: str) -> tuple[Device, str]:
    for text, known, family in CHIPS:
        if text not in name:
            continue
        if known == "H200-CTS":  # the same chip with better cooling: 1,000 W
            return replace(device("H200-SXM-141GB"), name=known, watts=1000.0), family
        if known == "GH200-96GB":  # the first GH200: HBM3
            return replace(device("GH200-144GB"), name=known, memory=96e9, bandwidth=4000e9), family
        return device(known), family
    raise KeyError(name)


def rows_of(results: list[dict], prompts: float = 1.0) -> tuple[list[tuple[dict, Row]], list[tuple[dict, str]]]:
    """The rows that are used, and those that are not, with the reason."""
    used, left, best = [], [], defaultdict(float)
    for said in results:
        key = (said["model"], said["accelerator"], said["scenario"])
        best[key] = max(best[key], said["per_accel"])
    shapes = {name: shape_of_facts(shipped_catalogue().find(known)) for name, known in MODELS.items()}
    for said in results:
        if not said["accelerator"]:
            left.append((said, "a CPU that the row does not name"))
            continue
        top = best[(said["model"], said["accelerator"], said["scenario"])]
        if top > BEST * said["per_accel"]:
            left.append((said, f"the same chip reached {top / said['per_accel']:.1f} times as much"))
            continue
        machine, family = chip(said["accelerator"])
        inputs, outputs, beams = LENGTHS[said["model"]]
        # "fp16" of the TensorRT rows is what was submitted; what ran is FP8, and FP4 where there are units for it.
        kept = precision("nvfp4" if "fp4" in machine.peak else "fp8")
        software = GENERATIONS["vllm-0.5" if said["software"].startswith("vLLM 0.4") else "current"]
        row = Row(
            name=family,
            shape=shapes[said["model"]],
            device=machine,
            count=max(1, said["n_accel"]),
            precision=replace(kept, outside=kept.bits),
            input_tokens=inputs * prompts,
            output_tokens=outputs,
            rate=said["per_accel"],
            beams=beams,
            limited=said["scenario"] == "Server",
            software=software,
        )
        used.append((said, row))
    return used, left


def told(title: str, rows: list[Row], expected: list[float], bounds: list[float] | None = None) -> dict[str, float]:
    off = np.abs(np.array(expected) / np.array([row.rate for row in rows]) - 1)
    found = {"median": float(np.median(off)), "p90": float(np.quantile(off, 0.9)), "worst": float(off.max())}
    if bounds is not None:
        size = np.abs(np.log(np.array(expected) / np.array([row.rate for row in rows])))
        found["covered"] = float((size <= np.array(bounds)).mean())
    found["tau"] = statistics.mean(taus(rows, expected).values())
    shown = "  ".join(
        f"{name} {value:.2f}" if name == "tau" else f"{name} {value:.0%}" for name, value in found.items()
    )
    print(f"  {title:<44} {len(rows):3} rows  {shown}")
    return found


def taus(rows: list[Row], expected: list[float]) -> dict[str, float]:
    """By model: how alike accelerators are ranked, each by its best row."""
    ranks: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    for row, value in zip(rows, expected, strict=True):
        held = ranks[row.shape.name].get(row.device.name, (0.0, 0.0))
        ranks[row.shape.name][row.device.name] = max(held, (row.rate, value))
    return {
        model: rank_agreement([a for a, _ in found.values()], [b for _, b in found.values()])
        for model, found in ranks.items()
        if len(found) > 3
    }


def constant_utilisation(rows: list[Row]) -> list[float]:
    """The baseline: one share of the peak for all, fitted without the row's chip."""

    def at_peak(row: Row) -> float:
        peak = row.device.operations(row.precision.arithmetic)
        return peak / (2 * parameters(row.shape).multiplied * (1 + row.input_tokens / row.output_tokens))

    found = []
    for row in rows:
        others = [one for one in rows if one.name != row.name]
        share = statistics.median(one.rate / at_peak(one) for one in others)
        found.append(share * at_peak(row))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", action="store_true", help="print every row")
    parser.add_argument("--prompts", type=float, default=1.0, help="prompts so many times as long as recalled")
    said = parser.parse_args()
    own_processor()
    if not ROWS.is_file():
        print(f"skipped: {ROWS.name} is not beside the checkout (../shared/facts)")
        return 0
    used, left = rows_of(yaml.safe_load(ROWS.read_text())["results"], said.prompts)
    for title, rows in sets_of(used).items():
        print(title)
        told("constant utilisation", rows, constant_utilisation(rows))
        expected = left_out(rows)
        told("ours, each accelerator left out", rows, expected, spreads(rows, expected))
        told("the same, with the bounds that are shipped", rows, expected, [SPREAD] * len(rows))
        fitted = calibrated(rows)
        told("ours, constants of all these rows", rows, [predicted(row, fitted) for row in rows])
        if said.rows:
            for row, value in zip(rows, expected, strict=True):
                what = f"{row.shape.name[:12]:12} {row.device.name:16} x{row.count:<3}"
                print(f"    {what} {row.rate:8.0f} {value:8.0f} {value / row.rate - 1:+.0%}")
    print("left out:")
    for one, why in left:
        what = f"{one['model']:13} {one['scenario']:7} {one['accelerator'] or 'CPU':21} x{one['n_accel']}"
        print(f"  {what} {one['per_accel']:5.0f}: {why}")
    print("constants of all rows:", calibrated([row for _, row in used]))
    return 0


def sets_of(used: list[tuple[dict, Row]]) -> dict[str, list[Row]]:
    """The rows, by how much is asked of the prediction."""
    return {
        "Llama-2-70B, offline": [row for _, row in used if row.shape.name == "Llama 2 70B" and not row.limited],
        "three models, offline": [row for _, row in used if not row.limited],
        "three models, offline and server": [row for _, row in used],
    }


def own_processor() -> None:
    """Our own runs on one thread of a CPU (RESULTS.md, "Writing text beside transformers and llama.cpp")."""
    thread = cpu(1, 12.5, 200, 16)
    inside = 0
    print("SmolLM2-135M on one thread of a CPU: reading 12.5 GB/s, products 200 GFLOP/s")
    for many, kept, found in PROCESSOR_ROWS:
        bits = 32 if kept == "fp32" else 16
        expected = rates(
            SMOLLM2, thread, 1, kept, input_tokens=128, output_tokens=64, sequences=many, cache_bits=bits
        ).output
        inside += expected.holds(found)
        bounds = f"{expected.likely:6.1f} ({expected.low:.1f} to {expected.high:.1f})"
        print(f"  {many:3} at once {kept:5} measured {found:6.1f} tokens/s, predicted {bounds}")
    print(f"  inside: {inside} of {len(PROCESSOR_ROWS)} (the constants of CPUs are from these rows)")


if __name__ == "__main__":
    sys.exit(main())
