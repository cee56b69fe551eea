"""How many tokens a second: while prompts are read, while answers are written, and of a machine under full load."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from weighbridge.errors import UsageError, nearest
from weighbridge.sizing.constants import (
    GENERATIONS,
    LLAMA_CPP,
    PROCESSOR,
    SERVING,
    SPREAD,
    SPREAD_ELSEWHERE,
    Constants,
)
from weighbridge.sizing.device import Device
from weighbridge.sizing.fitting import Fit, fit
from weighbridge.sizing.interval import Interval, around, exactly
from weighbridge.sizing.memory import chosen_precision
from weighbridge.sizing.precision import Precision
from weighbridge.sizing.roofline import Roofline
from weighbridge.sizing.shape import Shape

BUSY = 32
"""Sequences at once from which the fitted rows tell; below, bounds are wider."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What a machine yields. Rates in tokens per second, times in seconds."""

    fit: Fit
    precision: Precision
    input_tokens: float
    """Of a request, on average."""
    output_tokens: float
    """Of an answer, on average."""
    sequences: int
    """At once in one replica."""
    prefill: Interval
    """Tokens of prompts read by one replica, nothing else going on."""
    decode: Interval
    """Tokens written by one replica, all its sequences together."""
    stream: Interval
    """Tokens of one sequence among them, as its reader sees them come."""
    alone: Interval
    """Tokens of a sequence that has a replica to itself."""
    first_token: Interval
    """Seconds to the first token of a request that need not wait."""
    output: Interval
    """Tokens written by the whole machine under as much load as it takes, its prompts read as well."""
    bound: str
    """What writing tokens waits for: ``compute``, ``memory``, ``links`` or ``overhead``."""
    source: Literal["predicted", "measured"] = "predicted"
    notes: tuple[str, ...] = ()

    @property
    def requests(self) -> Interval:
        """Requests a second of the whole machine, at most."""
        return self.output * (1 / self.output_tokens)


def rates(
    shape: Shape,
    device: Device,
    count: int = 1,
    kept: Precision | str = "bf16",
    *,
    input_tokens: float = 1000,
    output_tokens: float = 300,
    sequences: int | None = None,
    stream_at_least: float | None = None,
    split: int | None = None,
    cache_bits: float = 16,
    software: str = "current",
    constants: Constants | None = None,
) -> Rates:
    """Rates of `count` devices serving requests of these lengths; `sequences` at once in a replica, or all that fit.

    `stream_at_least`: no more sequences at once than leave each reader so many tokens a second (at least one).
    Raises `UsageError` where the model does not fit, does not write, or a length is not positive.
    """
    if not input_tokens > 0 or not output_tokens > 0:
        raise UsageError(f"lengths of {input_tokens} and {output_tokens} tokens: both must be more than 0")
    if software not in GENERATIONS:
        raise UsageError(f"no engine generation {software!r}", fix=nearest(software, GENERATIONS))
    if not shape.writes:
        raise UsageError(
            f"{shape.name} is an encoder: it writes no tokens", fix="its reading rate is that of `reading_rate`"
        )
    chosen = chosen_precision(shape, kept)
    whole = max(1, round(input_tokens + output_tokens))
    found = fit(shape, device, count, chosen, whole, sequences or 1, cache_bits=cache_bits, split=split)
    if found.split is None:
        raise UsageError(
            f"{shape.name} in {chosen.name} with {sequences or 1} x {whole} tokens does not fit on {count} x"
            f" {device.name}: {found.needed * count / 1e9:.0f} GB needed",
            fix="more or larger accelerators, a smaller precision (int4), fewer sequences or shorter ones",
        )
    line = roofline(shape, chosen, device, found.split, cache_bits, GENERATIONS[software], constants)
    many = sequences or found.sequences
    if stream_at_least is not None:
        many = _unhurried(line, many, input_tokens + output_tokens / 2, stream_at_least)
    held = input_tokens + output_tokens / 2
    step, single = line.decode(many, held), line.decode(1, held)
    read, first = line.prefill(8 * input_tokens, input_tokens), line.prefill(input_tokens, input_tokens)
    spread = spread_of(device, many)
    lonely = SPREAD_ELSEWHERE
    each = throughput(line, many, input_tokens, output_tokens)
    return Rates(
        fit=found,
        precision=chosen,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        sequences=many,
        prefill=around(8 * input_tokens / read.seconds, spread),
        decode=around(many / step.seconds, spread),
        stream=around(1 / step.seconds, spread),
        alone=around(1 / single.seconds, lonely),
        first_token=around(first.seconds + single.seconds, lonely),
        output=around(each * found.replicas, spread),
        bound=step.bound,
        notes=_notes(device, many, found, count),
    )


