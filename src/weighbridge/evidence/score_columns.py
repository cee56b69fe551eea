"""Which column of a stored score table holds what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from weighbridge.errors import UsageError, nearest

ROLES: dict[str, tuple[str, ...]] = {
    "item_id": ("item_id", "item", "id", "question_id", "example_id", "uid"),
    "model": ("model", "candidate", "model_name", "system"),
    "score": ("score", "correct", "is_correct", "accuracy"),
    "answer": ("answer", "output", "response", "completion"),
    "extracted": ("extracted", "parsed", "prediction"),
    "status": ("status",),
    "repeat": ("repeat", "epoch"),
    "cost": ("cost", "cost_usd", "price"),
    "latency": ("latency", "latency_s", "latency_seconds", "duration", "seconds"),
    "latency_ms": ("latency_ms", "duration_ms"),
    "first_token": ("first_token", "time_to_first_token", "ttft"),
    "tokens_in": ("tokens_in", "input_tokens", "prompt_tokens"),
    "tokens_out": ("tokens_out", "output_tokens", "completion_tokens"),
    "cluster": ("cluster", "cluster_id", "group", "conversation_id"),
    "side": ("side", "camp"),
    "question": ("question", "input", "prompt"),
    "reference": ("reference", "target", "gold", "expected"),
}
"""What a column may hold, and the names it is known by without being told (first match wins, case aside)."""

REQUIRED = ("item_id", "model", "score")
NUMBERS = ("cost", "latency", "latency_ms", "first_token", "tokens_in", "tokens_out")
TEXTS = ("answer", "extracted", "question", "reference")


def resolve_columns(header: Sequence[str], given: Mapping[str, str] | None, where: str) -> dict[str, str]:
    """Column name by role. `given` (role to column name) goes before the names known.

    UsageError: an unknown role or column (with the nearest match), two columns of one name, or a required one absent.
    """
    seen: set[str] = set()
    for name in header:
        if name and name in seen:
            raise UsageError(f"two columns are called {name!r}", where=where, fix="rename one of them")
        seen.add(name)
    found: dict[str, str] = {}
    for role, name in (given or {}).items():
        if role not in ROLES:
            raise UsageError(f"there is no column role {role!r}", where="columns", fix=nearest(role, ROLES))
        if name not in seen:
            raise UsageError(
                f"there is no column {name!r} to read {role} from", where=where, fix=nearest(name, header)
            )
        found[role] = name
    taken = set(found.values())
    lowered: dict[str, str] = {}
    for name in filter(None, header):
        lowered.setdefault(name.strip().lower(), name)
    for role, names in ROLES.items():
        if role in found:
            continue
        match = next((lowered[name] for name in names if name in lowered and lowered[name] not in taken), None)
        if match is not None:
            found[role] = match
            taken.add(match)
    if "latency" in found:
        found.pop("latency_ms", None)
    for role in REQUIRED:
        if role not in found:
            raise UsageError(
                f"there is no column {role!r}; the table has: {', '.join(header) or 'no columns'}",
                where=where,
                fix=f"rename the column that holds it, or name it: columns {role}=NAME ({nearest(role, header)})",
            )
    return found
