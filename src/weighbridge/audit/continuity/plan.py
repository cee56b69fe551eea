"""The calendar of all models of a plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from weighbridge.audit.continuity.report import Continuity, audit_continuity, named_target
from weighbridge.errors import UsageError


def plan_of(candidates: Iterable[tuple[str, str, str | None]], today: date) -> dict[str, Continuity | None]:
    """What is known of each candidate: its name, its spec, and the catalogue's entry it is said to be, if any.

    None where the catalogue has neither the model nor a version of that name.
    """
    return {name: _known(spec, entry, today) for name, spec, entry in candidates}


def _known(spec: str, entry: str | None, today: date) -> Continuity | None:
    model = spec.partition("#")[2] or spec.removeprefix("ray:")
    for name in (model, entry):
        if name is None or name == "none":
            continue
        try:
            return audit_continuity(named_target(name), today, version=name)
        except UsageError:
            continue
    return None
