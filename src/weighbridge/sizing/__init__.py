"""Compute: what a model's shape says of memory, rates, and training.

`shape_of` reads the shape, `memory` and `fit` say what it takes and what it runs on, `rates` how fast, `tuning` what
changing it takes. Rates and hours are intervals.
"""

from __future__ import annotations

from weighbridge.sizing.device import Device, cpu, device, this_cpu
from weighbridge.sizing.fitting import Fit, fewest, fit
from weighbridge.sizing.interval import Interval
from weighbridge.sizing.memory import Memory, cache_per_token, memory, sequence_cache
from weighbridge.sizing.observed import observed_rate
from weighbridge.sizing.parameters import Parameters, parameters
from weighbridge.sizing.precision import PRECISIONS, Precision, as_stored, precision, weight_bytes
from weighbridge.sizing.rates import Rates, measured, rates, reading_rate
from weighbridge.sizing.reading import shape_of, shape_of_config, shape_of_facts
from weighbridge.sizing.shape import Layers, Shape, Stored
from weighbridge.sizing.training import device_hours, training_flops, training_memory
from weighbridge.sizing.tuning import Tuning, tuning

__all__ = [
    "PRECISIONS",
    "Device",
    "Fit",
    "Interval",
    "Layers",
    "Memory",
    "Parameters",
    "Precision",
    "Rates",
    "Shape",
    "Stored",
    "Tuning",
    "as_stored",
    "cache_per_token",
    "cpu",
    "device",
    "device_hours",
    "fewest",
    "fit",
    "measured",
    "memory",
    "observed_rate",
    "parameters",
    "precision",
    "rates",
    "reading_rate",
    "sequence_cache",
    "shape_of",
    "shape_of_config",
    "shape_of_facts",
    "this_cpu",
    "training_flops",
    "training_memory",
    "tuning",
    "weight_bytes",
]
