"""How figures are written in sentences: percent, points, money, seconds, counts."""

from __future__ import annotations

from weighbridge.evidence import Claim
from weighbridge.evidence.words import count, listed, percent, points, signed

__all__ = ["about", "count", "listed", "money", "percent", "points", "seconds", "signed", "sureness"]


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


def sureness(alpha: float) -> str:
    """How sure, for example ``95 % sure``."""
    return f"{100 * (1 - alpha):.4g} % sure"


def about(claim: Claim, items: int) -> str:
    """What a verdict is about."""
    if claim == "pool":
        return f"about these {count(items, 'item')} (pool claim)"
    return "about the traffic these items were drawn from (population claim)"
