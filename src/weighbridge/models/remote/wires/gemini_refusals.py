"""What a refusal of a Google API means: its status word, and the details that say how long to wait.

Reference: https://cloud.google.com/apis/design/errors. Gemini words every 429 as an exceeded quota, be it of a minute
or of a day; only ``QuotaFailure`` tells them apart, and a day's is not worth waiting for.
"""

from __future__ import annotations

from typing import Any

import msgspec

from weighbridge.models.protocol import ErrorKind, ModelError
from weighbridge.models.remote.retry_after import duration

_KINDS: dict[str, ErrorKind] = {
    "INVALID_ARGUMENT": "bad_request",
    "OUT_OF_RANGE": "bad_request",
    "FAILED_PRECONDITION": "dead",
    "UNAUTHENTICATED": "auth",
    "PERMISSION_DENIED": "auth",
    "NOT_FOUND": "dead",
    "UNIMPLEMENTED": "dead",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "DEADLINE_EXCEEDED": "timeout",
    "CANCELLED": "server",
    "ABORTED": "server",
    "INTERNAL": "server",
    "UNAVAILABLE": "server",
    "UNKNOWN": "server",
    "DATA_LOSS": "server",
}
_BAD_KEYS = ("API_KEY_INVALID", "API_KEY_EXPIRED", "ACCESS_TOKEN_EXPIRED")
_SPENT = ("depleted", "spending cap", "spend cap", "billing account", "limit: 0")


def kind_of_word(word: object) -> ErrorKind | None:
    """The kind of failure of a status word such as ``RESOURCE_EXHAUSTED``."""
    return _KINDS.get(word) if isinstance(word, str) else None


def refine(error: ModelError, body: bytes) -> None:
    """Correct kind, code and waiting time of `error` by what the body says in Google's way."""
    found = _error(body)
    word = found.get("status")
    if isinstance(word, str):
        error.code = word
    details = [one for one in found.get("details") or () if isinstance(one, dict)]
    reasons = {str(one.get("reason")) for one in details if one.get("reason")}
    kind = kind_of_word(word)
    if kind is not None:
        error.kind = kind
    if not reasons.isdisjoint(_BAD_KEYS) or (error.status == 400 and "api key" in error.what.lower()):
        error.kind = "auth"
    waits = next((duration(one["retryDelay"]) for one in details if isinstance(one.get("retryDelay"), str)), None)
    if waits is not None:
        error.retry_after = waits
    if error.status == 429 or word == "RESOURCE_EXHAUSTED":
        error.kind = "quota" if _spent(error.what, details) else "rate_limit"
    if error.kind not in ("rate_limit", "server", "timeout"):
        error.retry_after = None


def _spent(message: str, details: list[dict[str, Any]]) -> bool:
    violations = [one for detail in details for one in detail.get("violations") or () if isinstance(one, dict)]
    named = [str(one.get("quotaId") or one.get("quotaMetric") or one.get("subject") or "") for one in violations]
    return any("PerDay" in name for name in named) or any(word in message.lower() for word in _SPENT)


def _error(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    if isinstance(found, list) and found:
        found = found[0]
    inner = found.get("error") if isinstance(found, dict) else None
    return inner if isinstance(inner, dict) else {}
