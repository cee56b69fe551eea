"""Rate limits as the headers of OpenAI-like vendors say them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from weighbridge.models.protocol import RateLimits
from weighbridge.models.remote.retry_after import duration

_FAR = 1e9
"""A reset above this is a point in time (Unix seconds, or milliseconds above a thousand times this), not a wait."""


def openai_limits(headers: Mapping[str, str], now: float | None = None) -> RateLimits | None:
    """``x-ratelimit-{limit,remaining,reset}-{requests,tokens}`` (OpenAI, Azure, Groq, Together), the form without a
    name (OpenRouter, GitHub), and the per-minute names of Cerebras and Mistral. None where there is none of them."""
    requests = _three(headers, ("-requests", "-requests-minute", "-req-minute", ""), now)
    tokens = _three(headers, ("-tokens", "-tokens-minute", "-tokens-query-cost"), now)
    if requests == tokens == (None, None, None):
        return None
    return RateLimits(*requests, *tokens)


def _three(
    headers: Mapping[str, str], endings: tuple[str, ...], now: float | None
) -> tuple[int | None, int | None, float | None]:
    for ending in endings:
        left = _count(headers.get(f"x-ratelimit-remaining{ending}"))
        limit = _count(headers.get(f"x-ratelimit-limit{ending}"))
        if left is None and limit is None:
            continue
        return limit, left, seconds_until(headers.get(f"x-ratelimit-reset{ending}"), now)
    return None, None, None


def _count(text: str | None) -> int | None:
    try:
        value = int(float(text or ""))
    except (ValueError, OverflowError):
        return None
    return max(0, value)


def seconds_until(text: str | None, now: float | None = None) -> float | None:
    """Seconds until a reset: of a duration (``6m0s``), a number of seconds, or a point in time (Unix)."""
    if not text:
        return None
    said = duration(text)
    if said is not None:
        return said
    try:
        value = float(text)
    except ValueError:
        return None
    if not value < float("inf"):
        return None
    if value > _FAR:
        at = value / 1000 if value > _FAR * 1000 else value
        return max(0.0, at - (time.time() if now is None else now))
    return max(0.0, value)
