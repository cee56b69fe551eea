"""Compute: what a model's shape says of memory, rates, training, and the bill of a load.

`shape_of` reads the shape, `memory` and `fit` say what it takes and what it runs on, `rates` how fast, `tuning` what
changing it takes; `serving_cost` what a load costs on machines of one's own, `break_even` from which volume that is
cheaper than paying by the call. Rates, hours and money are intervals.
"""

from __future__ import annotations

from weighbridge.sizing.breakeven import BreakEven, Crossing, break_even
from weighbridge.sizing.calls import Calls, calls
from weighbridge.sizing.demand import Capacity, day
from weighbridge.sizing.device import Device, cpu, device, this_cpu
from weighbridge.sizing.fitting import Fit, fewest, fit
from weighbridge.sizing.interval import Interval
from weighbridge.sizing.memory import Memory, cache_per_token, memory, sequence_cache
from weighbridge.sizing.observed import observed_rate
from weighbridge.sizing.parameters import Parameters, parameters
from weighbridge.sizing.precision import PRECISIONS, Precision, as_stored, precision, weight_bytes
from weighbridge.sizing.rates import Rates, measured, rates, reading_rate
from weighbridge.sizing.reading import shape_of, shape_of_config, shape_of_facts
from weighbridge.sizing.serving import Hosting, ServingCost, hosting, hour_of, serving_cost
from weighbridge.sizing.shape import Layers, Shape, Stored
from weighbridge.sizing.training import device_hours, training_flops, training_memory
from weighbridge.sizing.tuning import Tuning, tuning

__all__ = [
    "PRECISIONS",
    "BreakEven",
    "Calls",
    "Capacity",
    "Crossing",
    "Device",
    "Fit",
    "Hosting",
    "Interval",
    "Layers",
    "Memory",
    "Parameters",
    "Precision",
    "Rates",
    "ServingCost",
    "Shape",
    "Stored",
    "Tuning",
    "as_stored",
    "break_even",
    "cache_per_token",
    "calls",
    "cpu",
    "day",
    "device",
    "device_hours",
    "fewest",
    "fit",
    "hosting",
    "hour_of",
    "measured",
    "memory",
    "observed_rate",
    "parameters",
    "precision",
    "rates",
    "reading_rate",
    "sequence_cache",
    "serving_cost",
    "shape_of",
    "shape_of_config",
    "shape_of_facts",
    "this_cpu",
    "training_flops",
    "training_memory",
    "tuning",
    "weight_bytes",
]
