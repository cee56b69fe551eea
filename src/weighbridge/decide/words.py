"""How figures are written in sentences: percent, points, money, seconds, counts."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.evidence import Claim


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


def money(amount: float, currency: str) -> str:
    """An amount with as many digits as it needs, for example ``0.0120 USD``."""
    if amount == 0:
        return f"0 {currency}"
    if amount >= 100:
        return f"{amount:,.0f} {currency}"
    return f"{amount:.2f} {currency}" if amount >= 1 else f"{amount:.3g} {currency}"


def seconds(value: float) -> str:
    """A time, for example ``0.42 s``."""
    if value < 0.01:
        return f"{1000 * value:.2g} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:,.0f} s"


def count(n: int, noun: str) -> str:
    """A number and its noun, for example ``1 item``, ``1,200 items``."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def listed(names: Sequence[str]) -> str:
    """Names in a row, for example ``A, B and C``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nobody"


def sureness(alpha: float) -> str:
    """How sure, for example ``95 % sure``."""
    return f"{100 * (1 - alpha):.4g} % sure"


def about(claim: Claim, items: int) -> str:
    """What a verdict is about."""
    if claim == "pool":
        return f"about these {count(items, 'item')} (pool claim)"
    return "about the traffic these items were drawn from (population claim)"
