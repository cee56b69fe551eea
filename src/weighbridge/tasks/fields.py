"""Two JSON values, compared field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from weighbridge.tasks.cell import Cell

Path = tuple[str | int, ...]
ABSENT = object()


def spelled(path: Path) -> str:
    """``order.lines[0].sku``"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "(the value itself)"


def leaves(value: Cell, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field that holds no further field; an empty object or list is a field of its own."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, str(name)))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


def at(value: Cell, path: Path) -> Cell:
    """The value at `path`, or `ABSENT`."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else ABSENT
        else:
            value = value[step] if isinstance(value, dict) and step in value else ABSENT
    return value


def ordered_like(value: Cell, reference: Cell, same: Callable[[Any, Any], bool]) -> Cell:
    """`value` with the entries of each list put where an equal entry of the reference stands, as far as there is
    one: for lists whose order does not matter."""
    if isinstance(value, dict) and isinstance(reference, dict):
        return {name: ordered_like(inner, reference.get(name, ABSENT), same) for name, inner in value.items()}
    if not (isinstance(value, list) and isinstance(reference, list)):
        return value
    rest = list(value)
    placed: list[Any] = []
    for wanted in reference:
        index = next((number for number, entry in enumerate(rest) if alike(entry, wanted, same)), None)
        placed.append(ABSENT if index is None else rest.pop(index))
    filled = [rest.pop(0) if entry is ABSENT and rest else entry for entry in placed]
    return [ordered_like(entry, wanted, same) for entry, wanted in zip(filled, reference, strict=True)] + rest


def alike(one: Cell, other: Cell, same: Callable[[Any, Any], bool]) -> bool:
    """Whether two values are equal in every field, lists in any order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(inner, other[name], same) for name, inner in one.items())
    if isinstance(one, list) and isinstance(other, list):
        rest = list(other)
        for entry in one:
            index = next((number for number, each in enumerate(rest) if alike(entry, each, same)), None)
            if index is None:
                return False
            rest.pop(index)
        return not rest
    return same(one, other)


def compare(answer: Cell, reference: Cell, same: Callable[[Any, Any], bool]) -> dict[str, bool]:
    """For each field of the reference whether the answer has it right; entries a list has too many count as wrong.

    A field that is null in the reference may be left out of the answer.
    """
    verdicts = {}
    for path, wanted in leaves(reference):
        found = at(answer, path)
        verdicts[spelled(path)] = wanted is None if found is ABSENT else same(found, wanted)
    for path, _ in leaves(answer):
        lists = [index for index, step in enumerate(path) if isinstance(step, int)]
        for index in lists:
            within = at(reference, path[:index])
            if isinstance(within, list) and within and int(path[index]) >= len(within):
                verdicts[spelled(path[: index + 1])] = False
    return verdicts


def extra(answer: Cell, reference: Cell) -> list[str]:
    """Fields of the answer for which the reference has no place."""
    return [
        spelled(path)
        for path, _ in leaves(answer)
        if path and at(reference, path) is ABSENT and not any(isinstance(step, int) for step in path)
    ]
