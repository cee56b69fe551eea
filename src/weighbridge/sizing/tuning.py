"""What fine-tuning costs: in full, by adapters (LoRA), or by adapters over four-bit weights (QLoRA)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from weighbridge.errors import UsageError
from weighbridge.sizing.device import Device
from weighbridge.sizing.fitting import USABLE
from weighbridge.sizing.interval import Interval
from weighbridge.sizing.parameters import parameters
from weighbridge.sizing.precision import precision, weight_bytes
from weighbridge.sizing.shape import Layers, Shape
from weighbridge.sizing.training import (
    TUNING_UTILISATION,
    TrainingMemory,
    device_hours,
    kept_activations,
    training_flops,
    training_memory,
)

Method = Literal["full", "lora", "qlora"]


@dataclass(frozen=True, slots=True)
class Tuning:
    """One way to fine-tune a model."""

    method: Method
    device: Device
    devices: int
    """The fewest (1, 2, 4, ...) on which it fits, everything shared out (ZeRO stage 3)."""
    trained: int
    """Numbers that are trained."""
    memory: TrainingMemory
    """On each device."""
    flops: float
    hours: Interval
    """Of devices, all together."""

    @property
    def wall(self) -> Interval:
        """Hours that pass, all devices at work."""
        return self.hours * (1 / self.devices)

    def cost(self, per_hour: Interval) -> Interval:
        """Money, at a price of an hour of one device."""
        return Interval(
            self.hours.low * per_hour.low, self.hours.likely * per_hour.likely, self.hours.high * per_hour.high
        )


def tuning(
    shape: Shape,
    device: Device,
    tokens: float,
    method: Method = "qlora",
    *,
    rank: int = 16,
    sequence: int = 2048,
    batch: int = 1,
    most: int = 64,
    utilisation: Interval = TUNING_UTILISATION,
) -> Tuning:
    """What it takes to fine-tune on `tokens` tokens (data times epochs).

    Raises `UsageError` where it does not fit on `most` devices, or for a method, rank or length that cannot be.
    """
    if method not in ("full", "lora", "qlora"):
        raise UsageError(f"no way of fine-tuning {method!r}", fix="full, lora or qlora")
    trained = parameters(shape).total if method == "full" else adapter_numbers(shape, rank)
    devices = 1
    while True:
        memory = tuning_memory(shape, devices, method, rank=rank, sequence=sequence, batch=batch)
        if memory.total <= device.memory * USABLE:
            break
        devices *= 2
        if devices > most or device.link is None:
            raise UsageError(
                f"fine-tuning {shape.name} ({method}) takes {memory.total / 1e9:.0f} GB on each of {devices // 2} x"
                f" {device.name}, more than they have",
                fix="qlora instead of lora or full, shorter sequences, or devices with more memory",
            )
    flops = training_flops(shape, tokens, sequence, frozen=method != "full")
    return Tuning(method, device, devices, trained, memory, flops, device_hours(flops, device, utilisation))


def tuning_memory(
    shape: Shape, devices: int, method: Method, *, rank: int = 16, sequence: int = 2048, batch: int = 1
) -> TrainingMemory:
    """Memory on each of `devices`. Adapters: frozen weights (half precision; four bits in QLoRA), and 16 bytes for
    each trained number; activations are kept for every layer's input only (gradient checkpointing)."""
    if method == "full":
        return training_memory(shape, devices, stage=3, sequence=sequence, batch=batch, recompute="full")
    trained = adapter_numbers(shape, rank)
    frozen = weight_bytes(shape, precision("nf4" if method == "qlora" else "bf16"))
    return TrainingMemory(
        weights=(frozen + 2 * trained) / devices,
        gradients=2 * trained / devices,
        optimiser=12 * trained / devices,
        activations=kept_activations(shape, sequence, batch, "full"),
    )


def adapter_numbers(shape: Shape, rank: int = 16) -> int:
    """Numbers of adapters of this rank on all matrices of the layers but routers: rank x (inputs + outputs) each."""
    if rank < 1:
        raise UsageError(f"an adapter's rank must be at least 1, not {rank}")
    return rank * sum(run.count * _edges(run, shape.hidden) for run in (*shape.encoder, *shape.layers))


def _edges(run: Layers, hidden: int) -> int:
    """Inputs and outputs of a layer's matrices, added up."""
    out = run.heads * run.values + hidden
    attention = 0
    if not run.heads:
        pass  # Layers with a state: adapters are put on their feed-forward parts only.
    elif run.latent:
        wide = run.heads * run.head_dim
        query = (hidden + run.query_rank + run.query_rank + wide) if run.query_rank else hidden + wide
        raised = run.kv_rank + run.heads * (run.head_dim - run.rope_dim + run.values)
        attention = query + hidden + run.kv_rank + run.rope_dim + raised + out
    else:
        narrow = run.kv_heads * run.head_dim + run.kv_heads * run.values
        attention = (hidden + run.heads * run.head_dim) + 2 * hidden + narrow + out
    matrices = 3 if run.gated else 2
    inner = matrices * (hidden + run.ffn) if run.ffn else 0
    experts = run.experts * matrices * (hidden + run.expert_ffn)
    return attention * (2 if run.cross else 1) + inner + experts
