"""What training costs: operations, hours of accelerators, memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from weighbridge.errors import UsageError
from weighbridge.sizing.device import Device
from weighbridge.sizing.interval import Interval
from weighbridge.sizing.parameters import layer_active, parameters
from weighbridge.sizing.shape import Layers, Shape

UTILISATION = Interval(0.20, 0.33, 0.50)
"""Share of an accelerator's dense half-precision peak that pre-training reaches. From published runs of 2022 to 2025
(benchmarks/training.py): hours include restarts and all that was tried on the way, which is why the least is low."""

TUNING_UTILISATION = Interval(0.12, 0.28, 0.45)
"""The same for fine-tuning on few devices, where batches are small and texts short. Not from published runs: the
bounds of pre-training, lowered; measure yours with a hundred steps."""

Recompute = Literal["none", "attention", "full"]
"""What the backward pass computes again: nothing, the scores of attention (as fused kernels always do), all."""


@dataclass(frozen=True, slots=True)
class TrainingMemory:
    """Bytes on each device."""

    weights: float
    gradients: float
    optimiser: float
    """Copies in single precision and Adam's two moments."""
    activations: float
    """Kept from the forward for the backward pass."""

    @property
    def total(self) -> float:
        return self.weights + self.gradients + self.optimiser + self.activations


def training_flops(shape: Shape, tokens: float, sequence: int | None = None, *, frozen: bool = False) -> float:
    """Operations to train on `tokens` tokens seen (data times epochs): 6 for each number and token, and attention.

    Two operations forward and four backward for each number a token is multiplied with (Kaplan and others, 2020),
    of experts those it passes; 12 x layers x width x sequence for each token's attention (Chowdhery and others,
    2022). In an encoder-decoder a token passes one stack only: half of the tokens are taken to pass each.
    `frozen`: the weights get no gradients of their own (adapters), 4 for each number. Raises `UsageError`.
    """
    length = sequence or shape.context or 2048
    if not tokens > 0 or length < 1:
        raise UsageError(f"{tokens} tokens in sequences of {length}: both must be more than 0")
    each = 4 if frozen else 6
    if not shape.encoder:
        return each * parameters(shape).multiplied * tokens + attention_flops(shape.layers, length) * tokens
    head = shape.vocab * shape.hidden
    inside = [
        sum(run.count * layer_active(shape.hidden, run) for run in one) for one in (shape.encoder, shape.layers)
    ]
    scores = [attention_flops(one, length) for one in (shape.encoder, shape.layers)]
    return tokens / 2 * (each * (inside[0] + inside[1] + head) + scores[0] + scores[1])


def attention_flops(layers: tuple[Layers, ...], sequence: int) -> float:
    """Operations of one token's attention in training, all layers; a window's layers see no more than the window."""
    return sum(
        6.0 * run.count * run.heads * (run.head_dim + run.values) * min(sequence, run.window or sequence)
        for run in layers
    )


def device_hours(flops: float, device: Device, utilisation: Interval = UTILISATION) -> Interval:
    """Hours of one device that so many operations take."""
    return (utilisation * (device.peak["fp16"] * 3600)).inverse(flops)


def implied_utilisation(flops: float, hours: float, device: Device) -> float:
    """Share of the peak that a run reached, from its hours. Raises `UsageError` for hours that are not positive."""
    if not hours > 0:
        raise UsageError(f"hours must be more than 0, not {hours}")
    return flops / (device.peak["fp16"] * 3600 * hours)


def training_memory(
    shape: Shape,
    devices: int = 1,
    *,
    stage: int = 3,
    sequence: int = 2048,
    batch: int = 1,
    recompute: Recompute = "attention",
    optimiser_bytes: float = 12,
) -> TrainingMemory:
    """Memory of full training in mixed precision with Adam: 2 bytes of weight, 2 of gradient, 12 of optimiser.

    `stage` of ZeRO (Rajbhandari and others, 2020) says what is shared out over `devices`: 0 nothing, 1 the
    optimiser, 2 the gradients as well, 3 the weights as well. `batch` is sequences a device works on at once;
    `optimiser_bytes` 6 for eight-bit Adam. Raises `UsageError`.
    """
    if devices < 1 or stage not in (0, 1, 2, 3):
        raise UsageError(f"{devices} devices at ZeRO stage {stage}", fix="1 device or more, and a stage of 0 to 3")
    count = parameters(shape).total
    return TrainingMemory(
        weights=2 * count / (devices if stage >= 3 else 1),
        gradients=2 * count / (devices if stage >= 2 else 1),
        optimiser=optimiser_bytes * count / (devices if stage >= 1 else 1),
        activations=kept_activations(shape, sequence, batch, recompute),
    )


def kept_activations(shape: Shape, sequence: int, batch: int, recompute: Recompute = "attention") -> float:
    """Bytes kept between the passes, in half precision: s b h (34 + 5 a s / h) a layer (Korthikanti et al., 2022).

    `attention`: without the term of the scores; `full`: the input of each layer (2 s b h), and one layer at work.
    Logits in single precision and their gradient come on top.
    """
    if sequence < 1 or batch < 1:
        raise UsageError(f"sequence {sequence} and batch {batch} must be at least 1")
    tokens, hidden = sequence * batch, shape.hidden
    logits = 8.0 * tokens * shape.vocab
    total, widest = 0.0, 0.0
    for run in (*shape.encoder, *shape.layers):
        plain = 34.0 * tokens * hidden * _wider(run, hidden)
        scores = 5.0 * run.heads * tokens * sequence if recompute == "none" else 0.0
        total += run.count * (2.0 * tokens * hidden if recompute == "full" else plain + scores)
        widest = max(widest, plain)
    return total + logits + (widest if recompute == "full" else 0.0)


def _wider(run: Layers, hidden: int) -> float:
    """Activations of a layer beside those of one with a feed-forward part four times its width: 19 of 34 are its."""
    inner = run.ffn + run.experts_used * run.expert_ffn
    return (15 + 19 * inner * (1.5 if run.gated else 1.0) / (4 * hidden)) / 34
