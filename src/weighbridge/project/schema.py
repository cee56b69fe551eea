"""The JSON Schema of a project file, for editors and for `weighbridge schema`; derived from the declaration."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect as types

from weighbridge.project.fields import OptionField, bare, written_fields
from weighbridge.project.options import ProjectOptions

FILE = "weighbridge.schema.json"
DRAFT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

HIDDEN = frozenset(("base",))
"""Settings that the loader fills in: the folder from which a scorer's files are taken."""


def project_schema() -> Schema:
    """JSON Schema (draft 2020-12) that accepts what the loader accepts, but for what only the data can tell."""
    definitions: dict[str, Schema] = {}
    root = _record(ProjectOptions, definitions)
    return {
        "$schema": DRAFT,
        "title": "Weighbridge project file",
        "description": ProjectOptions.__doc__,
        **{key: value for key, value in root.items() if key != "description"},
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """The schema as it is published: indented JSON with a last line break."""
    return msgspec.json.format(msgspec.json.encode(project_schema()), indent=2).decode() + "\n"


def _record(cls: type, definitions: dict[str, Schema]) -> Schema:
    fields = tuple(field for field in written_fields(cls) if field.name not in HIDDEN)
    required = [field.name for field in fields if field.required]
    return {
        "type": "object",
        "description": " ".join((cls.__doc__ or "").split()),
        "properties": {field.name: _field(field, definitions) for field in fields},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _field(field: OptionField, definitions: dict[str, Schema]) -> Schema:
    schema = _scorer(definitions) if field.kind == "scorer" else _type(field.type, definitions)
    if field.nullable:
        schema = {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}
    extra: Schema = {}
    if field.description:
        extra["description"] = field.description
    default = plain_default(field)
    if default is not None:
        extra["default"] = default
    if field.examples:
        extra["examples"] = list(field.examples)
    return {**schema, **extra}


def plain_default(field: OptionField) -> Any:  # noqa: ANN401 - any JSON value
    """The default as YAML would show it; None where there is none or where it is a struct of defaults."""
    if field.required or field.default is None or isinstance(field.default, msgspec.Struct):
        return None
    value = msgspec.to_builtins(field.default)
    return None if value in ([], {}) else value


def _type(kind: types.Type, definitions: dict[str, Schema]) -> Schema:
    kind = bare(kind)
    match kind:
        case types.StructType() | types.DataclassType():
            return _reference(kind.cls, definitions)
        case types.StrType():
            return {"type": "string", **({"minLength": kind.min_length} if kind.min_length else {})}
        case types.BoolType():
            return {"type": "boolean"}
        case types.IntType() | types.FloatType():
            limits = {
                "exclusiveMinimum": kind.gt,
                "minimum": kind.ge,
                "exclusiveMaximum": kind.lt,
                "maximum": kind.le,
            }
            name = "integer" if isinstance(kind, types.IntType) else "number"
            return {"type": name, **{key: value for key, value in limits.items() if value is not None}}
        case types.LiteralType():
            return {"enum": sorted(kind.values, key=str)}
        case types.EnumType():
            return {"enum": [member.value for member in kind.cls]}
        case types.NoneType():
            return {"type": "null"}
        case types.ListType() | types.VarTupleType():
            least = {"minItems": kind.min_length} if kind.min_length else {}
            many = {"type": "array", "items": _type(kind.item_type, definitions), **least}
            # The loader takes one text or word for a list of one; an editor must not underline it.
            item = bare(kind.item_type)
            if isinstance(item, types.LiteralType):
                return {"anyOf": [_type(item, definitions), many]}
            return {"anyOf": [{"type": "string"}, many]} if isinstance(item, types.StrType) else many
        case types.DictType():
            return {"type": "object", "additionalProperties": _type(kind.value_type, definitions)}
        case types.UnionType():
            parts = [_type(part, definitions) for part in kind.types]
            flat = [one for part in parts for one in (part["anyOf"] if set(part) == {"anyOf"} else [part])]
            return {"anyOf": [one for index, one in enumerate(flat) if one not in flat[:index]]}
        case _:
            return {}


def _reference(cls: type, definitions: dict[str, Schema]) -> Schema:
    name = cls.__name__.removesuffix("Options")
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = _record(cls, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _scorer(definitions: dict[str, Schema]) -> Schema:
    """A name (or a dotted path) alone, or a mapping of the name and that scorer's own settings."""
    from weighbridge.tasks.scorers import SCORERS

    forms: list[Schema] = [
        {"enum": sorted(SCORERS)},
        {"type": "string", "pattern": r"[.:]", "description": "Dotted path of a Python function."},
    ]
    for name, spec in sorted(SCORERS.items()):
        record = _record(spec.settings, definitions)
        record["description"] = spec.doc
        record["properties"] = {"name": {"const": name}, **record["properties"]}
        record["required"] = ["name", *record.get("required", [])]
        forms.append(record)
    return {"anyOf": forms}
