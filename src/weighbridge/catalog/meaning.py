"""Facts that are reckoned with: what their values may be, so that a slip in a file is told where it is made."""

from __future__ import annotations

from weighbridge.catalog.fact import Fact, real_day
from weighbridge.errors import UsageError, nearest

DAYS: dict[str, frozenset[str]] = {
    "models": frozenset({"release_date", "announced_retirement", "retired"}),
    "versions": frozenset({"released", "announced", "retires", "planned", "not_before"}),
    "tuning": frozenset({"last_day"}),
}
"""By table: facts whose value is a day (a month or a year, where no more is known)."""

AMOUNTS: dict[str, frozenset[str]] = {
    "models": frozenset({"context", "params_total", "params_active", "training_tokens"}),
    "accelerators": frozenset(
        {"memory", "bandwidth", "link", "fp16_tflops", "fp8_tflops", "int8_tflops", "fp4_tflops", "tdp"}
        | {"hour_low", "hour_high"}
    ),
}
"""Facts whose value is a number above nothing."""

SPANS: dict[str, frozenset[str]] = {
    "policies": frozenset({"retention_days"}),
    "rules": frozenset({"notice_days", "notice_days_special", "notice_days_preview", "minimum_days"}),
}
"""Facts whose value is a number of days, which may be 0."""

FLAGS: dict[str, frozenset[str]] = {"policies": frozenset({"trains_on_inputs"}), "tuning": frozenset({"portable"})}
"""Facts that are true or false."""

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "models": {
        "side": ("open", "closed", "method"),
        "weights": ("open", "gated-click", "gated-research", "api-only", "api-only (retired)", "unreleased"),
    },
    "versions": {"kind": ("general", "special", "preview")},
    "policies": {
        "channel": ("api", "consumer", "free", "own"),
        "zero_retention": ("always", "agreement", "none"),
    },
    "tuning": {"status": ("available", "winding down", "ended", "none")},
}
"""Facts whose value is one of a few words."""


def check_meaning(table: str, name: str, fact: Fact, where: str) -> None:
    """Raises `UsageError` for a value that the fact cannot have. A null says that it is not known."""
    value = fact.value
    if value is None:
        return
    if name in DAYS.get(table, ()) and not (isinstance(value, str) and real_day(value)):
        raise UsageError(f"{value!r} is no date", where=where, fix="write it in quotes, as '2026-08-05' or '2026-08'")
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name in AMOUNTS.get(table, ()) and not (number and 0 < float(str(value)) < float("inf")):
        raise UsageError(f"{value!r} is no number above 0", where=where, fix="write it as 4096, without its unit")
    if name in SPANS.get(table, ()) and not (number and 0 <= float(str(value)) < float("inf")):
        raise UsageError(f"{value!r} is no number of days", where=where, fix="write it as 30, without its unit")
    if name in FLAGS.get(table, ()) and not isinstance(value, bool):
        raise UsageError(
            f"{value!r} is neither true nor false", where=where, fix="write true or false, without quotes"
        )
    words = WORDS.get(table, {}).get(name)
    if words is not None and value not in words:
        raise UsageError(
            f"{value!r} is no value of {name}", where=where, fix=f"{nearest(str(value), words)} ({', '.join(words)})"
        )
