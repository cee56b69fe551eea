"""A group that knows its commands by name and line, and imports one when it is called."""

from __future__ import annotations

import importlib
from typing import ClassVar

import click


class LazyGroup(click.Group):
    """Made into a group by naming its `rows`."""

    rows: ClassVar[dict[str, tuple[str, str]]] = {}
    """By name, where the command is (``module:name``) and its line in the help."""
    what: ClassVar[str] = "command"
    hint: ClassVar[str]
    """Where to look, for a name that is none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in self.rows:
            return None
        module, _, name = self.rows[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{name} is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.rows and not args[0].startswith("-"):
            from weighbridge.errors import UsageError, nearest

            raise UsageError(
                f"there is no {self.what} {args[0]!r}", fix=f"{nearest(args[0], self.rows)} ({self.hint})"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.rows.items()])
