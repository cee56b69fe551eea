"""The calendar of all models of a plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from weighbridge.audit.continuity.report import Continuity, audit_continuity, named_target
from weighbridge.errors import UsageError


def plan_of(candidates: Iterable[tuple[str, str]], today: date) -> dict[str, Continuity | None]:
    """What is known of each candidate (its name and spec); None where the catalogue has neither model nor version."""
    found: dict[str, Continuity | None] = {}
    for name, spec in candidates:
        model = spec.partition("#")[2] or spec.removeprefix("ray:")
        try:
            found[name] = audit_continuity(named_target(model), today, version=model)
        except UsageError:
            found[name] = None
    return found
