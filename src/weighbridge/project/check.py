"""Checks a `Source` against a declared struct: unknown keys, wrong types and bounds, each with its place.

One walk over values and types together, so that a message can name the line, the option's own description and the
nearest known key; `msgspec.convert` alone knows none of them.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect as types

from weighbridge.errors import UsageError, nearest
from weighbridge.project.fields import OptionField, Record, bare, fields_of, struct_type, written_fields
from weighbridge.project.source import Path, Source, Value

T = TypeVar("T")


def checked(source: Source, cls: type[T], path: Path = (), tree: Value = None) -> T:
    """An instance of `cls` from the mapping at `path` (the whole file by default). Raises `UsageError`."""
    return cast(T, _Check(source).record(source.tree if tree is None else tree, cls, path))


def kind_of(kind: types.Type) -> str:
    """What a value of this type is called in a message: ``a number``, ``one of a, b``."""
    kind = bare(kind)
    match kind:
        case types.StrType():
            return "text"
        case types.IntType():
            return "a whole number"
        case types.FloatType():
            return "a number"
        case types.BoolType():
            return "true or false"
        case types.LiteralType():
            return "one of " + ", ".join(str(value) for value in sorted(kind.values, key=str))
        case types.ListType() | types.VarTupleType() | types.SetType() | types.FrozenSetType():
            return f"a list of {_plural(kind_of(kind.item_type))}"
        case types.EnumType():
            return "one of " + ", ".join(str(member.value) for member in kind.cls)
        case types.UnionType():
            return " or ".join(dict.fromkeys(kind_of(part) for part in kind.types))
        case types.NoneType():
            return "nothing"
        case _:
            return "a mapping ('key: value' lines)" if not isinstance(kind, types.AnyType) else "a value"


def shown(value: Value) -> str:
    """`value` as a message may show it: short, and never the inside of a mapping."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


