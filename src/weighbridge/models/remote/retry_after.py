"""How long a server asks to wait, in every spelling that is about."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_FAR = 1e9
"""A number of seconds above this is a point in time (Unix), not a wait."""
_IN_TEXT = re.compile(
    r"(?:try again|retry|wait) (?:in |after |for )?"
    r"(?:((?:\d+(?:\.\d+)?(?:ms|h|m|s)(?![a-z]))+)|(\d+(?:\.\d+)?) ?(millisecond|second|sec|minute|min|hour)s?\b)",
    re.IGNORECASE,
)
_WORDS = {"millisecond": 1e-3, "second": 1.0, "sec": 1.0, "minute": 60.0, "min": 60.0, "hour": 3600.0}


def retry_after(headers: Mapping[str, str], message: str = "", now: float | None = None) -> float | None:
    """Seconds to wait, never negative; None where the server does not say, or says nothing that can be read.

    In this order: ``retry-after-ms`` and Azure's ``x-ms-retry-after-ms`` (milliseconds), ``retry-after`` (seconds, an
    HTTP date in its three forms: RFC 9110, 5.6.7 and 10.2.3, or, as some servers have it, a duration, an ISO date or
    Unix time), ``x-ratelimit-reset-requests`` and ``-tokens`` (durations such as ``6m0s``; the longer one), and ``try
    again in 1.2s`` or ``retry after 6 seconds`` in the error's own text. `headers` must look names up in any case;
    `now` is Unix time.
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        milliseconds = _number(headers.get(name))
        if milliseconds is not None:
            return milliseconds / 1000
    said = headers.get("retry-after")
    if said:
        today = time.time() if now is None else now
        seconds = _number(said)
        if seconds is not None and seconds > _FAR:
            seconds = max(0.0, seconds - today)
        if seconds is None:
            seconds = _date(said, today)
        if seconds is None:
            seconds = duration(said)
        if seconds is not None:
            return seconds
    resets = [duration(headers.get(f"x-ratelimit-reset-{what}") or "") for what in ("requests", "tokens")]
    known = [reset for reset in resets if reset is not None]
    if known:
        return max(known)
    found = _IN_TEXT.search(message)
    if found is None:
        return None
    return duration(found[1].lower()) if found[1] else float(found[2]) * _WORDS[found[3].lower()]


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
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            at = read(text.strip())
            # One form of an HTTP date names no zone; all of them are in GMT.
            return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now)
        except (ValueError, OverflowError):
            continue
    return None
