"""JSON Schema, checked by `jsonschema` (imported on use); a schema can never make a network request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighbridge.errors import UsageError
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.source import existing

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def schema_of(schema: dict[str, Any] | str, base: str | None = None) -> dict[str, Any]:
    """The schema itself: a mapping, JSON text, or the path of a JSON file (relative to `base`)."""
    if isinstance(schema, dict):
        return schema
    text, where = schema, "schema"
    if not schema.lstrip().startswith("{"):
        path = existing(str(Path(base or ".") / schema))
        text, where = path.read_text(encoding="utf-8"), str(path)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"the schema is not JSON: {error.msg} at column {error.colno}", where=f"{where}:{error.lineno}"
        ) from None
    if not isinstance(value, dict):
        raise UsageError("a JSON Schema must be an object", where=where, fix='for example {"type": "object"}')
    return value


def validator_for(schema: dict[str, Any] | str, base: str | None = None) -> Validator:
    """A `jsonschema` validator of the draft the schema names (2020-12 where it names none).

    Raises UsageError with the place of a mistake in the schema, or for a reference to another document.
    """
    import jsonschema
    from referencing import Registry

    value = schema_of(schema, base)
    kind = jsonschema.validators.validator_for(value, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(value)
    except jsonschema.SchemaError as error:
        raise UsageError(
            f"the schema is wrong: {error.message[:200]}",
            where=f"schema {error.json_path}",
            fix="see json-schema.org",
        ) from None
    outside = _outside(value)
    if outside is not None:
        raise UsageError(
            f"the schema refers to another document, {outside!r}; nothing is fetched",
            where="schema",
            fix="put what it needs under $defs and refer to it as #/$defs/...",
        )
    return kind(value, registry=Registry())


def _outside(value: Cell) -> str | None:
    """A reference that does not stay within the schema, if there is one."""
    if isinstance(value, dict):
        for name in ("$ref", "$dynamicRef"):
            target = value.get(name)
            if isinstance(target, str) and not target.startswith("#"):
                return target
        return next((found for inner in value.values() if (found := _outside(inner)) is not None), None)
    if isinstance(value, list):
        return next((found for inner in value if (found := _outside(inner)) is not None), None)
    return None


def complaint(validator: Validator, value: Cell) -> str | None:
    """Where and how `value` breaks the schema, or None where it follows it."""
    from jsonschema.exceptions import best_match

    try:
        error = best_match(validator.iter_errors(value))
    except RecursionError:
        return "schema: the answer is nested too deep"
    return None if error is None else f"schema: {error.json_path}: {error.message[:200]}"
