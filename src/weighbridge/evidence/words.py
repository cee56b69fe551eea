"""How figures are written in the statements of findings, on every floor: percent, points, counts, names."""

from __future__ import annotations

from collections.abc import Sequence


def percent(score: float) -> str:
    """A score in [0, 1], for example ``83.4 %``."""
    return f"{100 * score:.1f} %"


def points(difference: float) -> str:
    """A difference of scores, unsigned, for example ``2.1 points``."""
    text = f"{100 * abs(difference):.1f}".removesuffix(".0")
    return f"{text} point" if text == "1" else f"{text} points"


def signed(difference: float) -> str:
    """A difference of scores with its sign, without unit, for example ``+2.1``."""
    return f"{100 * difference:+.1f}"


def count(n: int, noun: str) -> str:
    """A number and its noun, for example ``1 item``, ``1,200 items``."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def listed(names: Sequence[str]) -> str:
    """Names in a row, for example ``A, B and C``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nobody"


def some_of(names: Sequence[str], most: int = 4) -> str:
    """The first names and how many more there are, for example ``A, B and 12 others``."""
    if len(names) <= most:
        return listed(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1:,} others"
