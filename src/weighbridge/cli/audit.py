"""`weighbridge audit`: what stands behind a model beside its quality; subcommands are imported when called."""

from __future__ import annotations

import importlib

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "openness": ("weighbridge.cli.audit_openness:openness", "Say how open a model is, component by component."),
    "licence": ("weighbridge.cli.audit_licence:licence", "Say whether a model's licences allow a job, and where."),
    "licence-text": (
        "weighbridge.cli.audit_licence_text:licence_text",
        "Say which licence a text is, and which of its sentences are not that licence's.",
    ),
    "continuity": (
        "weighbridge.cli.audit_continuity:continuity",
        "Say how long a model is likely to be there, and what holds one to it.",
    ),
}
"""Where each subcommand is and its line in the help: its own docstring's first line."""


class AuditGroup(click.Group):
    """Knows its subcommands by name and line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{name} is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from weighbridge.errors import UsageError, nearest

            raise UsageError(
                f"there is no audit {args[0]!r}",
                fix=f"{nearest(args[0], COMMANDS)} (a target comes after it: weighbridge audit openness TARGET)",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=AuditGroup)
def audit() -> None:
    """Say how open, how free to use and how durable a model is, each finding with its evidence.

    TARGET is a name of the catalogue, a model folder, or a hub-style listing of one in a .json file.
    """
