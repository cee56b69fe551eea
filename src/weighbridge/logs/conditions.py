"""How the answers of each column came about, from the settings of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from weighbridge.logs.log import Log, Settings
from weighbridge.logs.table import runs_of


def settings_of(logs: Sequence[Log]) -> dict[str, Settings]:
    """Settings by column name of `evidence_of`.

    Of a model with several tasks only those count that every column has, for they are what is weighed; where there is
    no such task, all. Settings that differ from task to task are joined in the order of the tasks' names, so that two
    models with the same tasks under the same conditions come out alike.
    """
    columns = runs_of(logs)
    shared = set.intersection(*({log.settings.task for log in runs} for _, runs in columns)) if columns else set()
    return {
        name: _joined([log.settings for log in runs if not shared or log.settings.task in shared])
        for name, runs in columns
    }


def _joined(settings: Sequence[Settings]) -> Settings:
    ordered = sorted(settings, key=lambda one: one.task or "")
    if len(ordered) == 1:
        return ordered[0]
    values: dict[str, Any] = {}
    for name in Settings.__struct_fields__:
        found = [getattr(one, name) for one in ordered]
        if all(value == found[0] for value in found):
            values[name] = found[0]
        elif name == "decoding":
            values[name] = _decoding(found)
        elif name in ("shots", "answering"):
            values[name] = None
        else:
            values[name] = " | ".join(str(value) for value in found if value is not None)
    return msgspec.convert(values, Settings)


def _decoding(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Each setting as it is in all tasks, or the list of what it is in each."""
    joined: dict[str, Any] = {}
    for name in dict.fromkeys(name for one in found for name in one):
        values = [one.get(name) for one in found]
        joined[name] = values[0] if all(value == values[0] for value in values) else values
    return joined
