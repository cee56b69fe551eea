"""`weighbridge init`."""

from __future__ import annotations

from pathlib import Path

import click

from weighbridge.errors import UsageError


@click.command()
@click.argument("data")
@click.option("--out", "out", default="weighbridge.yaml", show_default=True, metavar="FILE", help="File to write.")
@click.option("--id", "ident", metavar="COLUMN", help="Column that names an item; @row numbers the rows.")
@click.option("--reference", metavar="COLUMN", help="Column with the right answer.")
@click.option(
    "--input", "inputs", metavar="COLUMN", multiple=True, help="Column to show; may be given several times."
)
@click.option("--cluster", metavar="COLUMN", help="Column that says which items belong together.")
@click.option("--split", metavar="NAME", help="Split of a dataset folder.")
@click.option("--encoding", default="utf-8", show_default=True, help="Text encoding of the data.")
@click.option("--schema", is_flag=True, help="Write the JSON Schema too, so that an editor checks the file.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(
    data: str,
    out: str,
    ident: str | None,
    reference: str | None,
    inputs: tuple[str, ...],
    cluster: str | None,
    split: str | None,
    encoding: str,
    schema: bool,
    force: bool,
) -> None:
    """Write a project file for a data file.

    DATA is a csv, tsv, jsonl, json or parquet file, or a dataset folder. Columns and scorer are guessed;
    what was guessed is printed and stands in the file, to be changed there.
    """
    from weighbridge.project.schema import FILE, schema_text
    from weighbridge.project.starter import BASELINE, starter
    from weighbridge.tasks.source import DataSource

    path = Path(out)
    if path.is_dir():
        path = path / "weighbridge.yaml"
    if path.exists() and not force:
        raise UsageError(
            "there is a project file already",
            where=str(path),
            fix="weigh it with 'weighbridge run', name another with --out, or write over it with --force",
        )
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", where="--out", fix="make it first")
    source = DataSource(
        path=data, id=ident, reference=reference, input=inputs, cluster=cluster, split=split, encoding=encoding
    )
    made = starter(source, path.parent, FILE if schema else None)
    path.write_text(made.text, encoding="utf-8")
    click.echo(f"wrote {path}")
    if schema:
        (path.parent / FILE).write_text(schema_text(), encoding="utf-8")
        click.echo(f"wrote {path.parent / FILE}")
    baseline = path.parent / BASELINE
    if not baseline.exists():
        baseline.write_text(made.baseline, encoding="utf-8")
        click.echo(f"wrote {baseline}: the rule that a model must beat")
    for note in made.notes:
        click.echo(f"  {note}")
    argument = "" if str(path) == "weighbridge.yaml" else f" {path}"
    click.echo("next:")
    click.echo(f"  weighbridge check{argument}   what each candidate would be asked")
    click.echo(f"  weighbridge plan{argument}    what it will take, before anything is spent")
    click.echo(f"  weighbridge run{argument}     the verdict")
