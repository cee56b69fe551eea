"""`weighbridge schema`."""

from __future__ import annotations

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of the project file.

    Editors check and complete a project file with it: write it beside the file with
    weighbridge schema > weighbridge.schema.json
    """
    from weighbridge.project.schema import schema_text

    click.echo(schema_text(), nl=False)
