"""The reference page of the command line, and the command that writes all derived pages.

``python -m weighbridge.cli.reference docs`` writes them; ``--check`` only says which are out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from weighbridge.cli.main import COMMANDS, cli
from weighbridge.models.remote.wires.table import pages
from weighbridge.project.reference import PAGE, project_page
from weighbridge.project.schema import FILE, schema_text

CLI_PAGE = "cli.md"
WIDTH = 100


def cli_page() -> str:
    """docs/cli.md: the help of every command, as the command prints it."""
    return "\n".join(_page()) + "\n"


def derived() -> dict[str, str]:
    """Every derived page: file name under docs/ and its text."""
    return {CLI_PAGE: cli_page(), PAGE: project_page(), FILE: schema_text(), **pages()}


def write(folder: Path, *, check: bool = False) -> list[str]:
    """Write the pages (or only compare them); the names of those that were out of date."""
    stale = []
    for name, text in derived().items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
    return stale


def _page() -> Iterator[str]:
    yield "# The command line"
    yield ""
    yield "<!-- Derived from the commands themselves by `make docs`; edit their declarations instead. -->"
    yield ""
    yield "Exit codes: 0 decided, 2 the input cannot be used, 3 undecided within the budget, 4 no candidate meets the"
    yield "requirements, 5 failure. An error names what is wrong, where, and how to mend it; `--debug` adds the"
    yield "traceback. Options that stand in the [project file](project-file.md) too overrule it."
    yield ""
    yield "```console"
    yield "$ weighbridge --version"
    yield "```"
    yield ""
    yield from _help(cli, "weighbridge")
    context = click.Context(cli, info_name="weighbridge")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is None:
            continue
        yield from _help(command, f"weighbridge {name}")
        if isinstance(command, click.Group):
            inner = click.Context(command, info_name=name, parent=context)
            for sub in command.list_commands(inner):
                found = command.get_command(inner, sub)
                if found is not None:
                    yield from _help(found, f"weighbridge {name} {sub}")


def _help(command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(
        command,
        info_name=name,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        color=False,
        help_option_names=["-h", "--help"],
    )
    yield f"## {name}"
    yield ""
    yield "```text"
    yield command.get_help(context)
    yield "```"
    yield ""


if __name__ == "__main__":
    arguments = sys.argv[1:]
    only_check = "--check" in arguments
    folder = Path(next((argument for argument in arguments if not argument.startswith("-")), "docs"))
    outdated = write(folder, check=only_check)
    print("\n".join(outdated) if outdated else "all derived pages are current")
    sys.exit(1 if only_check and outdated else 0)
