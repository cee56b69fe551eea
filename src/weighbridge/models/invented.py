"""Right and wrong answers for `simulated:`, made from an item's reference."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


def right_answer(reference: object) -> str:
    """The reference as a model would write it: texts as they are, the rest as JSON."""
    if isinstance(reference, str):
        return reference
    return msgspec.json.encode(reference).decode()


def wrong_answer(reference: object, choices: tuple[str, ...] | None, draw: float) -> str:
    """An answer that shares nothing with the reference; `draw` in [0, 1) picks one.

    Another choice where there are choices; another number for a number; every leaf another for an object or a list;
    a made-up word otherwise.
    """
    right = right_answer(reference)
    others = [choice for choice in choices or () if choice.strip().lower() != right.strip().lower()]
    if others:
        return others[int(draw * len(others)) % len(others)]
    return right_answer(_changed(reference, draw))


def _changed(value: object, draw: float) -> Any:  # noqa: ANN401 - any JSON value in, one of its shape out
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return _number(value, draw)
    if isinstance(value, dict):
        return {name: _changed(part, draw) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_changed(part, draw) for part in value] or [_word("", draw)]
    text = "" if value is None else str(value)
    try:
        number = float(text) if "." in text else int(text)
    except ValueError:
        return _word(text, draw)
    return str(_number(number, draw))


def _number(value: int | float, draw: float) -> int | float:
    """A number that is far from `value` and does not hold its digits."""
    for step in range(1, 50):
        other = value + (1 + int(draw * 9) + step) * (11 if abs(value) < 100 else max(1, int(abs(value)) // 7))
        if str(value) not in str(other):
            return other
    return value + 1


def _word(text: str, draw: float) -> str:
    """A word of letters that is no part of `text`, and of which `text` is no part."""
    seed = hashlib.blake2b(f"{text}|{draw}".encode("utf-8", "surrogatepass"), digest_size=6).digest()
    word = "wrong" + "".join(chr(ord("a") + byte % 26) for byte in seed)
    return word if text.strip().lower() not in word or not text.strip() else "#" * (len(text) + 1)
