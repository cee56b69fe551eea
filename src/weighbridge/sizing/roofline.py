"""How long reading prompts and writing tokens takes: the slower of computing and reading memory, plus the rest.

Time of a step over `rows` tokens on `split` devices: the matrices' (the larger of reading the weights and of
computing), then reading keys and values, then adding up partial sums over the links (two all-reduces a layer), then
overheads; kernels run one after another. Formulas after the roofline model (Williams and others, 2009) as serving
calculators use it; the shares of the peaks are fitted (`constants`).
"""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.sizing.constants import Constants
from weighbridge.sizing.device import Device
from weighbridge.sizing.memory import CHUNK, copies, sequence_cache
from weighbridge.sizing.parameters import expert_numbers, multiplied, parameters
from weighbridge.sizing.precision import Precision, weight_bytes
from weighbridge.sizing.shape import Shape

_H100 = 700 / 989e12
"""Watts per half-precision operation of the accelerator that most rows are from."""


@dataclass(frozen=True, slots=True)
class Step:
    """Seconds of one pass, by what they go to."""

    compute: float
    """Matrix products, were the weights there at once."""
    weights: float
    """Reading the weights."""
    cache: float
    """Reading keys and values."""
    link: float
    """All-reduces between devices."""
    overhead: float
    serial: bool = False
    """Whether computing waits for reading (CPUs: one thread does both), instead of going on beside it."""

    @property
    def seconds(self) -> float:
        matrices = self.compute + self.weights if self.serial else max(self.compute, self.weights)
        return matrices + self.cache + self.link + self.overhead

    @property
    def bound(self) -> str:
        """What takes longest."""
        parts = {
            "compute": self.compute if self.compute >= self.weights else 0.0,
            "memory": self.cache + (self.weights if self.weights > self.compute else 0.0),
            "links": self.link,
            "overhead": self.overhead,
        }
        return max(parts, key=lambda name: parts[name])


@dataclass(frozen=True, slots=True)
class Roofline:
    """One replica: a model in one precision on `split` like devices, under one engine."""

    shape: Shape
    precision: Precision
    device: Device
    split: int
    constants: Constants
    cache_bits: float = 16
    software: float = 1.0

    def decode(self, sequences: int, context: float, beams: int = 1) -> Step:
        """One token for each of `sequences` (times `beams`) that hold `context` tokens each on average."""
        rows = sequences * beams
        held = (
            sequence_cache(self.shape, max(1, round(context)), self.cache_bits)
            * sequences
            * copies(self.shape, self.split)
        )
        return self._step(rows, held, self.constants.sequence_s * rows, reading=False)

    def prefill(self, tokens: float, context: float) -> Step:
        """Reading `tokens` of prompts, each prompt `context` long, in chunks."""
        chunks = max(1.0, tokens / CHUNK)
        step = self._step(tokens / chunks, 0.0, 0.0, reading=True)
        heads = sum(run.count * run.heads * (run.head_dim + run.values) for run in self.shape.layers)
        attention = tokens * heads * min(context, self._widest_window()) / self._operations()  # half of all pairs
        return Step(
            step.compute * chunks + attention,
            step.weights * chunks,
            0.0,
            step.link * chunks,
            step.overhead * chunks,
            step.serial,
        )

    def weights_read(self, rows: float) -> float:
        """Bytes of the weights that a pass over `rows` tokens touches: E (1 - (1 - k/E)^rows) experts of E."""
        every = weight_bytes(self.shape, self.precision)
        words = parameters(self.shape).embedding * self.precision.outside / 8
        idle = 0.0
        for run in self.shape.layers:
            if run.experts:
                untouched = run.experts * (1 - run.experts_used / run.experts) ** rows
                idle += run.count * untouched * expert_numbers(self.shape.hidden, run) * self.precision.bits / 8
        return max(0.0, every - words - idle)

    def _step(self, rows: float, held: float, overhead: float, *, reading: bool) -> Step:
        shape, each = self.shape, self.constants
        numbers = multiplied(shape, reading=reading)
        part = numbers / parameters(shape).multiplied if shape.encoder else 1.0
        read = self.weights_read(rows) * part
        bandwidth = self.split * self.device.bandwidth * each.bandwidth
        return Step(
            compute=2 * numbers * rows / self._operations(),
            weights=read / bandwidth,
            cache=held / bandwidth,
            link=self._reduced(rows),
            overhead=shape.depth * each.layer_s + overhead,
            serial=self.device.kind == "cpu",
        )

    def _operations(self) -> float:
        """Operations a second that matrix products reach on all devices of the replica."""
        each, device = self.constants, self.device
        spare = (device.watts / device.peak["fp16"] / _H100) ** each.power if device.watts else 1.0
        mixture = each.experts if self.shape.mixture else 1.0
        peak = device.operations(self.precision.arithmetic)
        return self.split * peak * each.compute * spare * mixture * self.software

    def _reduced(self, rows: float) -> float:
        if self.split == 1:
            return 0.0
        if self.device.link is None:
            return float("inf")
        moved = 2 * self.shape.depth * rows * self.shape.hidden * 2 * 2 * (self.split - 1) / self.split
        return moved / (self.device.link * self.constants.link)

    def _widest_window(self) -> float:
        return max((run.window or float("inf") for run in self.shape.layers), default=float("inf"))
