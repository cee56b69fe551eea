"""Fitting the roofline to measured rates: the published rows it ships with, or one's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from weighbridge.errors import UsageError
from weighbridge.sizing.constants import Constants
from weighbridge.sizing.device import Device
from weighbridge.sizing.fitting import fit
from weighbridge.sizing.precision import Precision
from weighbridge.sizing.rates import throughput
from weighbridge.sizing.roofline import Roofline
from weighbridge.sizing.shape import Shape

PRIOR = Constants(
    compute=0.5, bandwidth=0.8, link=0.5, power=0.3, experts=0.7, layer_s=3e-5, sequence_s=2e-5, server=0.93
)
"""Where a fit begins and is drawn to: 0.8 of the memory's peak is what single kernels reach (profiles of the four
matrix products of a Llama-2-70B layer on H100); the rest are round figures."""

_LOOSE = Constants(
    compute=0.4, bandwidth=0.1, link=0.5, power=0.15, experts=0.3, layer_s=0.3, sequence_s=1.0, server=0.1
)
"""How far, as logarithms (`power`: as it is), a fit may drift from it."""

_PLAIN = [field.name == "power" for field in fields(Constants)]
_NOISE = 0.15
"""Error of a row that is not the model's, as a logarithm: two submitters of one system differ by as much."""
_FAR = 1.5
"""Errors beyond so many of these count by their size and no more by its square (Huber)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured rate."""

    name: str
    """What rows are left out together by: the chip."""
    shape: Shape
    device: Device
    count: int
    """Devices of the machine."""
    precision: Precision
    input_tokens: float
    output_tokens: float
    rate: float
    """Tokens written a second, of one device."""
    beams: int = 1
    """Answers tried side by side for each one written (beam search)."""
    limited: bool = False
    """Whether answers had to keep a time limit."""
    cache_bits: float = 8
    software: float = 1.0


def predicted(row: Row, constants: Constants) -> float:
    """Tokens a second of one device that the roofline expects. Raises `UsageError` where the model does not fit."""
    whole = max(1, round(row.input_tokens + row.beams * row.output_tokens))
    found = fit(row.shape, row.device, row.count, row.precision, whole, 1, cache_bits=row.cache_bits)
    if found.split is None:
        raise UsageError(f"{row.shape.name} does not fit on {row.count} x {row.device.name}")
    line = Roofline(row.shape, row.precision, row.device, found.split, constants, row.cache_bits, row.software)
    rate = throughput(line, found.sequences, row.input_tokens, row.output_tokens, row.beams) / found.split
    return rate * (constants.server if row.limited else 1.0)


def calibrated(rows: Sequence[Row], prior: Constants = PRIOR, *, rounds: int = 25) -> Constants:
    """Constants under which the roofline comes closest to `rows`, in logarithms; drawn to `prior`.

    Levenberg-Marquardt on Huber's weights. Rows of one model on one chip share their weight: its square root.
    Raises `UsageError` without rows.
    """
    if not rows:
        raise UsageError("no rows to fit to")
    many = Counter((row.name, row.shape.name) for row in rows)
    share = np.array([many[(row.name, row.shape.name)] ** -0.25 for row in rows])
    target = np.log([row.rate for row in rows])
    middle, loose = _packed(prior), np.array(astuple(_LOOSE))

    def errors(packed: NDArray[np.float64]) -> NDArray[np.float64]:
        constants = _unpacked(packed)
        found = np.log([predicted(row, constants) for row in rows])
        off = (found - target) / _NOISE
        size = np.maximum(np.abs(off), 1e-12)
        bent = np.where(size <= _FAR, off, np.sign(off) * np.sqrt(_FAR * np.maximum(2 * size - _FAR, 0)))
        return np.concatenate([share * bent, (packed - middle) / loose])

    return _unpacked(_least_squares(errors, middle, rounds))


def left_out(rows: Sequence[Row], prior: Constants = PRIOR) -> list[float]:
    """What each row is expected to yield by constants fitted to the rows of other chips only."""
    fitted = {
        name: calibrated([row for row in rows if row.name != name], prior) for name in {row.name for row in rows}
    }
    return [predicted(row, fitted[row.name]) for row in rows]


def spreads(rows: Sequence[Row], expected: Sequence[float], share: float = 0.9) -> list[float]:
    """For each row, the logarithm of error that `share` of the rows of other chips keep."""
    size = np.abs(np.log(np.array([row.rate for row in rows]) / np.array(expected)))
    names = np.array([row.name for row in rows])
    return [float(np.quantile(size[names != row.name], share)) for row in rows]


def rank_agreement(first: Sequence[float], second: Sequence[float]) -> float:
    """Kendall's tau-b of two lists, from -1 to 1."""
    a, b = np.asarray(first, float), np.asarray(second, float)
    left, right = np.sign(a[:, None] - a), np.sign(b[:, None] - b)
    upper = np.triu_indices(len(a), 1)
    agree = float((left * right)[upper].sum())
    return agree / float(np.sqrt((left[upper] != 0).sum() * (right[upper] != 0).sum()))


def _least_squares(
    errors: Callable[[NDArray[np.float64]], NDArray[np.float64]], start: NDArray[np.float64], rounds: int
) -> NDArray[np.float64]:
    at, damping = start, 1e-2
    now = errors(at)
    for _ in range(rounds):
        slopes = np.stack([(errors(at + nudge) - now) / 1e-4 for nudge in 1e-4 * np.eye(len(at))], axis=1)
        square, towards = slopes.T @ slopes, slopes.T @ now
        for _ in range(8):
            step = np.linalg.solve(square + damping * np.diag(np.diag(square)), -towards)
            tried = errors(at + step)
            if tried @ tried < now @ now:
                break
            damping *= 5
        else:
            return at
        gain, at, now, damping = now @ now - tried @ tried, at + step, tried, damping / 3
        if gain < 1e-6:
            return at
    return at


def _packed(constants: Constants) -> NDArray[np.float64]:
    values = astuple(constants)
    return np.array([value if plain else np.log(value) for value, plain in zip(values, _PLAIN, strict=True)])


def _unpacked(packed: NDArray[np.float64]) -> Constants:
    values = [float(value if plain else np.exp(value)) for value, plain in zip(packed, _PLAIN, strict=True)]
    names = [field.name for field in fields(Constants)]
    return replace(PRIOR, **dict(zip(names, values, strict=True)))