class _Check:
    def __init__(self, source: Source) -> None:
        self.source = source

    def record(self, value: Value, cls: type, path: Path) -> Value:
        if not isinstance(value, dict):
            raise self.wrong(value, "a mapping ('key: value' lines)", path)
        known = [field.name for field in written_fields(cls)]
        for key in value:
            if key not in known:
                raise UsageError(
                    f"unknown key {key!r}" + (f" under {path[-1]!r}" if path and isinstance(path[-1], str) else ""),
                    where=self.source.where((*path, key), key=True),
                    fix=f"{nearest(key, known)} (all keys: weighbridge schema)",
                )
        return self.made(value, cls, path)

    def made(self, value: dict[str, Any], cls: type, path: Path) -> Value:
        """The struct from those keys of `value` that are its own."""
        found: dict[str, Any] = {}
        for field in fields_of(cls):
            if field.flat and isinstance(field.type, Record):
                found[field.name] = self.made(value, field.type.cls, path)
            elif field.name not in value or (value[field.name] is None and not field.nullable):
                if field.required:
                    raise self.absent(field, path)
            elif value[field.name] is None:
                found[field.name] = None
            else:
                found[field.name] = self.value(value[field.name], field.type, (*path, field.name), field)
        return cls(**found)

    def value(self, value: Value, kind: types.Type, path: Path, field: OptionField | None = None) -> Value:
        kind = bare(kind)
        match kind:
            case types.AnyType():
                return value
            case types.StructType() | types.DataclassType():
                return self.record(value, kind.cls, path)
            case types.UnionType():
                return self.union(value, kind, path, field)
            case types.ListType() | types.VarTupleType():
                return self.sequence(value, kind, path, field)
            case types.DictType():
                if not isinstance(value, dict):
                    raise self.wrong(value, "a mapping ('key: value' lines)", path, field)
                return {
                    self.value(key, kind.key_type, (*path, key)): self.value(item, kind.value_type, (*path, key))
                    for key, item in value.items()
                }
            case _:
                return self.scalar(value, kind, path, field)

    def union(self, value: Value, kind: types.UnionType, path: Path, field: OptionField | None) -> Value:
        """The first member that fits the value's own shape; its error is the one a reader can use."""
        parts = [bare(part) for part in kind.types if not isinstance(bare(part), types.NoneType)]
        if value is None and len(parts) < len(kind.types):
            return None
        for part in parts:
            if _same_shape(value, part):
                return self.value(value, part, path, field)
        text = next((part for part in parts if isinstance(part, types.StrType)), None)
        if text is not None and path in self.source.raw:
            return self.value(value, text, path, field)
        raise self.wrong(value, kind_of(kind), path, field)

    def sequence(
        self, value: Value, kind: types.ListType | types.VarTupleType, path: Path, field: OptionField | None
    ) -> Value:
        if not isinstance(value, list | tuple):
            # One text (or word) where a list of them is meant can only mean a list of one.
            if not isinstance(value, dict) and isinstance(bare(kind.item_type), types.StrType | types.LiteralType):
                value = [value]
                self_path = path
            else:
                raise self.wrong(value, kind_of(kind), path, field)
            items = [self.value(value[0], kind.item_type, self_path, field)]
        else:
            items = [self.value(item, kind.item_type, (*path, index)) for index, item in enumerate(value)]
        if kind.min_length is not None and len(items) < kind.min_length:
            raise UsageError(
                f"{path[-1]} needs at least {kind.min_length}, and there {_are(len(items))}",
                where=self.source.where(path),
                fix=self.hint(field) or f"give at least {kind.min_length}",
            )
        return tuple(items) if isinstance(kind, types.VarTupleType) else items

    def scalar(self, value: Value, kind: types.Type, path: Path, field: OptionField | None) -> Value:
        wanted = kind_of(kind)
        match kind:
            case types.StrType():
                if not isinstance(value, str):
                    if path not in self.source.raw or isinstance(value, dict | list):
                        raise self.wrong(value, wanted, path, field)
                    value = self.source.raw[path]
                if kind.min_length is not None and len(value) < kind.min_length:
                    raise UsageError(
                        f"{path[-1]} is empty", where=self.source.where(path), fix=self.hint(field) or "fill it in"
                    )
                return value
            case types.BoolType():
                if not isinstance(value, bool):
                    raise self.wrong(value, wanted, path, field)
                return value
            case types.IntType() | types.FloatType():
                return self.number(value, kind, path, field)
            case types.LiteralType():
                if value in kind.values and not isinstance(value, bool):
                    return value
                known = [str(one) for one in kind.values]
                raise UsageError(
                    f"{path[-1]} cannot be {shown(value)}",
                    where=self.source.where(path),
                    fix=f"{nearest(str(value), known)} (it is {wanted})",
                )
            case types.EnumType():
                try:
                    return kind.cls(value)
                except ValueError:
                    known = [str(member.value) for member in kind.cls]
                    raise UsageError(
                        f"{path[-1]} cannot be {shown(value)}",
                        where=self.source.where(path),
                        fix=f"{nearest(str(value), known)} (it is {wanted})",
                    ) from None
            case _:
                return msgspec.convert(value, struct_type(kind) or object)

    def number(
        self, value: Value, kind: types.IntType | types.FloatType, path: Path, field: OptionField | None
    ) -> int | float:
        whole = isinstance(kind, types.IntType)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(value, kind_of(kind), path, field)
        if whole and isinstance(value, float):
            if not value.is_integer():
                raise self.wrong(value, kind_of(kind), path, field)
            value = int(value)
        if not math.isfinite(value):
            raise self.wrong(value, "a finite number", path, field)
        limits = [
            (kind.gt is not None and not value > kind.gt, f"more than {kind.gt}"),
            (kind.ge is not None and not value >= kind.ge, f"at least {kind.ge}"),
            (kind.lt is not None and not value < kind.lt, f"less than {kind.lt}"),
            (kind.le is not None and not value <= kind.le, f"at most {kind.le}"),
        ]
        for broken, limit in limits:
            if broken:
                raise UsageError(
                    f"{path[-1]} is {value:g}, and must be {limit}",
                    where=self.source.where(path),
                    fix=self.hint(field) or f"give a value that is {limit}",
                )
        return value if whole else float(value)

    def wrong(self, value: Value, wanted: str, path: Path, field: OptionField | None = None) -> UsageError:
        name = next((part for part in reversed(path) if isinstance(part, str)), "the project file")
        return UsageError(
            f"{name} must be {wanted}, and is {shown(value)}",
            where=self.source.where(path),
            fix=self.hint(field) or f"write {wanted}",
        )

    def absent(self, field: OptionField, path: Path) -> UsageError:
        inside = f" under {path[-1]!r}" if path and isinstance(path[-1], str) else ""
        if path and isinstance(path[-1], int):
            inside = f" in entry {path[-1] + 1} of {path[-2]!r}"
        example = f", for example {field.name}: {field.examples[0]}" if field.examples else ""
        return UsageError(
            f"{field.name!r} is missing{inside}",
            where=self.source.where(path),
            fix=f"add '{field.name}:'{example}. {field.description}".strip(),
        )

    def hint(self, field: OptionField | None) -> str:
        if field is None or not field.description:
            return ""
        return f"{field.name}: {field.description}"


def _same_shape(value: Value, kind: types.Type) -> bool:
    match kind:
        case types.StructType() | types.DataclassType() | types.DictType():
            return isinstance(value, dict)
        case types.ListType() | types.VarTupleType():
            return isinstance(value, list | tuple)
        case types.StrType():
            return isinstance(value, str)
        case types.BoolType():
            return isinstance(value, bool)
        case types.IntType():
            return isinstance(value, int) and not isinstance(value, bool)
        case types.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case types.LiteralType():
            return value in kind.values
        case _:
            return True


def _plural(kind: str) -> str:
    if kind.startswith("one of "):
        return kind.removeprefix("one of ")
    return {
        "text": "texts",
        "a whole number": "whole numbers",
        "a number": "numbers",
        "a mapping ('key: value' lines)": "mappings",
    }.get(kind, kind)


def _are(count: int) -> str:
    return "is none" if count == 0 else f"is {count}" if count == 1 else f"are {count}"
