"""Compute: what a model's shape says of memory, rates and training."""

from __future__ import annotations

from weighbridge.sizing.memory import Memory, cache_per_token, memory, sequence_cache
from weighbridge.sizing.parameters import Parameters, parameters
from weighbridge.sizing.precision import PRECISIONS, Precision, precision, weight_bytes
from weighbridge.sizing.reading import shape_of, shape_of_config
from weighbridge.sizing.shape import Layers, Shape, Stored

__all__ = [
    "PRECISIONS",
    "Layers",
    "Memory",
    "Parameters",
    "Precision",
    "Shape",
    "Stored",
    "cache_per_token",
    "memory",
    "parameters",
    "precision",
    "sequence_cache",
    "shape_of",
    "shape_of_config",
    "weight_bytes",
]