def _unhurried(line: Roofline, most: int, held: float, least: float) -> int:
    """The most sequences at once, up to `most`, each of which gets `least` tokens a second."""
    low, high = 1, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if line.decode(middle, held).seconds * least <= 1 else (low, middle)
    return low


def throughput(line: Roofline, sequences: int, input_tokens: float, output_tokens: float, beams: int = 1) -> float:
    """Tokens a second that a replica writes while it keeps `sequences` going and reads each one's prompt."""
    chunk = max(input_tokens, 8192.0)
    reading = line.prefill(chunk, input_tokens).seconds / chunk * input_tokens
    step = line.decode(sequences, input_tokens + beams * output_tokens / 2, beams)
    return sequences * output_tokens / (sequences * reading + output_tokens * step.seconds)


def reading_rate(shape: Shape, device: Device, kept: Precision | str = "bf16", tokens: float = 512) -> Interval:
    """Tokens a second that one device reads, texts of `tokens` each: encoders, embeddings, scoring."""
    line = roofline(shape, chosen_precision(shape, kept), device, 1)
    return around(16 * tokens / line.prefill(16 * tokens, tokens).seconds, spread_of(device, BUSY))


def roofline(
    shape: Shape,
    kept: Precision,
    device: Device,
    split: int,
    cache_bits: float = 16,
    software: float = 1.0,
    constants: Constants | None = None,
) -> Roofline:
    """A replica, with the constants fitted for its kind of device."""
    packed = LLAMA_CPP if kept.arithmetic == "blocks" else SERVING
    fitted = constants or (PROCESSOR if device.kind == "cpu" else packed)
    return Roofline(shape, kept, device, split, fitted, cache_bits, software)


def measured(predicted: Rates, tokens_per_second: float | Interval, *, sequences: int | None = None) -> Rates:
    """Rates with one's own measured rate of writing tokens, of the whole machine, in place of the prediction.

    Everything that was predicted beside it is scaled by what the prediction was wrong by; its bounds shrink to those
    of the measurement. Raises `UsageError` for a rate that is not positive.
    """
    found = tokens_per_second if isinstance(tokens_per_second, Interval) else exactly(tokens_per_second)
    if not found.low > 0:
        raise UsageError(f"a measured rate must be more than 0 tokens a second, not {found.low}")
    off = found.likely / predicted.output.likely

    def scaled(rate: Interval) -> Interval:
        likely = rate.likely * off
        return Interval(likely * found.low / found.likely, likely, likely * found.high / found.likely)

    first = predicted.first_token.likely / off
    return replace(
        predicted,
        sequences=sequences or predicted.sequences,
        prefill=scaled(predicted.prefill),
        decode=scaled(predicted.decode),
        stream=scaled(predicted.stream),
        alone=scaled(predicted.alone),
        first_token=Interval(first * found.likely / found.high, first, first * found.likely / found.low),
        output=found,
        source="measured",
        notes=(f"measured: {off:.2f} times the prediction",),
    )


def spread_of(device: Device, sequences: int) -> float:
    """Bounds of a predicted rate, as a logarithm."""
    return SPREAD if device.calibrated and sequences >= BUSY else SPREAD_ELSEWHERE


def _notes(device: Device, sequences: int, found: Fit, count: int) -> tuple[str, ...]:
    notes = []
    if not device.calibrated:
        notes.append(f"no measured row is of {device.name} or its kin: the bounds are wider")
    if sequences < BUSY:
        notes.append(f"the measured rows hold many sequences at once, not {sequences}: the bounds are wider")
    if found.split is not None and found.split * found.replicas < count:
        notes.append(f"{count - found.split * found.replicas} of {count} devices stay idle")
    return tuple(notes)
