"""What a struct's fields are: name, type, default, bounds, and the sentence that describes each.

The sentence is the `msgspec.Meta` description of the field, then the attribute docstring under it (read from the
source); most have one of the two. So values declared on any floor describe themselves once.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec

_NONE = re.compile(r"(^|\. |.)\bNone\b")

Record = msgspec.inspect.StructType | msgspec.inspect.DataclassType


@dataclass(frozen=True, slots=True)
class OptionField:
    """One option, ready for validation, schema, documentation or a command-line option."""

    name: str
    type: msgspec.inspect.Type
    """Without the `Metadata` wrapping and without None."""
    nullable: bool
    required: bool
    default: Any
    """None where there is none."""
    description: str
    """Plain text; empty where nobody wrote any."""
    flat: bool = False
    """The fields of this struct are written beside it, not under its name."""
    kind: str | None = None
    """A special reading: ``scorer`` (settings depend on the name) or ``schema`` (a JSON Schema or a file of one)."""
    examples: tuple[Any, ...] = ()


@cache
def fields_of(cls: type) -> tuple[OptionField, ...]:
    """The fields of a msgspec struct or a dataclass, in order."""
    info = msgspec.inspect.type_info(cls)
    if not isinstance(info, Record):
        raise TypeError(f"{cls.__name__} has no fields")
    sentences = attribute_docs(cls)
    return tuple(_field(field, sentences.get(field.name, "")) for field in info.fields)


def written_fields(cls: type) -> tuple[OptionField, ...]:
    """The fields as they are written in a file: flat structs give their own fields."""
    written: list[OptionField] = []
    for field in fields_of(cls):
        if field.flat and isinstance(field.type, Record):
            written.extend(written_fields(field.type.cls))
        else:
            written.append(field)
    return tuple(written)


def struct_type(kind: msgspec.inspect.Type) -> type | None:
    """The class behind a struct type; for a union the one struct in it."""
    if isinstance(kind, Record):
        return kind.cls
    if isinstance(kind, msgspec.inspect.Metadata):
        return struct_type(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return next((found for part in kind.types if (found := struct_type(part))), None)
    return None


def bare(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """The type without its `Metadata` wrapping."""
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    return kind


def attribute_docs(cls: type) -> dict[str, str]:
    """The string under each annotated attribute, inherited ones included."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base in (object, msgspec.Struct):
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue  # made at run time, or shipped without source: it has no descriptions to read
        body = tree.body[0].body if tree.body and isinstance(tree.body[0], ast.ClassDef) else []
        for statement, after in pairwise(body):
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
                and isinstance(after.value.value, str)
            ):
                found[statement.target.id] = one_line(after.value.value)
    return found


def one_line(text: str) -> str:
    """`text` on one line, literal marks in one style, and None called what it is in a file."""
    flat = " ".join(text.replace("``", "`").split())
    return _NONE.sub(lambda match: match[1] + ("Absent" if match[1] in ("", ". ") else "absent"), flat)


def _field(field: msgspec.inspect.Field, sentence: str) -> OptionField:
    described = ""
    extra: dict[str, Any] = {}
    examples: tuple[Any, ...] = ()
    kind: msgspec.inspect.Type = field.type
    nullable = False
    while True:
        if isinstance(kind, msgspec.inspect.Metadata):
            schema = kind.extra_json_schema or {}
            described = described or schema.get("description", "")
            examples = examples or tuple(schema.get("examples", ()))
            extra = {**(kind.extra or {}), **extra}
            kind = kind.type
            continue
        if isinstance(kind, msgspec.inspect.UnionType):
            parts = tuple(part for part in kind.types if not isinstance(part, msgspec.inspect.NoneType))
            nullable = nullable or len(parts) < len(kind.types)
            if len(parts) == 1:
                kind = parts[0]
                continue
            kind = msgspec.inspect.UnionType(parts)
        break
    default = field.default
    if default is msgspec.NODEFAULT:
        factory = field.default_factory
        default = factory() if callable(factory) and factory is not msgspec.NODEFAULT else None
    return OptionField(
        name=field.encode_name,
        type=kind,
        nullable=nullable,
        required=field.required,
        default=default,
        description=" ".join(part for part in (one_line(described), sentence) if part),
        flat=bool(extra.get("flat")),
        kind=extra.get("kind"),
        examples=examples,
    )
