"""Finds the JSON in an answer: alone, in a fenced block, or with words around it."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from weighbridge.tasks.cell import Cell

_FENCE = re.compile(r"```[ \t]*([A-Za-z0-9_-]*)[ \t]*\r?\n(.*?)(?:\r?\n)?[ \t]*```", re.DOTALL)
TRIES = 200
"""Opening brackets tried in an answer with words around its JSON."""


class NoJsonError(ValueError):
    """There is no JSON in the text."""


def _strict(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_strict)


def read_json_answer(text: str, *, bare: bool = False) -> Cell:
    """The value an answer holds. Raises NoJsonError with the reason.

    The whole text, else the last fenced block that is JSON, else the longest object or list in the text. With `bare`
    only the whole text counts. NaN and Infinity are not JSON.
    """
    text = text.strip().removeprefix("\ufeff")
    try:
        return _value(text)
    except NoJsonError as error:
        reason = error
    if bare:
        raise reason
    blocks = [match[2] for match in _FENCE.finditer(text)]
    for block in reversed(blocks):
        try:
            return _value(block.strip())
        except NoJsonError as error:
            reason = error
    found: tuple[int, Any] | None = None
    position = 0
    for _ in range(TRIES):
        opening = min((at for at in (text.find("{", position), text.find("[", position)) if at >= 0), default=-1)
        if opening < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, opening)
        except (ValueError, RecursionError):
            position = opening + 1
            continue
        if found is None or end - opening > found[0]:
            found = (end - opening, value)
        position = end
    if found is None:
        raise reason
    return found[1]


def _value(text: str) -> Cell:
    try:
        value, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise NoJsonError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NoJsonError("it is nested too deep") from None
    except ValueError as error:
        raise NoJsonError(str(error)) from None
    if text[end:].strip():
        raise NoJsonError("there is more text behind the JSON")
    return value
