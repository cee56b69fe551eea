"""Hours of published training runs beside what their shapes and tokens say.

    python benchmarks/training.py

Runs are from the catalogue's facts (weighbridge models show NAME) but for OPT-175B, whose figures are beside it here.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass

from weighbridge.catalog.models import shipped_catalogue
from weighbridge.errors import UsageError
from weighbridge.sizing.device import Device, device
from weighbridge.sizing.reading import shape_of_config, shape_of_facts
from weighbridge.sizing.training import UTILISATION, device_hours, implied_utilisation, training_flops

NAMED = {
    **{"llama-2-70b": ("A100", 4096), "llama-2-7b": ("A100", 4096), "bloom-176b": ("A100", 2048)},
    **{"llama-3.1-405b": ("H100", 8192), "llama-3.1-70b": ("H100", 8192), "llama-3.1-8b": ("H100", 8192)},
    "deepseek-v3": ("H100", 4096),
}
"""The eight runs of the anchor, with OPT-175B: model, accelerator (the H800 computes as the H100 does), sequence."""

OTHERS = {
    "llama-65b": ("A100", 2048, None),
    "llama-3-70b": ("H100", 8192, None),
    "llama-4-scout": ("H100", 8192, None),
    "llama-4-maverick": ("H100", 8192, None),
    "falcon-40b": ("A100-40GB", 2048, 384 * 1440),
    "gpt-neox-20b": ("A100-40GB", 2048, 96 * 2160),
    "phi-4": ("H100", 4096, 1920 * 504),
}
"""More runs, not of the anchor; hours of those that publish devices and time are their product."""

OPT = {
    "model_type": "opt", "hidden_size": 12288, "num_hidden_layers": 96, "num_attention_heads": 96, "ffn_dim": 49152,
    "vocab_size": 50272, "max_position_embeddings": 2048, "word_embed_proj_dim": 12288,
}  # fmt: skip
"""Its shape (arXiv:2205.01068), trained on 180 billion tokens; hours from the table in arXiv:2302.13971."""


@dataclass(frozen=True)
class Run:
    name: str
    device: Device
    flops: float
    hours: float

    @property
    def utilisation(self) -> float:
        return implied_utilisation(self.flops, self.hours, self.device)


def run_of(name: str, on: str, sequence: int, hours: float | None = None) -> Run:
    facts = shipped_catalogue().find(name)
    tokens = float(facts.facts["training_tokens"].value)
    try:
        flops = training_flops(shape_of_facts(facts), tokens, sequence)
    except UsageError:  # no architecture: six for each number a token passes
        flops = 6 * float(facts.facts["params_active"].value) * tokens
    return Run(facts.name, device(on), flops, hours or float(facts.facts["training_gpu_hours"].value))


def named() -> list[Run]:
    found = [run_of(name, on, sequence) for name, (on, sequence) in NAMED.items()]
    opt = training_flops(shape_of_config(OPT, "benchmarks/training.py"), 180e9, 2048)
    return [*found, Run("OPT-175B", device("A100"), opt, 809_472)]


def others() -> list[Run]:
    return [run_of(name, on, sequence, hours) for name, (on, sequence, hours) in OTHERS.items()]


def inside(run: Run) -> bool:
    return device_hours(run.flops, run.device).holds(run.hours)


def main() -> int:
    print(f"utilisation taken: {UTILISATION.low:.2f} to {UTILISATION.high:.2f}, {UTILISATION.likely:.2f} likely\n")
    print(
        f"{'run':22} {'on':15} {'FLOP':>9} {'hours':>12} {'predicted':>12} {'least':>12} {'most':>12}  share  inside"
    )
    for title, runs in (("the eight", named()), ("others", others())):
        for run in runs:
            hours = device_hours(run.flops, run.device)
            bounds = f"{hours.likely:11,.0f} {hours.low:11,.0f} {hours.high:11,.0f}"
            held = "yes" if inside(run) else "NO"
            print(
                f"{run.name[:18]:18} {run.device.name[:14]:14} {run.flops:8.1e} {run.hours:11,.0f} {bounds}"
                f" {run.utilisation:5.3f} {held}"
            )
        print(f"{title}: {sum(map(inside, runs))} of {len(runs)} inside\n")
    every = [run.utilisation for run in (*named(), *others())]
    print(f"share of the peak reached: {min(every):.3f} to {max(every):.3f}, median {statistics.median(every):.3f}")
    held = sum(
        min(rest) <= one <= max(rest)
        for place, one in enumerate(every)
        for rest in [every[:place] + every[place + 1 :]]
    )
    print(f"between the least and the most of the other runs: {held} of {len(every)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
