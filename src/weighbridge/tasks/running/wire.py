"""Values as they pass between a program and its tests: rebuilt from plain parts, so that nothing of the program's own
classes (an ``__eq__`` that always agrees) comes along. What has no plain form stays where it is and is named by
number.
"""

from __future__ import annotations

import datetime
import fractions
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

Coded = list[Any]
"""A tag and its parts, ready for JSON."""

DEEPEST = 200
"""Levels of nesting that pass."""

MOMENTS: dict[str, Any] = {
    "date": datetime.date,
    "datetime": datetime.datetime,
    "time": datetime.time,
}
PLAIN_TYPES = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, object)


class WireError(Exception):
    """A message that cannot be read or is nested too deep."""


def encode(value: object, keep: Callable[[object], Coded], depth: int = 0) -> Coded:
    """`value` as tags and parts; `keep` names what has no plain form. No method of its own class is used."""
    if depth > DEEPEST:
        raise WireError("a value is nested too deep")
    kind = type(value)
    if value is None or value is Ellipsis or value is NotImplemented:
        return ["c", repr(value)]
    if isinstance(value, bool):
        return ["b", value is True]
    if isinstance(value, int):
        return ["i", format(int.__pos__(value), "x")]
    if isinstance(value, float):
        return ["f", float.hex(value)]
    if isinstance(value, complex):
        return ["z", float.hex(complex.__getattribute__(value, "real")), float.hex(value.imag)]
    if isinstance(value, str):
        return ["s", str.__str__(value) if kind is str else "".join(str.__iter__(value))]
    if isinstance(value, bytes):
        return ["y", bytes.hex(value)]
    if isinstance(value, bytearray):
        return ["Y", bytearray.hex(value)]
    below = depth + 1
    if isinstance(value, list):
        return ["l", [encode(each, keep, below) for each in list.__iter__(value)]]
    if isinstance(value, tuple):
        return ["t", [encode(each, keep, below) for each in tuple.__iter__(value)]]
    if isinstance(value, dict):
        return ["d", [[encode(k, keep, below), encode(v, keep, below)] for k, v in dict.items(value)]]
    if isinstance(value, set):
        return ["S", [encode(each, keep, below) for each in set.__iter__(value)]]
    if isinstance(value, frozenset):
        return ["F", [encode(each, keep, below) for each in frozenset.__iter__(value)]]
    if isinstance(value, deque):
        return ["q", [encode(each, keep, below) for each in deque.__iter__(value)]]
    return _rarer(value, kind, keep, below)


def _rarer(value: object, kind: type, keep: Callable[[object], Coded], below: int) -> Coded:
    if kind is range and isinstance(value, range):
        return ["r", [format(part, "x") for part in (value.start, value.stop, value.step)]]
    if kind is slice and isinstance(value, slice):
        return ["k", [encode(part, keep, below) for part in (value.start, value.stop, value.step)]]
    if kind is Decimal:
        return ["D", str(value)]
    if kind is fractions.Fraction and isinstance(value, fractions.Fraction):
        return ["R", format(value.numerator, "x"), format(value.denominator, "x")]
    if kind is datetime.timedelta and isinstance(value, datetime.timedelta):
        return ["T", value.days, value.seconds, value.microseconds]
    for name, moment in MOMENTS.items():
        if kind is moment:
            return ["m", name, str(MOMENTS[name].isoformat(value))]
    if isinstance(value, type) and value in PLAIN_TYPES:
        return ["p", value.__name__]
    if (kind.__module__ or "").split(".")[0] == "numpy":
        return _of_numpy(value, keep, below)
    return keep(value)


def _of_numpy(value: Any, keep: Callable[[object], Coded], below: int) -> Coded:  # noqa: ANN401 - numpy may be absent
    import numpy as np

    if isinstance(value, np.generic) and type(value).__module__ == "numpy":
        return encode(value.item(), keep, below)
    if type(value) is np.ndarray and value.dtype.kind in "biufcSU":
        return ["n", value.dtype.str, list(value.shape), np.ascontiguousarray(value).tobytes().hex()]
    return keep(value)


def decode(coded: Coded, find: Callable[[Coded], Any], depth: int = 0) -> Any:  # noqa: ANN401 - it is whatever was sent
    """The value again; `find` knows what was named by number. Raises `WireError` for anything else."""
    if depth > DEEPEST:
        raise WireError("a message is nested too deep")
    try:
        return _decoded(coded, find, depth + 1)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
        raise WireError(f"a message cannot be read: {error}") from None


def _decoded(coded: Coded, find: Callable[[Coded], Any], below: int) -> Any:  # noqa: ANN401 - it is whatever was sent
    tag, *parts = coded

    def each(values: list[Coded]) -> list[Any]:
        return [decode(value, find, below) for value in values]

    match tag:
        case "c":
            return {"None": None, "Ellipsis": Ellipsis, "NotImplemented": NotImplemented}[parts[0]]
        case "b":
            return bool(parts[0])
        case "i":
            return int(parts[0], 16)
        case "f":
            return float.fromhex(parts[0])
        case "z":
            return complex(float.fromhex(parts[0]), float.fromhex(parts[1]))
        case "s":
            return str(parts[0])
        case "y":
            return bytes.fromhex(parts[0])
        case "Y":
            return bytearray.fromhex(parts[0])
        case "l":
            return each(parts[0])
        case "t":
            return tuple(each(parts[0]))
        case "d":
            return {decode(k, find, below): decode(v, find, below) for k, v in parts[0]}
        case "S":
            return set(each(parts[0]))
        case "F":
            return frozenset(each(parts[0]))
        case "q":
            return deque(each(parts[0]))
        case "r":
            return range(*(int(part, 16) for part in parts[0]))
        case "k":
            return slice(*each(parts[0]))
        case "D":
            return Decimal(parts[0])
        case "R":
            return fractions.Fraction(int(parts[0], 16), int(parts[1], 16))
        case "T":
            return datetime.timedelta(*map(int, parts))
        case "m":
            return MOMENTS[parts[0]].fromisoformat(parts[1])
        case "p":
            return next(kind for kind in PLAIN_TYPES if kind.__name__ == parts[0])
        case "n":
            import numpy as np

            return np.frombuffer(bytes.fromhex(parts[2]), dtype=np.dtype(parts[0])).reshape(parts[1]).copy()
    return find(coded)
