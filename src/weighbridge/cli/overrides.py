"""Turns declared options into options of a command: names, types, choices, bounds and help come from the structs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from msgspec import inspect as types

from weighbridge.project.fields import bare
from weighbridge.project.overrides import Override, overrides

Command = TypeVar("Command", bound=Callable[..., Any])


def override_options(*sections: str) -> Callable[[Command], Command]:
    """Adds every override (or those under `sections` of the file) to a command; unsaid ones arrive as None."""
    chosen = [one for one in overrides() if not sections or one.path[0] in sections]

    def decorate(command: Command) -> Command:
        for one in reversed(chosen):
            command = _option(one)(command)
        return command

    return decorate


def _option(one: Override) -> Callable[[Command], Command]:
    default = one.field.default
    said = "" if default is None or default == "" else f" [default: {default}]"
    return click.option(
        one.flag,
        one.name,
        type=_type(one),
        default=None,
        metavar=_metavar(one),
        help=one.field.description.replace("`", "") + said,
    )


def _type(one: Override) -> click.ParamType[Any]:
    """Bounds are left to the project's own check, which knows what the option is for."""
    kind = bare(one.field.type)
    match kind:
        case types.LiteralType():
            return click.Choice([str(value) for value in _declared(kind)])
        case types.IntType():
            return click.INT
        case types.FloatType():
            return click.FLOAT
        case _:
            return click.STRING


def _declared(kind: types.LiteralType) -> list[str]:
    return sorted(str(value) for value in kind.values)


def _metavar(one: Override) -> str | None:
    match bare(one.field.type):
        case types.LiteralType():
            return None
        case types.IntType():
            return "N"
        case types.FloatType():
            return "X"
        case _:
            return "PATH" if one.name == "store" else "NAME"
