"""How long a server asks to wait, in every spelling that is about."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_IN_TEXT = re.compile(r"(?:try again|retry) in ((?:\d+(?:\.\d+)?(?:ms|h|m|s))+)", re.IGNORECASE)


def retry_after(headers: Mapping[str, str], message: str = "", now: float | None = None) -> float | None:
    """Seconds to wait, never negative; None where the server does not say, or says nothing that can be read.

    In this order: ``retry-after-ms`` (milliseconds), ``retry-after`` (seconds, or an HTTP date: RFC 9110, 10.2.3),
    ``x-ratelimit-reset-requests`` and ``-tokens`` (durations such as ``6m0s``; the longer one), and ``try again in
    1.2s`` in the error's own text. `headers` must look names up in any case; `now` is Unix time.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    if said:
        seconds = _number(said)
        if seconds is None:
            seconds = _date(said, time.time() if now is None else now)
        if seconds is None:
            seconds = duration(said)
        if seconds is not None:
            return seconds
    resets = [duration(headers.get(f"x-ratelimit-reset-{what}") or "") for what in ("requests", "tokens")]
    known = [reset for reset in resets if reset is not None]
    if known:
        return max(known)
    found = _IN_TEXT.search(message)
    return duration(found.group(1)) if found else None


def duration(text: str) -> float | None:
    """Seconds of a duration such as ``1m30.5s`` or ``20ms``; None for anything else."""
    parts = _DURATION.findall(text.strip())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    return float(sum(float(number) * _UNITS[unit] for number, unit in parts))


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None


def _date(text: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None
