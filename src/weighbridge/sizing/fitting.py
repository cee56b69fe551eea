"""What a model fits on: how many devices, how they split it, and how many sequences they then hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from weighbridge.errors import UsageError
from weighbridge.sizing.device import GB, Device
from weighbridge.sizing.memory import activation_bytes, chosen_precision, copies, sequence_cache
from weighbridge.sizing.precision import Precision, weight_bytes
from weighbridge.sizing.shape import Shape

USABLE = 0.9
"""Share of a device's memory that engines take for themselves; the rest is left to the driver and fragments."""
MOST_SEQUENCES = 1024
"""Sequences at once that engines are set to hold, even where memory would allow more."""
ROOMY = 2 / 3
"""Share of memory that weights may take before a replica is split further, where devices are left: beyond it too few
sequences fit beside them to keep the device busy."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a model runs on a number of like devices."""

    device: Device
    count: int
    """Devices in the machine."""
    split: int | None
    """Devices of one replica (tensor parallel); None: it does not fit."""
    replicas: int
    sequences: int
    """That one replica holds at once at the context asked for; 0: it does not fit."""
    longest: int
    """Tokens that a single sequence may have, as far as memory goes."""
    weights: float
    """Bytes on each device."""
    needed: float
    """Bytes on each device for weights, the sequences asked for and working space."""

    @property
    def fits(self) -> bool:
        return self.split is not None

    def __str__(self) -> str:
        if self.split is None:
            return f"does not fit on {self.count} x {self.device.name}"
        parts = f" ({self.replicas} replicas of {self.split})" if self.replicas > 1 else ""
        return (
            f"fits on {self.count} x {self.device.name}{parts}: {self.needed / GB:.1f} of "
            f"{self.device.memory * USABLE / GB:.1f} GB each, up to {self.sequences} sequences at once"
        )


def fit(
    shape: Shape,
    device: Device,
    count: int = 1,
    kept: Precision | str = "bf16",
    context: int = 4096,
    batch: int = 1,
    *,
    cache_bits: float = 16,
    split: int | None = None,
) -> Fit:
    """Whether `batch` sequences of `context` tokens fit on `count` of `device`, and how it is best split.

    The smallest power of two of devices on which the weights leave a third of the memory free; a smaller one where
    there are no more devices. `split` asks for one degree. Raises `UsageError` for counts below one.
    """
    if count < 1 or context < 1 or batch < 1 or (split is not None and not 1 <= split <= count):
        raise UsageError(f"count {count}, context {context}, batch {batch} and split {split} must be at least 1")
    chosen = chosen_precision(shape, kept)
    degrees = [split] if split is not None else [1 << power for power in range(count.bit_length())]
    found: Fit | None = None
    for degree in degrees:
        one = _split(shape, device, count, chosen, context, batch, cache_bits, degree)
        if one is None:
            continue
        found = one
        if one.weights <= ROOMY * device.memory:
            break
    if found is not None:
        return found
    most = degrees[-1]
    weights = weight_bytes(shape, chosen) / most
    needed = weights + (batch * sequence_cache(shape, context, cache_bits)) / most
    return Fit(device, count, None, 0, 0, 0, weights, needed)


def fewest(
    shape: Shape,
    devices: Iterable[Device],
    kept: Precision | str = "bf16",
    context: int = 4096,
    batch: int = 1,
    *,
    most: int = 16,
    cache_bits: float = 16,
) -> list[Fit]:
    """For each device, the fewest of it (1, 2, 4, ... up to `most`) that the model fits on, or that it does not."""
    found = []
    for one in devices:
        count = 1
        while True:
            tried = fit(shape, one, count, kept, context, batch, cache_bits=cache_bits)
            if tried.fits or count * 2 > most or (one.kind == "cpu") or one.link is None:
                break
            count *= 2
        found.append(tried)
    return found


def _split(
    shape: Shape,
    device: Device,
    count: int,
    kept: Precision,
    context: int,
    batch: int,
    cache_bits: float,
    degree: int,
) -> Fit | None:
    weights = weight_bytes(shape, kept) / degree
    working = activation_bytes(shape, context, 1, kept) / degree
    room = device.memory * USABLE - weights - working
    held = copies(shape, degree)
    each = sequence_cache(shape, context, cache_bits) * held / degree
    if room <= 0 or each * batch > room or (degree > 1 and device.link is None):
        return None
    sequences = MOST_SEQUENCES if each == 0 else min(MOST_SEQUENCES, int(room / each))
    return Fit(
        device=device,
        count=count,
        split=degree,
        replicas=count // degree,
        sequences=max(sequences, batch),
        longest=_longest(shape, room * degree / held, cache_bits),
        weights=weights,
        needed=weights + each * batch + working,
    )


def _longest(shape: Shape, room: float, bits: float) -> int:
    """Tokens of one sequence that keep to `room`, no more than the model was made for."""
    most = shape.context or 1 << 24
    if sequence_cache(shape, most, bits) <= room:
        return most
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if sequence_cache(shape, middle, bits) <= room else (low, middle)
    return low
