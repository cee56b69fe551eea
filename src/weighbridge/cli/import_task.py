"""`weighbridge import`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weighbridge.errors import UsageError, nearest

if TYPE_CHECKING:
    from weighbridge.logs.imported_task import ImportedTask

MARKS = ("match", "includes", "fuzzy_match", "json_match")
"""Classes of OpenAI evals that a scorer stands for."""


@click.command("import")
@click.argument("file")
@click.option("--into", "folder", default=".", show_default=True, metavar="FOLDER", help="Where the project goes.")
@click.option("--class", "marks", type=click.Choice(MARKS), default="match", help="OpenAI evals: what marks answers.")
def import_task(file: str, folder: str, marks: str) -> None:
    """Turn another tool's task into a project file.

    FILE is a promptfoo configuration, an lm-evaluation-harness task, or the samples of an OpenAI eval (json lines
    with input and ideal); which one is found from its content. What could not be mapped is listed. No code is run.
    """
    path = Path(file).expanduser()
    if not path.is_file():
        beside = [one.name for one in path.parent.iterdir() if one.is_file()] if path.parent.is_dir() else []
        raise UsageError("there is no such file", where=file, fix=nearest(path.name, beside))
    task = _importer(path, marks)(path)
    project = task.write(Path(folder))
    click.echo(f"wrote {project}, with {len(task.rows):,} items")
    for one in task.not_mapped:
        click.echo(f"  not mapped: {one}")
    click.echo(f"look at it: weighbridge check {project}")


def _importer(path: Path, marks: str) -> Callable[[Path], ImportedTask]:
    """What reads this file. UsageError where it is nothing known."""
    from weighbridge.logs.json_document import first_line

    if {"input", "ideal"} <= first_line(path).keys():
        from weighbridge.logs.openai_evals_task import import_openai_evals

        return lambda place: import_openai_evals(place, marks)
    keys = _keys(path)
    if keys & {"dataset_path", "doc_to_text", "output_type"} and find_spec("weighbridge.logs.lm_eval_task"):
        from weighbridge.logs.lm_eval_task import import_lm_eval

        return import_lm_eval
    if keys & {"prompts", "tests"}:
        from weighbridge.logs.promptfoo_config import import_promptfoo

        return import_promptfoo
    raise UsageError(
        "this is no task of a known tool; looked for a promptfoo configuration (prompts, tests), an lm-eval task "
        "(dataset_path, doc_to_text) and samples of an OpenAI eval (input, ideal)",
        where=str(path),
        fix="for a data file: weighbridge init; for results: weighbridge compare",
    )


def _keys(path: Path) -> set[str]:
    """Keys at the top of a YAML or JSON file, read without making any value of it; empty where there are none."""
    import yaml

    from weighbridge.logs.promptfoo_files import read_text

    try:
        root = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return set()
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return {key.value for key, _ in pairs if isinstance(key, yaml.ScalarNode)}
