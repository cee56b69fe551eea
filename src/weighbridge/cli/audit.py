"""`weighbridge audit`: what stands behind a model beside its quality; subcommands are imported when called."""

from __future__ import annotations

import click

from weighbridge.cli.lazy import LazyGroup

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


class Audits(LazyGroup):
    """Those of a model."""

    rows = COMMANDS
    what = "audit"
    hint = "a target comes after it: weighbridge audit openness TARGET"


@click.group(cls=Audits)
def audit() -> None:
    """Say how open, how free to use and how durable a model is, each finding with its evidence.

    TARGET is a name of the catalogue, a model folder, or a hub-style listing of one in a .json file.
    """
