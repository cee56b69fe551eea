"""The formats that can be read: one module each, imported when logs are to be recognised and not before."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache

from weighbridge.errors import UsageError, nearest
from weighbridge.logs.log import Reader

MODULES: tuple[str, ...] = (
    "inspect_reader",
    "lm_eval",
    "promptfoo",
    "openai_evals",
    "helm",
    "alpaca_eval",
    "mt_bench",
    "zeroeval",
    "every_eval_ever",
)
"""Modules of this package that hold a `READER`; in this order formats are tried and listed."""


@cache
def readers() -> dict[str, Reader]:
    """Every reader by format name, in the order of `MODULES`; one whose module is not there is passed over."""
    found: dict[str, Reader] = {}
    for name in MODULES:
        module = f"weighbridge.logs.{name}"
        if importlib.util.find_spec(module) is None:
            continue
        reader: Reader = importlib.import_module(module).READER
        found[reader.name] = reader
    return found


def reader_of(name: str) -> Reader:
    """The reader of a format. UsageError with the nearest match."""
    known = readers()
    if name not in known:
        raise UsageError(f"there is no log format {name!r}", where="format", fix=nearest(name, known))
    return known[name]
