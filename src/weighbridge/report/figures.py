"""Numbers as people read them: shares in per cent, money, seconds and counts.

Every function takes None or NaN for "not known" and says so; nothing unknown ever becomes 0.
"""

from __future__ import annotations

import math

UNKNOWN = "unknown"

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}


def known(value: float | None) -> bool:
    """Whether `value` is a finite number."""
    return value is not None and math.isfinite(value)


def percent(share: float | None, digits: int = 1) -> str:
    """A share in [0, 1] as ``83.4 %``."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    return f"{100 * share:.{digits}f} %"


def sureness(alpha: float) -> str:
    """Confidence at error `alpha` with the digits it has: ``95 %``, ``99.5 %``."""
    return f"{100 * (1 - alpha):.6g} %"


def points(difference: float | None, digits: int = 1) -> str:
    """A difference of scores in points, always signed: ``+3.1``, ``-0.4``."""
    if difference is None or not math.isfinite(difference):
        return UNKNOWN
    text = f"{100 * difference:+.{digits}f}"
    return f"{0:.{digits}f}" if float(text) == 0 else text


def span(low: float | None, high: float | None, digits: int = 1) -> str:
    """An interval of shares without its unit: ``80.1 to 86.2``."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return UNKNOWN
    return f"{100 * low:.{digits}f} to {100 * high:.{digits}f}"


def amount(value: float | None, currency: str = "USD") -> str:
    """Money with as many decimals as it needs: ``$1,240``, ``$3.20``, ``$0.12``, ``$0.0034``."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    sign = _SIGNS.get(currency, f"{currency} ")
    size = abs(value)
    if size == 0:
        figure = "0"
    elif size >= 100:
        figure = f"{size:,.0f}"
    elif size >= 0.095:
        figure = f"{size:.2f}"
    elif size >= 1e-7:
        figure = f"{size:.{1 - math.floor(math.log10(size))}f}"
    else:
        figure = f"{size:.1e}"
    return f"{'-' if value < 0 else ''}{sign}{figure}"


def seconds(value: float | None) -> str:
    """A duration: ``8 ms``, ``0.42 s``, ``12.5 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value < 0.0995:
        return f"{1000 * value:.0f} ms" if value >= 0.00095 or value == 0 else f"{1000 * value:.2f} ms"
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 119.5:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 7200:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(number: float | None) -> str:
    """A whole number with separators: ``14,000``."""
    if number is None or not math.isfinite(number):
        return UNKNOWN
    return f"{round(number):,}"


def plural(number: int, noun: str) -> str:
    """``1 item``, ``1,200 items``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def share_of(part: float, whole: float) -> str:
    """``12 %``: a part of a whole; ``-`` where there is no whole."""
    if whole <= 0:
        return "-"
    value = 100 * part / whole
    if 0 < value < 0.95:
        return f"{value:.1f} %"
    if 99 < value < 100:
        return f"{min(value, 99.9):.1f} %"
    return f"{value:.0f} %"


def off_plan(planned: float | None, billed: float | None, currency: str = "USD") -> str | None:
    """``planned $1.20, billed $1.31 (+9 %)``; None where either is not known or nothing was to be paid."""
    if planned is None or billed is None or not (math.isfinite(planned) and math.isfinite(billed)) or planned <= 0:
        return None
    off = 100 * (billed - planned) / planned
    return f"planned {amount(planned, currency)}, billed {amount(billed, currency)} ({off:+.0f} %)"
