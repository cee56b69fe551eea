"""Scorers by name: each is one small function in its own file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.tasks.marking import Marker, ScorerSpec, StatusScores
from weighbridge.tasks.scorers.choice import CHOICE
from weighbridge.tasks.scorers.chrf import CHRF
from weighbridge.tasks.scorers.code import CODE
from weighbridge.tasks.scorers.contains import CONTAINS
from weighbridge.tasks.scorers.exact import EXACT
from weighbridge.tasks.scorers.json_answer import JSON
from weighbridge.tasks.scorers.mass import MASS
from weighbridge.tasks.scorers.numeric import NUMERIC
from weighbridge.tasks.scorers.python import PYTHON
from weighbridge.tasks.scorers.rank import RANK
from weighbridge.tasks.scorers.regex import REGEX
from weighbridge.tasks.scorers.span import SPAN
from weighbridge.tasks.scorers.token_f1 import TOKEN_F1

SCORERS: dict[str, ScorerSpec] = {
    spec.name: spec
    for spec in (EXACT, CHOICE, NUMERIC, REGEX, TOKEN_F1, SPAN, CONTAINS, JSON, CODE, CHRF, RANK, MASS, PYTHON)
}


def scorer_named(
    name: str,
    settings: Mapping[str, Any] | msgspec.Struct | None = None,
    *,
    statuses: StatusScores | None = None,
    base: Path | str | None = None,
    where: str | None = None,
) -> tuple[Marker, str]:
    """The scorer of that name, ready to call, and the key under which its scores are stored.

    A dotted path (``pkg.mod:function``) names a Python function directly. `base` is the folder of the project:
    schemas and Python files are looked up there. `where` is put into errors. Raises UsageError for an unknown name
    or setting (with the nearest one) and for a setting of the wrong type.
    """
    if name not in SCORERS and (":" in name or "." in name):
        if settings:
            raise UsageError(
                "a scorer named by its path takes no settings here",
                where=where,
                fix="write `name: python` with `function:` and `arguments:`",
            )
        name, settings = "python", {"function": name}
    if name not in SCORERS:
        fix = f"{nearest(name, SCORERS)} A function of your own is named by its path: my_module:my_function"
        raise UsageError(f"there is no scorer {name!r}", where=where, fix=fix)
    spec = SCORERS[name]
    chosen = settings if isinstance(settings, msgspec.Struct) else settings_of(spec, settings or {}, where)
    if base is not None and "base" in chosen.__struct_fields__ and getattr(chosen, "base", None) is None:
        chosen = msgspec.structs.replace(chosen, base=str(base))
    if spec.resolve is not None:
        chosen = spec.resolve(chosen)
    fixed = statuses or StatusScores()
    marker = Marker(spec, chosen, fixed, spec.build(chosen))
    return marker, scorer_key(marker)


def settings_of(spec: ScorerSpec, given: Mapping[str, Any], where: str | None = None) -> msgspec.Struct:
    """Settings from a project file, checked against the scorer's struct."""
    fields = [field.encode_name for field in msgspec.structs.fields(spec.settings) if field.name != "base"]
    for key in given:
        if key not in fields:
            raise UsageError(
                f"the scorer {spec.name!r} has no setting {key!r}",
                where=where,
                fix=nearest(str(key), fields) if fields else "it has no settings",
            )
    try:
        return msgspec.convert(dict(given), spec.settings)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"a setting of the scorer {spec.name!r} is wrong: {error}",
            where=where,
            fix=f"its settings are {', '.join(fields)}; in YAML, words like yes, no and 1.0 are text only in quotes",
        ) from None


def scorer_key(marker: Marker) -> str:
    """Name, version, settings and fixed scores in one line; two scorers with one key give the same scores."""
    changed = {
        field.encode_name: msgspec.to_builtins(getattr(marker.settings, field.name))
        for field in msgspec.structs.fields(type(marker.settings))
        if field.name != "base" and getattr(marker.settings, field.name) != _default(field)
    }
    fixed = {name: value for name, value in msgspec.structs.asdict(marker.fixed).items() if value}
    source = getattr(marker.function, "source_digest", None)
    parts = [f"{marker.spec.name}@{marker.spec.version}", json.dumps(changed, sort_keys=True)]
    parts += [json.dumps(fixed, sort_keys=True)] if fixed else []
    return " ".join([*parts, *([source] if source else [])])


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


__all__ = ["SCORERS", "scorer_key", "scorer_named", "settings_of"]
